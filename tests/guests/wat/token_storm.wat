;; Has the host count the tokens of a mebibyte without a space, again and again.
(import "caisson:llm/host@0.1.0" "count-tokens" (func $count (param i32 i32 i32 i32 i32)))
(data (i32.const 8192) "o200k_base")
(func $attack
  (local $text i32)
  (local.set $text (call $allocate (i32.const 1) (i32.const 0x10_0000)))
  (memory.fill (local.get $text) (i32.const 0x61) (i32.const 0x10_0000))
  (loop $again
    (call $count (i32.const 8192) (i32.const 10) (local.get $text) (i32.const 0x10_0000) (i32.const 8448))
    (br $again)))
