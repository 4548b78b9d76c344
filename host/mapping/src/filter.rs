//! Filters: which records are in scope. One that fails on a record keeps it.

use std::collections::BTreeMap;

use headcount_model::mapping::{Effect, FilterRule, MOST_FILTERS};
use headcount_model::{Application, Asset, Group, Kind, License, Records, Reference, Role, User};
use serde::Serialize;
use serde_json::Value;

use crate::known;
use crate::limits::FILTER_STEPS;
use crate::record::object;
use crate::{Expression, ExpressionError, Lost, Scope, deep};

/// Why filters can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Too many.
    #[error("a connection has at most {MOST_FILTERS} filters")]
    TooMany,
    /// Something about one can't be, its expression aside.
    #[error("filter {0}: {1}")]
    Rule(String, String),
    /// Its expression can't be used.
    #[error("filter {name}: {error}\n{}", .error.pointed())]
    Expression {
        /// Of which filter.
        name: String,
        /// What is wrong with it, and where.
        error: ExpressionError,
    },
    /// It could not be compiled.
    #[error(transparent)]
    Lost(#[from] Lost),
}

/// A connection's filters, compiled. They block: call them off the async threads.
#[derive(Debug, Default)]
pub struct Filters {
    filters: Vec<(FilterRule, Expression)>,
}

/// What filters did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sifted {
    /// What was dropped, each record once, and by which filter: it is out of scope, and counts as seen.
    pub dropped: BTreeMap<Reference, String>,
    /// On how many records each filter failed, which were kept, and why it first did.
    pub failed: BTreeMap<String, (u64, String)>,
}

impl Filters {
    /// Compiles filters.
    ///
    /// # Errors
    /// There are too many, or one can't be used.
    pub fn new(rules: &[FilterRule]) -> Result<Self, FilterError> {
        if rules.len() > MOST_FILTERS {
            return Err(FilterError::TooMany);
        }
        if let Some((rule, problem)) = rules.iter().find_map(|rule| Some((rule, rule.check()?))) {
            return Err(FilterError::Rule(rule.name.clone(), problem));
        }
        let compiled: Vec<_> =
            deep(|| rules.iter().map(|rule| Expression::compile(&rule.when, &[variable(rule.kind)], FILTER_STEPS)).collect())?;
        let filters = rules.iter().cloned().zip(compiled);
        let compiled: Result<_, _> = filters
            .map(|(rule, compiled)| match compiled {
                Ok(expression) => Ok((rule, expression)),
                Err(error) => Err(FilterError::Expression { name: rule.name.clone(), error }),
            })
            .collect();
        Ok(Filters { filters: compiled? })
    }

    /// That they read no field that records of their kinds don't have.
    ///
    /// # Errors
    /// One does.
    pub fn read_known(&self) -> Result<(), FilterError> {
        deep(|| {
            self.filters.iter().try_for_each(|(rule, expression)| {
                let checked = expression.reads_known(&known::of_filters(rule.kind));
                checked.map_err(|error| FilterError::Expression { name: rule.name.clone(), error })
            })
        })?
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// Whether any judges records of this kind.
    pub fn judge_any(&self, kind: Kind) -> bool {
        self.filters.iter().any(|(rule, _)| rule.kind == kind)
    }

    /// Takes out the records that are dropped.
    ///
    /// # Errors
    /// No thread can be had, or the engine failed; then nothing is taken out.
    pub fn sift(&self, records: &mut Records) -> Result<Sifted, Lost> {
        if self.is_empty() {
            return Ok(Sifted::default());
        }
        let (sifted, verdicts) = {
            let records = &*records;
            deep(|| {
                let mut sifted = Sifted::default();
                let verdicts = Verdicts {
                    users: self.judge(&records.users, &mut sifted),
                    groups: self.judge(&records.groups, &mut sifted),
                    roles: self.judge(&records.roles, &mut sifted),
                    applications: self.judge(&records.applications, &mut sifted),
                    licenses: self.judge(&records.licenses, &mut sifted),
                    assets: self.judge(&records.assets, &mut sifted),
                };
                (sifted, verdicts)
            })?
        };
        keep(&mut records.users, verdicts.users);
        keep(&mut records.groups, verdicts.groups);
        keep(&mut records.roles, verdicts.roles);
        keep(&mut records.applications, verdicts.applications);
        keep(&mut records.licenses, verdicts.licenses);
        keep(&mut records.assets, verdicts.assets);
        Ok(sifted)
    }

    /// Whether each record is kept; empty where nothing judges the kind.
    fn judge<R: Filtered>(&self, records: &[R], sifted: &mut Sifted) -> Vec<bool> {
        let filters: Vec<_> = self.filters.iter().filter(|(rule, _)| rule.kind == R::KIND).collect();
        if filters.is_empty() {
            return Vec::new();
        }
        let mut kept = Vec::with_capacity(records.len());
        for record in records {
            let value = Value::Object(object(record));
            let mut scope = Scope::new();
            scope.set(variable(R::KIND), &value);
            let mut left = FILTER_STEPS;
            let dropped = filters.iter().find(|(rule, expression)| match expression.holds(&scope, &mut left) {
                Ok(holds) => holds == (rule.effect == Effect::Drop),
                Err(error) => {
                    sifted.failed.entry(rule.name.clone()).or_insert_with(|| (0, error.to_string())).0 += 1;
                    false
                }
            });
            if let Some((rule, _)) = dropped {
                sifted.dropped.entry(Reference::new(R::KIND, record.id())).or_insert_with(|| rule.name.clone());
            }
            kept.push(dropped.is_none());
        }
        kept
    }
}

/// What a filter's expression calls the record: the word for its kind.
pub fn variable(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
        Kind::Role => "role",
        Kind::Application => "application",
        Kind::License => "license",
        Kind::Asset => "asset",
        Kind::Grant => "grant",
    }
}

struct Verdicts {
    users: Vec<bool>,
    groups: Vec<bool>,
    roles: Vec<bool>,
    applications: Vec<bool>,
    licenses: Vec<bool>,
    assets: Vec<bool>,
}

fn keep<R>(records: &mut Vec<R>, verdicts: Vec<bool>) {
    let mut verdicts = verdicts.into_iter();
    // What nothing judged stays.
    records.retain(|_| verdicts.next().unwrap_or(true));
}

trait Filtered: Serialize {
    const KIND: Kind;
    fn id(&self) -> &str;
}

macro_rules! filtered {
    ($($record:ident),+) => { $(
        impl Filtered for $record {
            const KIND: Kind = Kind::$record;
            fn id(&self) -> &str { &self.id }
        }
    )+ };
}

filtered!(User, Group, Role, Application, License, Asset);
