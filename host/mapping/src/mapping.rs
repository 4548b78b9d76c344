//! A mapping, compiled: what it makes of an account.

use headcount_model::mapping::{Mapping, MappingRule, Rows, Target};
use headcount_model::{AccountInputs, MappedAccount};
use serde_json::Value;

use crate::known;
use crate::limits::{ACCOUNT_STEPS, MAPPING_STEPS};
use crate::pick::{is_nothing, pick};
use crate::record::{Tracking, Variables};
use crate::standard::completed;
use crate::{Expression, ExpressionError, Lost, Scope, deep};

/// The variables of every rule.
pub const VARIABLES: [&str; 8] = ["user", "licenses", "groups", "roles", "applications", "assets", "answers", "tracking"];
/// The variables of a rule that is evaluated for each license.
const LICENSE_VARIABLES: [&str; 9] =
    ["license", "user", "licenses", "groups", "roles", "applications", "assets", "answers", "tracking"];

/// Why a mapping can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// Something about it can't be, expressions aside.
    #[error("{}", .0.join("\n"))]
    Rules(Vec<String>),
    /// Expressions that can't be used, by field.
    #[error("{}", .0.iter().map(|(field, error)| told(field, error)).collect::<Vec<_>>().join("\n"))]
    Expressions(Vec<(String, ExpressionError)>),
    /// It could not be compiled.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// A mapping that can be used. It blocks: call it off the async threads.
#[derive(Debug)]
pub struct CompiledMapping {
    mapping: Mapping,
    expressions: Vec<Expression>,
    digest: Vec<u8>,
    synced: bool,
}

impl CompiledMapping {
    /// Compiles a mapping, completed with the fields that every account has.
    ///
    /// # Errors
    /// A rule or an expression can't be used.
    pub fn new(mapping: &Mapping) -> Result<Self, MappingError> {
        let bad: Vec<String> = mapping.check().iter().map(ToString::to_string).collect();
        if !bad.is_empty() {
            return Err(MappingError::Rules(bad));
        }
        let mapping = completed(mapping);
        let compiled: Vec<_> = deep(|| mapping.rules.iter().map(compile).collect())?;
        let (mut expressions, mut wrong) = (Vec::new(), Vec::new());
        for (rule, compiled) in mapping.rules.iter().zip(compiled) {
            match compiled {
                Ok(expression) => expressions.push(expression),
                Err(error) => wrong.push((rule.field.clone(), error)),
            }
        }
        if !wrong.is_empty() {
            return Err(MappingError::Expressions(wrong));
        }
        let text = serde_json::to_string(&mapping).unwrap_or_default();
        let digest = blake3::hash(text.as_bytes()).as_bytes().to_vec();
        let synced = expressions.iter().any(|expression| expression.source().contains("synced_at"));
        Ok(CompiledMapping { mapping, expressions, digest, synced })
    }

    /// That its rules, those of another mapping aside, read no field that there is not of an account, a license or the tracking.
    ///
    /// # Errors
    /// One does.
    pub fn reads_known(&self, aside: &Mapping) -> Result<(), MappingError> {
        let known = known::of_mappings();
        let wrong: Vec<_> = deep(|| {
            let new = self.rules().filter(|(rule, _)| !aside.rules.contains(rule));
            new.filter_map(|(rule, expression)| Some((rule.field.clone(), expression.reads_known(&known).err()?))).collect()
        })?;
        if wrong.is_empty() { Ok(()) } else { Err(MappingError::Expressions(wrong)) }
    }

    /// The mapping, completed.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// An account's variables, and a hash of everything that its fields depend on.
    pub fn read(&self, inputs: &AccountInputs, tracking: &Tracking) -> (Variables, Vec<u8>) {
        let variables = Variables::new(inputs, tracking, self.synced);
        let digest = variables.digest(&self.digest);
        (variables, digest)
    }

