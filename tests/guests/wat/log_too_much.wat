;; Writes 32 MiB to its log in one call, without asking whether it may.
(import "wasi:cli/stdout@0.2.12" "get-stdout" (func $stdout (result i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
(memory $memory (export "memory") 520)
(func $attack (call $write (call $stdout) (i32.const 0x2_0000) (i32.const 0x1ff_0000) (i32.const 8192)))
