;; Answers with a text of 2^32 - 1 bytes, whose end overflows an address.
(func $complete (result i32) (call $raw (i32.const -16) (i32.const -1)))
(func $next (param $rep i32) (result i32) (call $text (i32.const -16) (i32.const -1)))
