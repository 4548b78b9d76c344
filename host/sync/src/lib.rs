//! Sessions: pull pages from a connector, validate, stage, judge completeness, apply. Knows nothing of sockets or SQL text.
//!
//! One rule stands above the others: nothing is removed without proof. A record is missing only when every feed that proves its kind
//! was read to an end that the vendor stated, with as many rows as it stated, under a scope no narrower than before.

mod action;
mod aside;
mod attributes;
mod estimate;
mod feeds;
mod filters;
#[doc(hidden)]
pub mod fuzzing;
mod list;
mod mapping;
mod options;
mod page;
mod people;
pub mod schedule;
mod scope;
mod session;
mod source;
mod verdict;

pub use action::{
    ActionError, Attempt, Concern, FieldKind, Form, FormField, Named, Preview, attempt, fingerprint, form, form_value,
    kept_input, prepare,
};
pub use aside::aside;
pub use mapping::{
    EachChange, FieldChange, MappingSource, RemapError, Remapped, compile, mapping_of, remap, remap_telling, tracking,
};
pub use options::{Clock, Listener, Progress, SyncOptions};
pub use page::{Review, review};
pub use scope::{ACCEPT_SCOPE, broken as broken_scope, joined as joined_scope};
pub use session::{Job, REPLACED, Report, SyncError, enter_again, found_by, reconnect, sync};
pub use source::Source;
