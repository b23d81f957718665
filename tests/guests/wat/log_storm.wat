;; Logs lines of one byte again and again.
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(data (i32.const 8192) "x\n")
(func $attack
  (local $stdout i32)
  (local.set $stdout (call $stdout))
  (loop $again
    (call $write (local.get $stdout) (i32.const 8192) (i32.const 2) (i32.const 8208))
    (br $again)))
