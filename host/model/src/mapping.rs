//! What a mapping and a filter are, as people write them: rules with expressions as text. Plain data; `headcount-mapping` compiles it.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Kind;

/// The most rules of a mapping.
pub const MOST_MAPPING_RULES: usize = 128;
/// The most filters of a connection.
pub const MOST_FILTERS: usize = 32;
/// The longest expression, in bytes.
pub const LONGEST_EXPRESSION: usize = 2_048;
/// The longest default or note, in bytes.
const LONGEST_TEXT: usize = 1_024;

/// How the accounts of a connection become fields. Exactly one rule makes the sync key, by which accounts are joined into people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mapping {
    /// One for each field.
    #[serde(default)]
    pub rules: Vec<MappingRule>,
}

/// How one field is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MappingRule {
    /// The field: `saas-role`. Lower-case letters, digits and hyphens.
    pub field: String,
    /// An expression (CEL): `user.title`. See the guide for the variables that there are.
    pub value: String,
    /// Whose field it is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub target: Target,
    /// What the expression is evaluated for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rows: Rows,
    /// What several values become, where there are several rows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pick: Pick,
    /// The value where there is none: a text, number or yes/no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// An account without a value counts as a failure.
    #[serde(default, skip_serializing_if = "is_default")]
    pub required: bool,
    /// It makes the sync key: accounts with one key are one person's. Letter case and blanks around it don't count.
    #[serde(default, skip_serializing_if = "is_default")]
    pub key: bool,
}

/// Whose field a rule makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The account's.
    #[default]
    Account,
    /// The person's, whatever other accounts the person has.
    Person,
}

/// What a rule's expression is evaluated for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Once for the account.
    #[default]
    Account,
    /// Once for each license that the account holds, as `license`.
    License,
}

/// What several values become. Rows without a value don't count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// The value of the row that was assigned first; among equals, of the lowest id.
    #[default]
    First,
    /// The value of the row that was assigned last; among equals, of the highest id.
    Latest,
    /// Of yes and no, yes where any is; of others, the lowest, so that it stays the same.
    Any,
    /// Of yes and no, yes where all are; of others, the list of distinct values, in order.
    All,
}

/// A rule that keeps or drops records as they are read. A dropped record is out of scope, never missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FilterRule {
    /// Its name, unique within the connection: `contractors`.
    pub name: String,
    /// The kind of records it judges: any but grants, which follow their ends.
    pub kind: Kind,
    /// What is done with the records for which `when` holds.
    pub effect: Effect,
    /// An expression (CEL) that is true or false: `user.department == "Contractors"`.
    pub when: String,
}

/// What a filter does with the records that its expression holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It drops them and keeps all others.
    Drop,
    /// It keeps them and drops all others.
    Keep,
}

