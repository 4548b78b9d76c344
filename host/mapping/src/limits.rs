//! What expressions may use. A step is some 100 ns of work: a node that is evaluated, or 32 bytes that are copied or compared.

/// The longest source, in bytes.
pub const SOURCE: usize = headcount_model::mapping::LONGEST_EXPRESSION;
/// The deepest nesting of brackets in the source, and of nodes in what it is parsed into.
pub(crate) const BRACKETS: usize = 24;
pub(crate) const DEPTH: usize = 48;
/// The most nodes.
pub(crate) const NODES: usize = 1_000;
/// The most comprehensions (`map`, `filter`, `all`, `exists`) within one another.
pub(crate) const NESTED: usize = 2;
/// The longest pattern of `matches`, and the memory that it may be compiled to, in bytes.
pub(crate) const PATTERN: usize = 256;
pub(crate) const COMPILED_PATTERN: usize = 32 * 1024;
/// The largest value that an expression may make on its way, in bytes.
pub(crate) const WEIGHT: u64 = 4 * 1024 * 1024;
/// The deepest nesting of vendors' fields that an expression sees.
pub(crate) const INPUT_DEPTH: usize = 16;
/// The longest text of a field, in bytes, and the most values of one.
pub const TEXT: usize = 4 * 1024;
/// The most values of a field that holds several.
pub const VALUES: usize = 256;
/// The stack on which expressions are parsed and evaluated, in bytes.
pub(crate) const STACK: usize = 16 * 1024 * 1024;

/// Steps that one expression of a mapping may take for one row.
pub const MAPPING_STEPS: u64 = 50_000;
/// Steps that all rules of a mapping may take for one account: some 50 ms at the very most.
pub const ACCOUNT_STEPS: u64 = 500_000;
/// Steps that all filters of a connection may take for one record: some 2 ms at the very most.
pub const FILTER_STEPS: u64 = 20_000;
