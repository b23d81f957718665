;; Gives an odd address from `cabi_realloc` where an aligned one is asked for.
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (call $attacked) (then (return (i32.const 8193))))
  (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
