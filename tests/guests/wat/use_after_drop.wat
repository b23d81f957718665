;; Writes to a stream that it has dropped.
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop (param i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
(func $attack
  (local $stdout i32)
  (local.set $stdout (call $stdout))
  (call $drop (local.get $stdout))
  (call $write (local.get $stdout) (i32.const 1024) (i32.const 4) (i32.const 8192)))
