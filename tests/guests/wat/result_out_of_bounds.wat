;; Gives an address outside its memory as its answer's.
(func $complete (result i32) (i32.const -64))
(func $open (result i32) (i32.const -64))
(func $embed (result i32) (i32.const -64))
