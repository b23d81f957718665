;; Gives address zero from `cabi_realloc` for everything that comes after the model's name, so that the host overwrites what it wrote.
(global $lying (mut i32) (i32.const 0))
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (call $attacked) (then (global.set $lying (i32.const 1))))
  (if (global.get $lying) (then (return (i32.const 0))))
  (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
