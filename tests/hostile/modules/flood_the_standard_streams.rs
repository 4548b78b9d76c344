//! Writes empty lines to its standard output and error without end.

use anyhow::Result;

use super::super::component::importing;

const WIT: &str = "package wasi:cli@0.2.3;
    interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
    interface stderr { use wasi:io/streams@0.2.3.{output-stream}; get-stderr: func() -> output-stream; }";

const IMPORTS: &str = r#"
    (import "wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32)))
    (import "wasi:cli/stderr@0.2.3" "get-stderr" (func $stderr (result i32)))
    (import "wasi:io/streams@0.2.3" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))"#;

const ATTACK: &str = "(func $attack (local $out i32) (local $err i32)
    (local.set $out (call $stdout))
    (local.set $err (call $stderr))
    (memory.fill (i32.const 8192) (i32.const 10) (i32.const 4096))
    (loop $again
        (call $write (local.get $out) (i32.const 8192) (i32.const 4096) (i32.const 4096))
        (call $write (local.get $err) (i32.const 8192) (i32.const 4096) (i32.const 4096))
        (br $again)))";

pub(in super::super) fn flood_the_standard_streams() -> Result<Vec<u8>> {
    importing(WIT, &["wasi:cli/stdout@0.2.3", "wasi:cli/stderr@0.2.3"], IMPORTS, ATTACK)
}
