(memory $memory (export "memory") 4)

(func $attack)

(func $complete (result i32)
  (call $attack)
  (call $raw (i32.const 1792) (i32.const 100)))

(func $open (result i32)
  (call $attack)
  (call $stream (i32.const 2)))

(func $next (param $rep i32) (result i32)
  (call $end))

(func $embed (result i32)
  (call $attack)
  (call $vector))

(func $describe (result i32)
  (call $described))

(func $realloc (param i32 i32 i32 i32) (result i32)
  (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))

(func $post)

(func $destroy (param $rep i32))
