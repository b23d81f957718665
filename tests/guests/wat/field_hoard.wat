;; Makes sets of header fields, each with values of 4 KiB until no more go in, and drops none.
(import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
(import "wasi:http/types@0.2.12" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
(data (i32.const 8192) "x-hoard")
(func $attack
  (local $fields i32)
  (drop (call $allocate (i32.const 1) (i32.const 0x10_0000)))
  (memory.fill (i32.const 0x2_0000) (i32.const 0x61) (i32.const 4096))
  (loop $again
    (local.set $fields (call $fields))
    (loop $more
      (call $append (local.get $fields)
        (i32.const 8192) (i32.const 7) (i32.const 0x2_0000) (i32.const 4096) (i32.const 8256))
      (br_if $more (i32.eqz (i32.load8_u (i32.const 8256)))))
    (br $again)))
