;; Declares two memories in one module, to get the limit of one in each; a host that takes them has to count both.
(memory $second 1)
(func $attack
  (loop $again
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
    (if (i32.eq (memory.grow $second (i32.const 16)) (i32.const -1)) (then unreachable))
    (memory.fill $second
      (i32.shl (i32.sub (memory.size $second) (i32.const 16)) (i32.const 16)) (i32.const 0xaa) (i32.const 0x10_0000))
    (br $again)))
