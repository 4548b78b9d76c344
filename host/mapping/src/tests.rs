//! What expressions may do, and what they may not.

mod attacks;
mod language;
