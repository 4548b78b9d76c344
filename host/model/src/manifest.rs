//! What a connector says of itself: data that travels with the component and is read without running it.
//!
//! Authors write TOML; `headcount connector pack` checks it and puts it, as JSON, into the component's `headcount:manifest` section.

mod check;
mod diff;
mod field;
mod parse;
mod placement;
mod refers;
mod request;
mod schema;
mod template;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use check::Problem;
pub use diff::{Asks, News};
pub use field::{Choice, ConfigField, FieldType, Settings, SettingsError};
pub use parse::{MAX_BYTES, MAX_DEPTH, ManifestError};
pub use placement::{ClientAuth, Placement};
pub use refers::{REFERS_TO, RefersTo};
pub use request::RequestRule;
pub use template::{Template, TemplateError};

use crate::{ConnectorId, Kind, Mapping};

/// The contract that this host speaks.
pub const CONTRACT: &str = "0.1.0";

/// A connector's manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Lower-case name of the connector, unique among those an operator installs: `jetbrains`.
    #[schemars(with = "String")]
    pub id: ConnectorId,
    /// What people call it: `JetBrains`.
    pub name: String,
    /// The connector's own version (semver).
    pub version: String,
    /// The vendor whose API it speaks.
    pub vendor: Vendor,
    /// What it collects, in a sentence or two.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// An `https:` or `data:image/…` URL of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<String>,
    /// The origin and path that every request is relative to: `https://{tenant-domain}/api/v1`. Fields stand in braces.
    pub base_url: Template,
    /// Further origins that it may reach, each with a path prefix. The base URL is always allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Template>,
    /// What an administrator fills in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<ConfigField>,
    /// Where the host puts each secret on the way out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auth: Vec<Placement>,
    /// What can be read.
    pub feeds: Vec<Feed>,
    /// Requests other than GET and HEAD that reading needs: `POST /search/systemusers`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_requests: Vec<RequestRule>,
    /// What can be changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<Action>,
    /// Names of vendor fields that are never kept, at any depth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_kept: Vec<String>,
    /// The standard mapping: how its accounts become fields, unless an administrator maps them otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    /// What it expressly does not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_supported: Vec<NotSupported>,
    /// How fast the vendor may be asked.
    #[serde(default)]
    pub rate: Rate,
    /// How an administrator gets a credential.
    #[serde(default)]
    pub setup: Setup,
}

/// Who makes the service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Vendor {
    /// The company or product: `JetBrains`.
    pub name: String,
    /// Its page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The API's documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_docs: Option<String>,
    /// What kind of service: development, device-management.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// One list that can be read, page by page. A feed is what is asked for; its pages may carry records of several kinds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Feed {
    /// Its name in `read`: `users`.
    pub name: String,
    /// For people: `Users`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// The feed for each of whose records (of `parent-kind`) this one is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Which of the parent feed's kinds are the parents. Needed where the parent feed yields several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_kind: Option<Kind>,
    /// Kinds whose records are missing once this feed, read completely, no longer lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proves: Vec<Kind>,
    /// Kinds whose records may come several times, and are merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<Kind>,
    /// Further kinds, neither proven nor repeated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yields: Vec<Kind>,
    /// Rows a page, for estimates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_size: Option<u32>,
    /// False: a credential that may not read this feed is good all the same.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub required: bool,
}

impl Feed {
    /// Every kind that its pages may carry.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        Kind::ALL
            .into_iter()
            .filter(|kind| self.proves.contains(kind) || self.repeats.contains(kind) || self.yields.contains(kind))
    }
}

/// Something that can be changed at the vendor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Action {
    /// Its name in `invoke`: `revoke-license`.
    pub name: String,
    /// For people: `Revoke a license`.
    pub label: String,
    /// What it does and what the vendor refuses.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// It takes something away: the host asks for confirmation.
    #[serde(default, skip_serializing_if = "is_false")]
    pub destructive: bool,
    /// It only reads; no confirmation is needed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub read_only: bool,
    /// At the vendor, doing it twice is the same as doing it once: it may be done again where nobody knows whether it was done.
    #[serde(default, skip_serializing_if = "is_false")]
    pub idempotent: bool,
    /// The JSON Schema of its input, an object. A property's `refers-to` says what its value points at: `user`, `group`, `role`,
    /// `application`, `license` or `asset` by id, users by `email`, or licenses by `product`.
    pub input: serde_json::Map<String, serde_json::Value>,
    /// The JSON Schema of its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<serde_json::Map<String, serde_json::Value>>,
    /// The requests it makes besides GET and HEAD.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<RequestRule>,
}

/// Something that the connector leaves out on purpose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NotSupported {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// How fast the vendor may be asked; none means the host's own limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rate {
    /// Requests a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<u32>,
    /// Requests a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// Requests an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u32>,
    /// Requests at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent: Option<u32>,
}

/// How an administrator gets a credential, and gets rid of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Setup {
    /// Steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Permissions to ask the vendor for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// How to revoke the credential at the vendor.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revoke: String,
}

impl Manifest {
    /// The feed of this name.
    pub fn feed(&self, name: &str) -> Option<&Feed> {
        self.feeds.iter().find(|feed| feed.name == name)
    }

    /// The action of this name.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The config field of this name.
    pub fn field(&self, name: &str) -> Option<&ConfigField> {
        self.config.iter().find(|field| field.name == name)
    }

    /// The fields that hold secrets.
    pub fn secret_fields(&self) -> impl Iterator<Item = &ConfigField> {
        self.config.iter().filter(|field| field.r#type == FieldType::Secret)
    }

    /// The JSON Schema of manifests, as checked in at `docs/manifest.schema.json`.
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Manifest).to_value()
    }
}

fn yes() -> bool {
    true
}

fn is_true(value: &bool) -> bool {
    *value
}

fn is_false(value: &bool) -> bool {
    !*value
}
