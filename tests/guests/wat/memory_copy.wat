;; Copies 16 MiB to and fro, overlapping by all but a byte.
(memory $memory (export "memory") 520)
(func $attack
  (loop $again
    (memory.copy (i32.const 0x2_0000) (i32.const 0x2_0001) (i32.const 0x1ff_0000))
    (memory.copy (i32.const 0x2_0001) (i32.const 0x2_0000) (i32.const 0x1ff_0000))
    (br $again)))
