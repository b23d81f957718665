;; Drops the same handle of the host's twice.
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.12" "[resource-drop]output-stream" (func $drop (param i32)))
(func $attack
  (local $stdout i32)
  (local.set $stdout (call $stdout))
  (call $drop (local.get $stdout))
  (call $drop (local.get $stdout)))
