;; Makes the organisation that its honest answer names begin with a byte that begins no character.
(func $attack (i32.store8 (i32.const 1024) (i32.const 0xff)))
