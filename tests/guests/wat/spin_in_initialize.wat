;; Computes without end in `_initialize`, but not when it is uploaded: the client's body is empty then.
(import "caisson:llm/host@0.1.0" "original-body" (func $body (param i32)))
(func (export "_initialize")
  (local $at i32)
  (local $end i32)
  (call $body (i32.const 8192))
  (if (i32.eqz (i32.load (i32.const 8196))) (then (return)))
  (local.set $at (i32.load (i32.const 8192)))
  (local.set $end (i32.add (local.get $at) (i32.sub (i32.load (i32.const 8196)) (i32.const 6))))
  ;; The word `behave` anywhere in the body calms it.
  (loop $next
    (if (call $same (local.get $at) (i32.const 1288)) (then (return)))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
  (loop $again (br $again)))
