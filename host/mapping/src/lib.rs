//! Mappings and filters: expressions over records, bounded, and what they make of them.
//!
//! The language is CEL. Its engine has no limits of its own, so an expression is held to some twice: what it may be made of, when
//! it is compiled, and what it can cost for the very record, before it is evaluated. All of it blocks: call it off the async threads.

mod cost;
mod expression;
mod filter;
mod functions;
mod guard;
mod known;
pub mod limits;
mod mapping;
mod pick;
mod problem;
mod propose;
mod record;
mod shape;
mod stack;
pub mod standard;
mod values;

pub use expression::{Expression, Scope};
pub use filter::{FilterError, Filters, Sifted, variable};
pub use mapping::{CompiledMapping, MappingError, VARIABLES};
pub use problem::ExpressionError;
pub use propose::{Confidence, Proposal, propose};
pub use record::{Tracking, Variables};
pub use stack::{Lost, deep};

#[cfg(test)]
mod tests;
