;; Answers with a text that is no UTF-8.
(data (i32.const 8192) "\ff\fe\c0\80\ed\a0\80")
(func $complete (result i32) (call $raw (i32.const 8192) (i32.const 7)))
(func $next (param $rep i32) (result i32) (call $text (i32.const 8192) (i32.const 7)))
