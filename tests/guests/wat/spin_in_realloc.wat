;; Computes without end in `cabi_realloc`, which the host calls to hand over the request.
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (call $attacked) (then (loop $again (br $again))))
  (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
