;; Waits for 400 timers at once, one of which is always due, again and again.
(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $timer (param i64) (result i32)))
(import "wasi:io/poll@0.2.12" "poll" (func $poll (param i32 i32 i32)))
(global $storming (mut i32) (i32.const 0))
(func $attack
  (local $at i32)
  (local.set $at (i32.const 16384))
  (i32.store (i32.const 16380) (call $timer (i64.const 0)))
  (loop $next
    (i32.store (local.get $at) (call $timer (i64.const -1)))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 17980))))
  (global.set $storming (i32.const 1))
  (loop $again (call $poll (i32.const 16380) (i32.const 400) (i32.const 8192)) (br $again)))
(func $realloc (param i32 i32 i32 i32) (result i32)
  (if (result i32) (global.get $storming)
    (then (i32.const 0x2_0000))
    (else (call $reallocate (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))
