;; Makes sets of header fields and drops none.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(func $attack (loop $again (drop (call $fields)) (br $again)))
