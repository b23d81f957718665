;; Describes itself with lists that lie outside its memory.
(func $describe (result i32)
  (drop (call $described))
  (i32.store (i32.const 4132) (i32.const 0x1000_0000))
  (i32.store (i32.const 4136) (i32.const 1000))
  (i32.const 4096))
