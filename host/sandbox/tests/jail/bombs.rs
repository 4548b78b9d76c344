//! Components that are small to write down and large to compile.

/// A core module in a component.
fn module(items: &str) -> String {
    format!("(core module {items})")
}

/// One function of so many additions, whose results all live to its end.
pub fn huge_function(additions: usize) -> String {
    let body: String = "local.get 0 local.get 0 i32.mul ".repeat(additions);
    module(&format!("(func (param i32) (result i32) {body} {})", "i32.add ".repeat(additions - 1)))
}

/// So many functions of a thousand instructions.
pub fn huge_functions(functions: usize) -> String {
    let body = "local.get 0 i32.load local.get 1 i32.xor local.tee 1 local.get 0 i32.store8 ".repeat(200);
    let body = body.replace("local.get 0 i32.store8", "drop");
    module(&format!("(memory 1) {}", format!("(func (param i32 i32) {body})").repeat(functions)))
}

/// So many jump tables of a thousand targets, each a block of its own.
pub fn jump_tables(tables: usize) -> String {
    let targets: String = (0..1_000).map(|target| format!("{target} ")).collect();
    let (open, close) = ("block ".repeat(1_000), "end ".repeat(1_000));
    let jump = format!("block local.get 0 br_table {targets} end ");
    module(&format!("(func (param i32) {open} {} {close})", jump.repeat(tables)))
}

/// Types of which each holds two of the one before.
pub fn doubling_types(types: usize) -> String {
    let first = "(type $t0 (tuple u8 u8))".to_owned();
    (1..types).fold(first, |text, at| text + &format!("(type $t{at} (tuple $t{0} $t{0}))", at - 1))
}

/// Types of which each holds the one before.
pub fn deep_types(types: usize) -> String {
    let first = "(type $t0 (list u8))".to_owned();
    (1..types).fold(first, |text, at| text + &format!("(type $t{at} (list $t{}))", at - 1))
}

/// So many components beside each other.
pub fn components(count: usize) -> String {
    "(component) ".repeat(count)
}
