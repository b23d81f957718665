;; Begins requests, opens their bodies, writes to each, and sends none.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.body" (func $request_body (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $body_stream (param i32 i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
(import "wasi:io/streams@0.2.12" "[method]output-stream.check-write" (func $check (param i32 i32)))
(func $attack
  (local $stream i32)
  (drop (call $allocate (i32.const 1) (i32.const 0x20_0000)))
  (loop $again
    (call $request_body (call $request (call $fields)) (i32.const 8192))
    (call $body_stream (i32.load (i32.const 8196)) (i32.const 8208))
    (local.set $stream (i32.load (i32.const 8212)))
    (call $check (local.get $stream) (i32.const 8224))
    (call $write (local.get $stream) (i32.const 0x2_0000) (i32.wrap_i64 (i64.load (i32.const 8232))) (i32.const 8240))
    (br $again)))
