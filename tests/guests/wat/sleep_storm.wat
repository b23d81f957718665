;; Waits for no time at all, again and again.
(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $timer (param i64) (result i32)))
(import "wasi:io/poll@0.2.12" "[method]pollable.block" (func $block (param i32)))
(import "wasi:io/poll@0.2.12" "[resource-drop]pollable" (func $drop (param i32)))
(func $attack
  (local $timer i32)
  (loop $again
    (local.set $timer (call $timer (i64.const 0)))
    (call $block (local.get $timer))
    (call $drop (local.get $timer))
    (br $again)))
