//! Which fields records have: one that there is not, as a misspelt one, is found before it fails for every record.

use cel::Program;
use cel::common::ast::{Expr, IdedExpr};
use headcount_model::{Application, Asset, Group, Kind, License, Role, User};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::filter::variable;
use crate::guard::place;
use crate::problem::ExpressionError;
use crate::record::{Tracking, object};

/// Variables and the only fields that they have.
pub(crate) type Known = Vec<(&'static str, Vec<String>)>;

/// Those of a mapping's rules.
pub(crate) fn of_mappings() -> Known {
    let with = |name, mut fields: Vec<String>, further: &str| {
        fields.push(further.to_owned());
        (name, fields)
    };
    vec![
        ("user", of_kind(Kind::User)),
        with("license", of_kind(Kind::License), "grant"),
        with("tracking", names(&Tracking::default()), "synced_at"),
    ]
}

/// Those of a filter's expression.
pub(crate) fn of_filters(kind: Kind) -> Known {
    vec![(variable(kind), of_kind(kind))]
}

fn of_kind(kind: Kind) -> Vec<String> {
    match kind {
        Kind::User => names(&User::default()),
        Kind::Group => names(&Group::default()),
        Kind::Role => names(&Role::default()),
        Kind::Application => names(&Application::default()),
        Kind::License => names(&License::default()),
        Kind::Asset => names(&Asset::default()),
        // Filters don't judge them.
        Kind::Grant => Vec::new(),
    }
}

fn names<T: Serialize>(record: &T) -> Vec<String> {
    let record: Map<String, Value> = object(record);
    record.into_iter().map(|(name, _)| name).collect()
}

/// The first field that is read of a variable that does not have it.
pub(crate) fn check(source: &str, program: &Program, known: &Known) -> Result<(), ExpressionError> {
    Check { source, program, known }.node(program.expression(), &mut Vec::new())
}

struct Check<'a> {
    source: &'a str,
    program: &'a Program,
    known: &'a Known,
}

impl Check<'_> {
    /// The guard has bounded the depth.
    fn node<'e>(&self, node: &'e IdedExpr, bound: &mut Vec<&'e str>) -> Result<(), ExpressionError> {
        match &node.expr {
            Expr::Select(select) => {
                if let Expr::Ident(name) = &select.operand.expr
                    && !bound.contains(&name.as_str())
                    && let Some((_, fields)) = self.known.iter().find(|(known, _)| known == name)
                    && !fields.contains(&select.field)
                {
                    let problem = format!("{name} has no {}; it has {}", select.field, fields.join(", "));
                    return Err(ExpressionError::at(self.source, place(self.source, self.program, node), problem));
                }
                self.node(&select.operand, bound)
            }
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.node(element, bound)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                cel::common::ast::EntryExpr::MapEntry(entry) => {
                    self.node(&entry.key, bound)?;
                    self.node(&entry.value, bound)
                }
                cel::common::ast::EntryExpr::StructField(_) => Ok(()),
            }),
            Expr::Call(call) => {
                let target = call.target.as_deref().into_iter();
                target.chain(&call.args).try_for_each(|part| self.node(part, bound))
            }
            Expr::Comprehension(each) => {
                self.node(&each.iter_range, bound)?;
                let outside = bound.len();
                bound.push(&each.iter_var);
                for part in [&each.accu_init, &each.loop_cond, &each.loop_step, &each.result] {
                    self.node(part, bound)?;
                }
                bound.truncate(outside);
                Ok(())
            }
            Expr::Literal(_) | Expr::Ident(_) | Expr::Struct(_) | Expr::Unspecified => Ok(()),
        }
    }
}
