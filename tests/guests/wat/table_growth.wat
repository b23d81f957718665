;; Grows a table until no more is given, then tries again for ever.
(table $all 1 funcref)
(func $attack
  (loop $again
    (drop (table.grow $all (ref.null func) (i32.const 1024)))
    (br $again)))
