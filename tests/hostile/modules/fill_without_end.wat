;; Fills its memory again and again, by an instruction that nothing interrupts.
(func $attack
    (drop (memory.grow (i32.const 900)))
    (loop $again
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 58000000))
        (br $again)))
