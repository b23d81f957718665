;; Asks for 2^64 - 1 random bytes.
(import "wasi:random/random@0.2.12" "get-random-bytes" (func $random (param i64 i32)))
(func $attack (call $random (i64.const -1) (i32.const 8192)))
