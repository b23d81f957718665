;; Makes streams of its own and drops none.
(func $attack (loop $again (drop (call $events_new (i32.const 3))) (br $again)))
