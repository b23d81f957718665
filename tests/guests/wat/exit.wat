;; Ends its process in the middle of a request: it has none, and the host must not end its own.
(import "wasi:cli/exit@0.2.12" "exit" (func $exit (param i32)))
(func $attack (call $exit (i32.const 0)))
