;; Never comes back from its start function, which runs before the host has called anything.
(start $attack)
(func $attack (loop $again (br $again)))
