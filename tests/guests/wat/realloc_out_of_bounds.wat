;; Gives an address outside its memory from `cabi_realloc`.
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (call $attacked) (then (return (i32.const -65536))))
  (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
