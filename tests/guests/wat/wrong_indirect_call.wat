;; Calls a function through a table as if it had another type.
(type $wrong (func (param i64) (result f64)))
(table $all 1 funcref)
(elem (i32.const 0) $attack)
(func $attack (drop (call_indirect $all (type $wrong) (i64.const 1) (i32.const 0))))
