;; Asks for 64 KiB of random bytes again and again, always into the same place.
(import "wasi:random/random@0.2.12" "get-random-bytes" (func $random (param i64 i32)))
(func $attack (loop $again (call $random (i64.const 65536) (i32.const 8192)) (br $again)))
(func $realloc (param i32 i32 i32 i32) (result i32)
  ;; The request itself is no 64 KiB.
  (if (result i32) (i32.eq (local.get 3) (i32.const 65536))
    (then (i32.const 0x2_0000))
    (else (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))
