;; Asks for the time again and again.
(import "wasi:clocks/monotonic-clock@0.2.12" "now" (func $now (result i64)))
(func $attack (loop $again (drop (call $now)) (br $again)))
