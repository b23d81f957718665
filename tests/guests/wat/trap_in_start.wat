;; Traps in the module's start function.
(func $begin unreachable)
(start $begin)
