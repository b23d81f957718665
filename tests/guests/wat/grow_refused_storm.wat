;; Asks again and again for more memory than there can be, and then for what it may well have.
(func $attack
  (local $times i32)
  (loop $again
    (if (i32.ne (memory.grow (i32.const 65000)) (i32.const -1)) (then unreachable))
    (local.set $times (i32.add (local.get $times) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $times) (i32.const 100000))))
  (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable)))
