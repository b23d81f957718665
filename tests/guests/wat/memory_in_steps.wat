;; Takes memory page by page, writes to each, and gives up when no more is given.
(func $attack
  (local $page i32)
  (loop $again
    (local.set $page (memory.grow (i32.const 1)))
    (if (i32.eq (local.get $page) (i32.const -1)) (then unreachable))
    (memory.fill (i32.shl (local.get $page) (i32.const 16)) (i32.const 0xaa) (i32.const 65536))
    (br $again)))
