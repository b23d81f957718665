;; Makes sets of header fields, each with 28 KiB of values, and drops none.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(import "wasi:http/types@0.2.12" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 8192) "x-hoard")
(func $attack
  (local $fields i32)
  (local $left i32)
  (drop (call $allocate (i32.const 1) (i32.const 0x10_0000)))
  (memory.fill (i32.const 0x2_0000) (i32.const 0x61) (i32.const 4096))
  (loop $again
    (local.set $fields (call $fields))
    (local.set $left (i32.const 7))
    (loop $more
      (call $append (local.get $fields)
        (i32.const 8192) (i32.const 7) (i32.const 0x2_0000) (i32.const 4096) (i32.const 8256))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))
    (br $again)))
