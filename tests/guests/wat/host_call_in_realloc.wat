;; Calls the host from within `cabi_realloc`, while the host is in the middle of handing over the request.
(import "wasi:clocks/monotonic-clock@0.2.12" "now" (func $now (result i64)))
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (call $attacked) (then (drop (call $now))))
  (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
