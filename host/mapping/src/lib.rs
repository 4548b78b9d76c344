//! Mappings and filters: expressions over records, bounded, and what they make of them.
//!
//! The language is CEL. Its engine has no limits of its own, so an expression is held to some twice: what it may be made of, when it
//! is compiled, and what it can cost for the very record, before it is evaluated. All of it blocks: call it off the async threads.

mod cost;
mod expression;
mod functions;
mod guard;
pub mod limits;
mod problem;
mod shape;
mod stack;
mod values;

pub use expression::{Expression, Scope};
pub use problem::ExpressionError;
pub use stack::{Lost, deep};

#[cfg(test)]
mod tests;
