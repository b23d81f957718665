;; Fills and copies a table of 65,536 elements again and again.
(table $all 65536 funcref)
(elem declare func $attack)
(func $attack
  (loop $again
    (table.fill $all (i32.const 0) (ref.func $attack) (i32.const 65536))
    (table.copy $all $all (i32.const 0) (i32.const 1) (i32.const 65535))
    (br $again)))
