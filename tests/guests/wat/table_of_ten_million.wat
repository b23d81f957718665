;; Declares a table of ten million elements.
(table $all 10000000 funcref)
