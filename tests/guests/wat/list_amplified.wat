;; Answers with 1,000 vectors that are all the same 16 MiB of its memory: 16 GiB for a host that copies.
(memory $memory (export "memory") 320)
(func $embed (result i32)
  (local $at i32)
  (local.set $at (i32.const 8192))
  (loop $next
    (i32.store (local.get $at) (i32.const 0x2_0000))
    (i32.store offset=4 (local.get $at) (i32.const 0x40_0000))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 16192))))
  (call $vectors (i32.const 8192) (i32.const 1000)))