    /// A hash of everything beside its records that a connection's fields depend on; none where they depend on when it was last
    /// synced.
    pub fn basis(&self, tracking: &Tracking) -> Option<Vec<u8>> {
        let told = serde_json::to_string(tracking).ok().filter(|_| !self.synced)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.digest);
        hasher.update(told.as_bytes());
        Some(hasher.finalize().as_bytes().to_vec())
    }

    /// What the mapping makes of each account, which comes with what was made of it before.
    ///
    /// # Errors
    /// No thread can be had, or the engine failed.
    pub fn map(&self, accounts: &[(Variables, Option<MappedAccount>)]) -> Result<Vec<MappedAccount>, Lost> {
        deep(|| accounts.iter().map(|(variables, before)| self.one(variables, before.as_ref())).collect())
    }

    fn one(&self, variables: &Variables, before: Option<&MappedAccount>) -> MappedAccount {
        let mut scope = Scope::new();
        scope.set("user", &variables.user);
        scope.set("answers", &variables.answers);
        scope.set("tracking", &variables.tracking);
        if !variables.too_many {
            scope.set("licenses", &variables.all_licenses);
            scope.set("groups", &variables.groups);
            scope.set("roles", &variables.roles);
            scope.set("applications", &variables.applications);
            scope.set("assets", &variables.assets);
        }
        let mut left = ACCOUNT_STEPS;
        let mut made: Vec<Result<Vec<Value>, String>> = Vec::with_capacity(self.expressions.len());
        for (rule, expression) in self.rules() {
            made.push(match rule.rows {
                Rows::Account => evaluate(expression, &scope, &mut left).map(|value| vec![value]),
                Rows::License if variables.too_many => Err("the account holds more than is gone over".to_owned()),
                Rows::License => Ok(Vec::new()),
            });
        }
        for license in &variables.licenses {
            scope.set("license", license);
            for ((rule, expression), values) in self.rules().zip(&mut made) {
                if rule.rows == Rows::License
                    && let Ok(list) = values
                {
                    match evaluate(expression, &scope, &mut left) {
                        Ok(value) => list.push(value),
                        Err(problem) => *values = Err(problem),
                    }
                }
            }
        }
        let mut account = MappedAccount::default();
        for ((rule, _), values) in self.rules().zip(made) {
            account.take(rule, values, before);
        }
        account
    }

    fn rules(&self) -> impl Iterator<Item = (&MappingRule, &Expression)> {
        self.mapping.rules.iter().zip(&self.expressions)
    }
}

fn told(field: &str, error: &ExpressionError) -> String {
    format!("field {field}: {error}\n{}", error.pointed())
}

fn compile(rule: &MappingRule) -> Result<Expression, ExpressionError> {
    match rule.rows {
        Rows::Account => Expression::compile(&rule.value, &VARIABLES, MAPPING_STEPS),
        Rows::License => Expression::compile(&rule.value, &LICENSE_VARIABLES, MAPPING_STEPS),
    }
}

fn evaluate(expression: &Expression, scope: &Scope<'_>, left: &mut u64) -> Result<Value, String> {
    let mut steps = MAPPING_STEPS.min(*left);
    let given = steps;
    let value = expression.evaluate(scope, &mut steps);
    *left -= given - steps;
    value.map_err(|error| error.to_string())
}

/// What a rule makes of an account, taken over into its fields.
trait Take {
    fn take(&mut self, rule: &MappingRule, values: Result<Vec<Value>, String>, before: Option<&MappedAccount>);
}

impl Take for MappedAccount {
    fn take(&mut self, rule: &MappingRule, values: Result<Vec<Value>, String>, before: Option<&MappedAccount>) {
        let made = values.and_then(|values| finished(rule, values));
        // This rule alone: a field of the person may fail that the account has under the same name.
        let failed = made.is_err();
        let value = match made {
            Ok(value) => value,
            Err(problem) => {
                // It stays as it was.
                self.failures.insert(rule.field.clone(), problem);
                if rule.key {
                    self.sync_key = before.and_then(|before| before.sync_key.clone());
                }
                let fields = before.map(|before| fields(before, rule.target));
                fields.and_then(|fields| fields.get(&rule.field).cloned()).unwrap_or_default()
            }
        };
        if is_nothing(&value) {
            if rule.required && !failed {
                self.failures.insert(rule.field.clone(), "it is required, and has no value".to_owned());
            }
            return;
        }
        if rule.key && !failed {
            self.sync_key = key(&value);
        }
        let fields = match rule.target {
            Target::Account => &mut self.fields,
            Target::Person => &mut self.person_fields,
        };
        fields.insert(rule.field.clone(), value);
    }
}

fn fields(account: &MappedAccount, target: Target) -> &serde_json::Map<String, Value> {
    match target {
        Target::Account => &account.fields,
        Target::Person => &account.person_fields,
    }
}

/// The one value of all rows, or the default.
fn finished(rule: &MappingRule, mut values: Vec<Value>) -> Result<Value, String> {
    let value = match rule.rows {
        Rows::Account => values.pop().unwrap_or_default(),
        Rows::License => pick(values, rule.pick),
    };
    let value = if is_nothing(&value) { rule.default.clone().unwrap_or_default() } else { value };
    if rule.key && !is_nothing(&value) && key(&value).is_none() {
        return Err("a sync key is one text or number".to_owned());
    }
    Ok(value)
}

/// A value as the key by which accounts are joined.
fn key(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
