;; Begins requests, each with a method of 256 KiB, and sends none.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.set-method"
  (func $set_method (param i32 i32 i32 i32) (result i32)))
(func $attack
  (drop (call $allocate (i32.const 1) (i32.const 0x10_0000)))
  (memory.fill (i32.const 0x2_0000) (i32.const 0x41) (i32.const 0x4_0000))
  (loop $again
    (drop (call $set_method (call $request (call $fields)) (i32.const 9) (i32.const 0x2_0000) (i32.const 0x4_0000)))
    (br $again)))
