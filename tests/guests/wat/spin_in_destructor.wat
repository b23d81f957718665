;; Computes without end in the destructor of a stream that it makes and drops itself.
(func $attack (call $events_drop (call $events_new (i32.const 3))))
(func $destroy (param $rep i32) (loop $again (br $again)))
