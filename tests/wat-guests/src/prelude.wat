;; What every guest of tests/guests/wat has: a memory, an allocator, and the exports of the world `adapter`. The model `behave` is
;; answered well by all of them; any other model is an attack.
;;
;; An attack defines one or more of these, and `defaults.wat` the rest:
;;   $attack    done before any answer to a request; where it returns, the answer is "survived"
;;   $complete  gives the address of what `complete` returns
;;   $open      gives the address of what `open-stream` returns
;;   $next      the same of `events.next`; its parameter says which stream
;;   $embed     the same of `embed`
;;   $describe  the same of `describe`
;;   $realloc   `cabi_realloc`
;;   $post      after an answer was read
;;   $destroy   the destructor of `events`
;; A start function or `_initialize` is its own matter. Addresses from 8192 to 65535 are the attack's to use.

(data (i32.const 1024) "NAME")
(data (i32.const 1280) "1.0.0")
(data (i32.const 1288) "behave")
(data (i32.const 1296) "attack")
(data (i32.const 1304) "behaved")
(data (i32.const 1312) "survived")
;; 99 and 100 bytes.
(data (i32.const 1536)
  "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":\"behaved\"}}]}")
(data (i32.const 1792)
  "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\",\"content\":\"survived\"}}]}")

(global $free (mut i32) (i32.const 65536))
(global $last (mut i32) (i32.const 0))
(global $last_size (mut i32) (i32.const 0))
(global $behaving (mut i32) (i32.const 0))

;; A block of zeroes that nobody else has; memory grows as it must, and the guest traps where it can't.
(func $allocate (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (local $missing i32)
  (local.set $at
    (i32.and (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
             (i32.sub (i32.const 0) (local.get $align))))
  (global.set $free (i32.add (local.get $at) (local.get $size)))
  (local.set $missing (i32.sub (i32.shr_u (i32.add (global.get $free) (i32.const 65535)) (i32.const 16)) (memory.size)))
  (if (i32.gt_s (local.get $missing) (i32.const 0))
    (then (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then unreachable))))
  (global.set $last (local.get $at))
  (global.set $last_size (local.get $size))
  (local.get $at))

;; What an honest `cabi_realloc` does.
(func $reallocate (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
  (local $at i32)
  (local.set $at (call $allocate (local.get $align) (local.get $size)))
  (if (local.get $old_size)
    (then (memory.copy (local.get $at) (local.get $old)
      (select (local.get $old_size) (local.get $size) (i32.lt_u (local.get $old_size) (local.get $size))))))
  (local.get $at))

;; Whether six bytes are equal.
(func $same (param $one i32) (param $other i32) (result i32)
  (i32.and
    (i32.eq (i32.load (local.get $one)) (i32.load (local.get $other)))
    (i32.eq (i32.load16_u offset=4 (local.get $one)) (i32.load16_u offset=4 (local.get $other)))))

;; Whether the block that was given out last holds the model's name, and it isn't `behave`: in `$realloc`, the sign to attack.
(func $attacked (result i32)
  (i32.and
    (i32.eq (global.get $last_size) (i32.const 6))
    (call $same (global.get $last) (i32.const 1296))))

;; Notes whether the model asked for is `behave`, and gives it.
(func $behaves (param $model i32) (param $length i32) (result i32)
  (if (i32.eq (local.get $length) (i32.const 6))
    (then (global.set $behaving (call $same (local.get $model) (i32.const 1288)))))
  (global.get $behaving))

;; ok(raw(…)), of `complete`.
(func $raw (param $text i32) (param $length i32) (result i32)
  (i32.store8 (i32.const 2048) (i32.const 0))
  (i32.store8 (i32.const 2052) (i32.const 1))
  (i32.store (i32.const 2056) (local.get $text))
  (i32.store (i32.const 2060) (local.get $length))
  (i32.const 2048))

;; ok(a stream that `$next` knows by $rep), of `open-stream`.
(func $stream (param $rep i32) (result i32)
  (call $handle (call $events_new (local.get $rep))))

;; ok(this handle), of `open-stream`.
(func $handle (param $handle i32) (result i32)
  (i32.store8 (i32.const 2560) (i32.const 0))
  (i32.store (i32.const 2564) (local.get $handle))
  (i32.const 2560))

;; ok(some([text(…)])), of `events.next`.
(func $text (param $text i32) (param $length i32) (result i32)
  (i32.store8 (i32.const 3072) (i32.const 0))
  (i32.store8 (i32.const 3076) (i32.const 1))
  (i32.store (i32.const 3080) (i32.const 3200))
  (i32.store (i32.const 3084) (i32.const 1))
  (i32.store8 (i32.const 3200) (i32.const 1))
  (i32.store (i32.const 3204) (i32.const 0))
  (i32.store (i32.const 3208) (local.get $text))
  (i32.store (i32.const 3212) (local.get $length))
  (i32.const 3072))

;; ok(none), of `events.next`.
(func $end (result i32)
  (i32.store8 (i32.const 3072) (i32.const 0))
  (i32.store8 (i32.const 3076) (i32.const 0))
  (i32.const 3072))

;; ok of `embed`, with these vectors.
(func $vectors (param $list i32) (param $length i32) (result i32)
  (i32.store (i32.const 3600) (local.get $list))
  (i32.store (i32.const 3604) (local.get $length))
  (i32.const 3584))

;; One vector of one number.
(func $vector (result i32)
  (i32.store (i32.const 3840) (i32.const 3848))
  (i32.store (i32.const 3844) (i32.const 1))
  (f32.store (i32.const 3848) (f32.const 0.5))
  (call $vectors (i32.const 3840) (i32.const 1)))

;; What `describe` returns: name, version, description, and nothing else.
(func $described (result i32)
  (i32.store (i32.const 4096) (i32.const 1024))
  (i32.store (i32.const 4100) (i32.const NAME_LENGTH))
  (i32.store (i32.const 4104) (i32.const 1280))
  (i32.store (i32.const 4108) (i32.const 5))
  (i32.store (i32.const 4112) (i32.const 1024))
  (i32.store (i32.const 4116) (i32.const NAME_LENGTH))
  (i32.const 4096))

(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3)))

