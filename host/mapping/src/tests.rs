//! What expressions may do, and what they may not.

mod attacks;
mod filters;
mod language;
mod mappings;
