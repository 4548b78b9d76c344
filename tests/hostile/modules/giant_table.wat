;; Declares a table that is larger than all memory it may have.
(table 10000000 funcref)
(func $attack)
