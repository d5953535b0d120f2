;; What docs/migration.md calls: it imports `report: func(total: u32)` and exports `divide`, which may fail.
(component
  (import "report" (func $report (param "total" u32)))
  (core func $report' (canon lower (func $report)))
  (core module $m
    (import "" "report" (func $report (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "division by zero")
    (func (export "divide") (param i32 i32) (result i32)
      (if (local.get 1)
        (then
          (i32.store8 (i32.const 0) (i32.const 0))
          (i32.store (i32.const 4) (i32.div_u (local.get 0) (local.get 1)))
          (call $report (i32.load (i32.const 4))))
        (else
          (i32.store8 (i32.const 0) (i32.const 1))
          (i32.store (i32.const 4) (i32.const 16))
          (i32.store (i32.const 8) (i32.const 16))))
      (i32.const 0)))
  (core instance $i (instantiate $m (with "" (instance (export "report" (func $report'))))))
  (alias core export $i "memory" (core memory $memory))
  (func (export "divide") (param "a" u32) (param "b" u32) (result (result u32 (error string)))
    (canon lift (core func $i "divide") (memory $memory))))
