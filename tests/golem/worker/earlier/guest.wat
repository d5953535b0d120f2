;; Reads records and passes variants in the layout of golem:api@1.1.6.
(module
  (import "golem:api/host@1.1.6" "get-self-metadata" (func $self (param i32)))
  (import "golem:api/host@1.1.6" "[constructor]get-workers" (func $list (param i64 i64 i32 i32 i32 i32) (result i32)))
  (import "golem:api/host@1.1.6" "[method]get-workers.get-next" (func $next (param i32 i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  ;; The name's length, times 100, plus the status, times 10, plus the version.
  (func (export "name-length") (result i64)
    (call $self (i32.const 0))
    (i64.add
      (i64.mul (i64.extend_i32_u (i32.load (i32.const 20))) (i64.const 100))
      (i64.add
        (i64.mul (i64.extend_i32_u (i32.load8_u (i32.const 40))) (i64.const 10))
        (i64.load (i32.const 48)))))
  ;; The number of this component's workers that have a name.
  (func (export "workers") (param $name i32) (param $length i32) (result i64)
    (call $self (i32.const 0))
    (i32.store (i32.const 200) (i32.const 304)) ;; all-filter: its list
    (i32.store (i32.const 204) (i32.const 1))
    (i32.store8 (i32.const 304) (i32.const 0)) ;; property-filter: name
    (i32.store8 (i32.const 312) (i32.const 0)) ;; equal
    (i32.store (i32.const 316) (local.get $name))
    (i32.store (i32.const 320) (local.get $length))
    (call $next
      (call $list (i64.load (i32.const 0)) (i64.load (i32.const 8)) (i32.const 1) (i32.const 200) (i32.const 1) (i32.const 1))
      (i32.const 400))
    (i64.extend_i32_u (select (i32.load (i32.const 408)) (i32.const 999) (i32.load8_u (i32.const 400))))))
