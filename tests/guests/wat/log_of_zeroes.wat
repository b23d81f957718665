;; Has the host make 2^64 - 1 zeroes for its log.
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.write-zeroes" (func $zeroes (param i32 i64 i32)))
(func $attack (call $zeroes (call $stdout) (i64.const -1) (i32.const 8192)))
