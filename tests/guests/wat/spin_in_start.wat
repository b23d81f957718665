;; Computes without end in the module's start function, which runs before `describe` can be called.
(func $begin (loop $again (br $again)))
(start $begin)