(func (export "caisson:adapter/provider@0.1.0#describe") (result i32)
  (call $describe))

;; The parameters lie in memory: the context in 52 bytes, then the request, aligned to 8, whose first field is the model.
(func (export "caisson:adapter/provider@0.1.0#complete") (param $in i32) (result i32)
  (if (result i32) (call $behaves (i32.load offset=56 (local.get $in)) (i32.load offset=60 (local.get $in)))
    (then (call $raw (i32.const 1536) (i32.const 99)))
    (else (call $complete))))

(func (export "caisson:adapter/provider@0.1.0#open-stream") (param $in i32) (result i32)
  (if (result i32) (call $behaves (i32.load offset=56 (local.get $in)) (i32.load offset=60 (local.get $in)))
    (then (call $stream (i32.const 1)))
    (else (call $open))))

;; Stream 1 says "behaved" once and ends as 0; all others are the attack's.
(global $said (mut i32) (i32.const 0))
(func (export "caisson:adapter/provider@0.1.0#[method]events.next") (param $rep i32) (result i32)
  (if (i32.ne (local.get $rep) (i32.const 1)) (then (return (call $next (local.get $rep)))))
  (if (global.get $said) (then (return (call $end))))
  (global.set $said (i32.const 1))
  (call $text (i32.const 1304) (i32.const 7)))

;; The request is aligned to 4 here.
(func (export "caisson:adapter/provider@0.1.0#embed") (param $in i32) (result i32)
  (if (result i32) (call $behaves (i32.load offset=52 (local.get $in)) (i32.load offset=56 (local.get $in)))
    (then (call $vector))
    (else (call $embed))))

(func $posted (param $result i32)
  (if (i32.eqz (global.get $behaving)) (then (call $post))))
(export "cabi_post_caisson:adapter/provider@0.1.0#complete" (func $posted))
(export "cabi_post_caisson:adapter/provider@0.1.0#open-stream" (func $posted))
(export "cabi_post_caisson:adapter/provider@0.1.0#[method]events.next" (func $posted))
(export "cabi_post_caisson:adapter/provider@0.1.0#embed" (func $posted))

(func (export "caisson:adapter/provider@0.1.0#[dtor]events") (param $rep i32)
  (call $destroy (local.get $rep)))
