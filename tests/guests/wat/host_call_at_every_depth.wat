;; Calls itself until its stack is full, and the host at every depth with work that needs a stack of its own: what the guest leaves
;; of the stack must be enough for the host.
(import "caisson:llm/host@0.1.0" "count-tokens" (func $count (param i32 i32 i32 i32 i32)))
(data (i32.const 8192) "o200k_base")
(data (i32.const 8208) "a text that is split into tokens by the host, on the stack that the guest has nearly filled")
(func $deeper (param $depth i64) (result i64)
  (call $count (i32.const 8192) (i32.const 10) (i32.const 8208) (i32.const 91) (i32.const 8448))
  (i64.add (call $deeper (i64.add (local.get $depth) (i64.const 1))) (local.get $depth)))
(func $attack (drop (call $deeper (i64.const 0))))
