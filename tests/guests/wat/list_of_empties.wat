;; Answers with six million vectors of no numbers: each costs the host more than the guest.
(memory $memory (export "memory") 800)
(func $embed (result i32) (call $vectors (i32.const 0x2_0000) (i32.const 6000000)))
