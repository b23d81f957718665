;; Asks for 512 MiB of memory at once and writes to the last of it.
(func $attack
  (drop (memory.grow (i32.const 8192)))
  (i32.store (i32.const 0x1fff_0000) (i32.const 1)))
