;; Begins requests, each to a path of 60 KiB, and sends none.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-path-with-query"
  (func $set_path (param i32 i32 i32 i32) (result i32)))
(func $attack
  (drop (call $allocate (i32.const 1) (i32.const 0x10_0000)))
  (memory.fill (i32.const 0x2_0000) (i32.const 0x61) (i32.const 0xf000))
  (i32.store8 (i32.const 0x2_0000) (i32.const 0x2f))
  (loop $again
    (drop (call $set_path (call $request (call $fields)) (i32.const 1) (i32.const 0x2_0000) (i32.const 0xf000)))
    (br $again)))
