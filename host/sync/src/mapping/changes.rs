//! What another mapping makes of one account: field by field, before and after.

use std::collections::BTreeSet;

use headcount_model::MappedAccount;

/// How one field of one account changes.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FieldChange {
    /// The account's id.
    pub account: String,
    /// The field; `(sync key)` for the key itself.
    pub field: String,
    /// As it is.
    pub before: serde_json::Value,
    /// As it becomes.
    pub after: serde_json::Value,
}

/// Told of every change, account by account, in portions.
pub type EachChange<'a> = &'a mut (dyn FnMut(&[FieldChange]) + Send);

/// Fields with another value, a person's with their target before them.
pub(super) fn changes(before: &MappedAccount, after: &MappedAccount) -> Vec<(String, serde_json::Value, serde_json::Value)> {
    let mut changes = Vec::new();
    for (prefix, before, after) in [("", &before.fields, &after.fields), ("person ", &before.person_fields, &after.person_fields)]
    {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (was, is) = (before.get(name).cloned().unwrap_or_default(), after.get(name).cloned().unwrap_or_default());
            if was != is {
                changes.push((format!("{prefix}{name}"), was, is));
            }
        }
    }
    changes
}
