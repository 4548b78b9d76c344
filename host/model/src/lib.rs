//! The nouns of Headcount: normalized records, pages, scopes, failures, manifests and ids. Plain data with serde;
//! knows nothing of WebAssembly, HTTP or SQL.
//!
//! Records mirror the WIT contract (`wit/connector.wit`) after the host has read it: times are [`Timestamp`]s, empty text is none.
//! The [`Manifest`] is what a connector says of itself; [`Failure`] is why something did not succeed and who must act.

mod account;
mod audit;
mod failure;
mod ids;
mod kind;
mod limits;
pub mod manifest;
pub mod mapping;
mod merge;
mod page;
mod quantity;
mod records;
mod resource;
mod secret;
mod text;
mod time;

pub use account::{AccountInputs, MappedAccount};
pub use audit::{AuditRecord, Decision, RequestEvent};
pub use failure::{Actor, Failure, FailureCode};
pub use ids::{
    ActionRunId, ChannelId, ConnectionId, ConnectorId, CredentialName, Digest, InvalidId, SessionId, SharedName, SoftwareId,
    TenantId,
};
pub use kind::{Kind, Reference, UnknownKind};
pub use limits::{LimitError, Limits};
pub use manifest::Manifest;
pub use mapping::{FilterRule, Mapping, MappingRule};
pub use merge::{Merge, Occurrences};
pub use page::{Access, Fact, FeedAccess, Outcome, Page, Progress, Scope, Skipped};
pub use quantity::Unit;
pub use records::{AccountType, Application, Asset, Grant, Group, License, LicenseState, Records, Role, User, UserStatus};
pub use resource::{Metered, Resource};
pub use secret::Secret;
pub use text::printable;
pub use time::{InvalidTimestamp, Timestamp};
