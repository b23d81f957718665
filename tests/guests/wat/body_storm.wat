;; Asks for the client's body again and again, always into the same place.
(import "caisson:llm/host@0.1.0" "original-body" (func $body (param i32)))
(global $storming (mut i32) (i32.const 0))
(func $attack
  (global.set $storming (i32.const 1))
  (loop $again (call $body (i32.const 8192)) (br $again)))
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (result i32) (global.get $storming)
    (then (i32.const 0x2_0000))
    (else (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))
