;; Computes without end after its answer was read, where it is to free it.
(func $post (loop $again (br $again)))
