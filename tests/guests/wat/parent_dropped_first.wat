;; Drops a request's body while it still holds the stream that writes to it.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(import "wasi:http/types@0.2.12" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-request.body" (func $request_body (param i32 i32)))
(import "wasi:http/types@0.2.12" "[method]outgoing-body.write" (func $body_stream (param i32 i32)))
(import "wasi:http/types@0.2.12" "[resource-drop]outgoing-body" (func $drop (param i32)))
(func $attack
  (call $request_body (call $request (call $fields)) (i32.const 8192))
  (call $body_stream (i32.load (i32.const 8196)) (i32.const 8208))
  (call $drop (i32.load (i32.const 8196))))