/// Something in a mapping or a filter that can't be, whatever its expression says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadRule {
    /// The rule's place among the rules, from 0; none where it is about all of them.
    pub rule: Option<usize>,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for BadRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(at) => write!(f, "rule {}: {}", at + 1, self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl Mapping {
    /// The rule that makes the sync key.
    pub fn key(&self) -> Option<&MappingRule> {
        self.rules.iter().find(|rule| rule.key)
    }

    /// Everything about this mapping that can't be, expressions aside.
    pub fn check(&self) -> Vec<BadRule> {
        if self.rules.len() > MOST_MAPPING_RULES {
            let problem = format!("a mapping has {} rules; at most {MOST_MAPPING_RULES} are read", self.rules.len());
            return vec![BadRule { rule: None, problem }];
        }
        let mut found = Vec::new();
        let mut fields = BTreeSet::new();
        for (at, rule) in self.rules.iter().enumerate() {
            let mut when = |wrong: bool, problem: String| {
                if wrong {
                    found.push(BadRule { rule: Some(at), problem });
                }
            };
            when(!is_field(&rule.field), format!("{:?} is not a field name of a-z, 0-9 and -", short(&rule.field)));
            when(!fields.insert((rule.target, &rule.field)), format!("the field {} is made twice", short(&rule.field)));
            when(rule.value.trim().is_empty(), "its value is empty".to_owned());
            when(rule.value.len() > LONGEST_EXPRESSION, format!("its value is longer than {LONGEST_EXPRESSION} bytes"));
            when(rule.key && rule.target == Target::Person, "the sync key is a field of the account".to_owned());
            let scalar = rule.default.as_ref().is_none_or(|value| match value {
                Value::String(text) => text.len() <= LONGEST_TEXT,
                Value::Number(_) | Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            });
            when(!scalar, "its default is neither a short text, nor a number, nor true or false".to_owned());
            when(rule.key && rule.default.is_some(), "a sync key has no default: it would join everybody".to_owned());
        }
        match self.rules.iter().filter(|rule| rule.key).count() {
            1 => {}
            0 => found.push(BadRule { rule: None, problem: "no rule makes the sync key: mark one with key = true".to_owned() }),
            many => found.push(BadRule { rule: None, problem: format!("{many} rules make the sync key; one must") }),
        }
        found
    }
}

impl FilterRule {
    /// What about this filter can't be, its expression aside.
    pub fn check(&self) -> Option<String> {
        if !is_field(&self.name) {
            return Some(format!("{:?} is not a name of a-z, 0-9 and -", short(&self.name)));
        }
        if self.kind == Kind::Grant {
            return Some("grants can't be filtered: they follow the records at their ends".to_owned());
        }
        if self.when.trim().is_empty() || self.when.len() > LONGEST_EXPRESSION {
            return Some(format!("its expression must have 1 to {LONGEST_EXPRESSION} bytes"));
        }
        None
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn is_field(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(toml: &str) -> Mapping {
        toml::from_str(toml).unwrap()
    }

    fn problems(toml: &str) -> String {
        mapping(toml).check().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_mapping_is_written_in_few_words() {
        let read = mapping(
            r#"
            [[rules]]
            field = "email"
            value = "user.email"
            key = true

            [[rules]]
            field = "saas-role"
            value = "license.product_name"
            rows = "license"
            pick = "all"
            default = "User"
            "#,
        );
        assert_eq!(read.check(), []);
        assert_eq!(read.key().unwrap().field, "email");
        assert_eq!((read.rules[1].rows, read.rules[1].pick), (Rows::License, Pick::All));
        // What is written again is as short.
        assert!(!toml::to_string(&read).unwrap().contains("required"));
    }

    #[test]
    fn what_cannot_be_is_named_by_rule() {
        assert!(problems("rules = []").contains("no rule makes the sync key"));
        let two = r#"rules = [{ field = "a", value = "1", key = true }, { field = "b", value = "1", key = true }]"#;
        assert!(problems(two).contains("2 rules make the sync key"));
        let twice = r#"rules = [{ field = "a", value = "1", key = true }, { field = "a", value = "2" }]"#;
        assert!(problems(twice).contains("rule 2: the field a is made twice"));
        for wrong in [
            r#"field = "A""#,
            r#"field = """#,
            r#"field = "b", default = [1]"#,
            r#"field = "b", target = "person", key = true"#,
            r#"field = "b", default = "x", key = true"#,
        ] {
            let toml = format!(r#"rules = [{{ {wrong}, value = "1" }}, {{ field = "key", value = "1", key = true }}]"#);
            assert!(problems(&toml).contains("rule 1: "), "{wrong}");
        }
        let many = MappingRule { field: "a".into(), value: "1".into(), ..mapping(twice).rules[0].clone() };
        assert_eq!(Mapping { rules: vec![many; MOST_MAPPING_RULES + 1] }.check().len(), 1);
    }

    #[test]
    fn a_filter_judges_no_grants() {
        let filter = |kind, name: &str, when: &str| {
            FilterRule { name: name.into(), kind, effect: Effect::Drop, when: when.into() }.check()
        };
        assert_eq!(filter(Kind::User, "contractors", "true"), None);
        assert!(filter(Kind::Grant, "contractors", "true").is_some());
        assert!(filter(Kind::User, "", "true").is_some());
        assert!(filter(Kind::User, "a", " ").is_some());
        assert!(filter(Kind::User, "a", &"x".repeat(LONGEST_EXPRESSION + 1)).is_some());
    }
}
