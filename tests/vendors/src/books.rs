//! What each vendor has on its books: rows computed from the company when asked for, and the few that writes have changed.
//!
//! The servers put these rows on the wire and the oracle reads them as they are. Neither sees the other.

pub mod jetbrains;
pub mod jumpcloud;
pub mod kandji;
pub mod tines;

mod ids;

/// The names of the four books.
pub use jetbrains::JetBrains;
pub use jumpcloud::JumpCloud;
pub use kandji::Kandji;
pub use tines::Tines;
