;; Makes timers and drops none.
(import "wasi:clocks/monotonic-clock@0.2.12" "subscribe-duration" (func $timer (param i64) (result i32)))
(func $attack (loop $again (drop (call $timer (i64.const -1))) (br $again)))
