;; Answers with a text that ends outside its memory.
(func $complete (result i32) (call $raw (i32.const 1024) (i32.const 0x7fff_ffff)))
(func $next (param $rep i32) (result i32) (call $text (i32.const 1024) (i32.const 0x7fff_ffff)))
