;; Makes TCP sockets and drops none: each would be a descriptor of the host's. Traps if it gets one.
(import "wasi:sockets/tcp-create-socket@0.2.12" "create-tcp-socket" (func $socket (param i32 i32)))
(func $attack
  (local $left i32)
  (local.set $left (i32.const 4000))
  (loop $again
    (call $socket (i32.const 0) (i32.const 8192))
    (if (i32.eqz (i32.load8_u (i32.const 8192))) (then unreachable))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left))))
