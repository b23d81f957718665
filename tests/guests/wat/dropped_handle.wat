;; Gives as its stream a handle that it has dropped.
(func $open (result i32)
  (local $events i32)
  (local.set $events (call $events_new (i32.const 2)))
  (call $events_drop (local.get $events))
  (call $handle (local.get $events)))
