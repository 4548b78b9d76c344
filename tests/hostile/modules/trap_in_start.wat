;; Traps before the host has called anything.
(start $attack)
(func $attack unreachable)
