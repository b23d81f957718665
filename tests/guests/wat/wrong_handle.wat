;; Gives as its stream the handle of something else: its standard output.
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(func $open (result i32) (call $handle (call $stdout)))
