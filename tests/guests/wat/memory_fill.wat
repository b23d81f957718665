;; Fills 32 MiB again and again: one instruction, milliseconds of work.
(memory $memory (export "memory") 520)
(func $attack
  (loop $again
    (memory.fill (i32.const 0x2_0000) (i32.const 0xaa) (i32.const 0x1ff_0000))
    (br $again)))
