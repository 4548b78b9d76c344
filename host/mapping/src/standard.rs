//! What holds where nobody says otherwise: a mapping for connectors that ship none, and the two fields that every account has.

use headcount_model::mapping::{Mapping, MappingRule, Pick, Rows, Target};
use serde_json::Value;

/// The field with an account's role at the vendor, and the one with the time of its last use: every account has both.
pub const SAAS_ROLE: &str = "saas-role";
/// See [`SAAS_ROLE`].
pub const LAST_ACTIVITY: &str = "last-activity";

const ROLES: &str = r#"size(roles) == 0 && user.administrator == true ? "Administrator"
    : roles.map(r, r.name).distinct().sort().join(", ")"#;

fn rule(field: &str, value: &str, default: Option<&str>) -> MappingRule {
    MappingRule {
        field: field.to_owned(),
        value: value.to_owned(),
        target: Target::Account,
        rows: Rows::Account,
        pick: Pick::First,
        default: default.map(|text| Value::String(text.to_owned())),
        required: false,
        key: false,
    }
}

/// The mapping of a connector that ships none: what the normalized records say, joined by e-mail.
pub fn usual() -> Mapping {
    let key = MappingRule { key: true, ..rule("email", "user.email", None) };
    let rules = vec![
        key,
        rule("display-name", "user.display_name", None),
        rule("status", "user.status", Some("active")),
        rule("title", "user.title", None),
        rule("department", "user.department", None),
    ];
    completed(&Mapping { rules })
}

/// The mapping with the fields that every account has.
pub fn completed(mapping: &Mapping) -> Mapping {
    let mut mapping = mapping.clone();
    for missing in [rule(SAAS_ROLE, ROLES, Some("User")), rule(LAST_ACTIVITY, "user.last_seen_at", None)] {
        if !mapping.rules.iter().any(|rule| rule.field == missing.field && rule.target == Target::Account) {
            mapping.rules.push(missing);
        }
    }
    mapping
}
