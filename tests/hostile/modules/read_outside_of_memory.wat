;; Reads behind the end of its memory.
(func $attack (drop (i64.load offset=4294967295 (i32.const -1))))
