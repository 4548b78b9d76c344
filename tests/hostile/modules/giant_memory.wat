;; Asks for 4 GiB by one instruction.
(func $attack (drop (memory.grow (i32.const 65534))))
