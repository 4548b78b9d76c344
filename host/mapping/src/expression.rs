//! One expression: compiled once, evaluated for many records, bounded in time and size before it runs.

use std::sync::Arc;

use cel::common::ast::{Expr, IdedExpr};
use cel::{Context, Env, ExecutionError, Program, Value as Cel};
use serde_json::Value;

use crate::cost::{self, Cost};
use crate::functions::library;
use crate::guard;
use crate::known::{self, Known};
use crate::limits::WEIGHT;
use crate::problem::ExpressionError;
use crate::shape::{Shape, Size};
use crate::values::{incoming, outgoing};

/// A compiled expression. Compile and evaluate it within [`deep`](crate::deep).
#[derive(Debug)]
pub struct Expression {
    source: String,
    program: Program,
}

/// The variables that expressions are evaluated with, borrowed from JSON.
pub struct Scope<'v> {
    context: Context<'v, 'v>,
    values: Vec<(&'static str, &'v Value)>,
}

impl<'v> Scope<'v> {
    /// No variables yet.
    pub fn new() -> Self {
        let library: Arc<Env> = library();
        Scope { context: Context::with_env(library), values: Vec::new() }
    }

    /// Gives a variable a value, in place of the one it had.
    pub fn set(&mut self, name: &'static str, value: &'v Value) {
        self.values.retain(|(known, _)| *known != name);
        self.values.push((name, value));
        self.context.add_variable_as_val(name, incoming(value, 0));
    }

    fn size(&self, name: &str) -> Size<'_> {
        let known = self.values.iter().find(|(known, _)| *known == name);
        known.map_or(Size::Bound(Shape::SCALAR), |(_, value)| Size::of(value))
    }
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Expression {
    /// Compiles an expression over these variables, which may take so many steps for a record of usual size.
    ///
    /// # Errors
    /// It is no expression, names what there is not, or could take too long.
    pub fn compile(source: &str, variables: &[&str], steps: u64) -> Result<Self, ExpressionError> {
        guard::source(source)?;
        let program = library().compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let (line, column) = first.map_or((1, 1), |error| error.pos);
            let message = first.map_or_else(|| "it can't be read".to_owned(), |error| plain(&error.msg));
            ExpressionError::at(source, offset(source, line, column), message)
        })?;
        guard::program(source, &program, variables)?;
        let expression = Expression { source: source.to_owned(), program };
        let cost = cost::of(expression.program.expression(), &|_| Size::Bound(Shape::USUAL));
        match too_much(cost, steps) {
            Some(problem) => Err(ExpressionError::whole(source, problem)),
            None => Ok(expression),
        }
    }

    /// That it reads no field of a record that such records don't have. One that is stored already goes on, and fails as before.
    pub(crate) fn reads_known(&self, known: &Known) -> Result<(), ExpressionError> {
        known::check(&self.source, &self.program, known)
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it names a variable.
    pub fn names(&self, variable: &str) -> bool {
        self.program.references().has_variable(variable)
    }

    /// Evaluates it and takes what that may cost off the steps that are left.
    ///
    /// # Errors
    /// It could take more steps than are left, fails, or makes something that no field holds.
    pub fn evaluate(&self, scope: &Scope<'_>, steps: &mut u64) -> Result<Value, ExpressionError> {
        let value = self.run(scope, steps)?;
        outgoing(&value).map_err(|problem| ExpressionError::whole(&self.source, problem))
    }

    /// Evaluates it to yes or no.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate), or it makes something else.
    pub fn holds(&self, scope: &Scope<'_>, steps: &mut u64) -> Result<bool, ExpressionError> {
        match self.run(scope, steps)? {
            Cel::Bool(yes) => Ok(yes),
            other => {
                let problem = format!("it makes a {}, and must be true or false", other.type_of());
                Err(ExpressionError::whole(&self.source, problem))
            }
        }
    }

    fn run(&self, scope: &Scope<'_>, steps: &mut u64) -> Result<Cel, ExpressionError> {
        let cost = cost::of(self.program.expression(), &|name| scope.size(name));
        if let Some(problem) = too_much(cost, *steps) {
            return Err(ExpressionError::whole(&self.source, format!("not evaluated for this record: {problem}")));
        }
        *steps -= cost.steps.min(*steps);
        self.program.execute(&scope.context).map_err(|error| {
            let mut search = Search { context: &scope.context, error: &error, each: cost.steps, left: steps };
            let node = search.culprit(self.program.expression());
            ExpressionError::at(&self.source, guard::place(&self.source, &self.program, node), said(&error))
        })
    }
}

fn too_much(cost: Cost, steps: u64) -> Option<String> {
    if cost.heaviest > WEIGHT {
        return Some("it could make values that are too large; cut lists and texts down first".to_owned());
    }
    (cost.steps > steps).then(|| "it could take too long; go over fewer lists, or compare smaller parts".to_owned())
}

/// The search for what an administrator wants to see: the innermost part that fails the same way.
struct Search<'a, 'v> {
    context: &'a Context<'v, 'v>,
    error: &'a ExecutionError,
    /// What going over the parts of one part costs at most.
    each: u64,
    left: &'a mut u64,
}

impl Search<'_, '_> {
    /// The bodies of comprehensions are left out: their variables have no values any more.
    fn culprit<'e>(&mut self, node: &'e IdedExpr) -> &'e IdedExpr {
        if *self.left < self.each {
            return node;
        }
        *self.left -= self.each;
        let fails = |part: &&IdedExpr| matches!(Cel::resolve(part, self.context), Err(found) if found == *self.error);
        let part = match &node.expr {
            Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).find(fails),
            Expr::Select(select) => Some(&*select.operand).filter(fails),
            Expr::List(list) => list.elements.iter().find(fails),
            Expr::Comprehension(each) => Some(&each.iter_range).filter(fails),
            _ => None,
        };
        part.map_or(node, |part| self.culprit(part))
    }
}

/// What the engine says, without the record's own values.
fn said(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => format!("there is no {name}; write .?{name} for a field that may be absent"),
        ExecutionError::UndeclaredReference(name) => {
            format!("{name} has no value here: the account holds more than an expression may go over")
        }
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UnexpectedType { got, want } => format!("this is a {got}, and must be a {want}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "division by zero".to_owned(),
        ExecutionError::Overflow(..) => "the number is too large".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => "the list has fewer elements".to_owned(),
        ExecutionError::UnsupportedBinaryOperator(..) => {
            "these two can't be combined; string(…), int(…) and double(…) turn one kind of value into another".to_owned()
        }
        ExecutionError::ValuesNotComparable(..) => "these can't be compared".to_owned(),
        ExecutionError::FunctionError { function, .. } => format!("{function} can't be done with this value"),
        _ => "this can't be done with these values".to_owned(),
    }
}

/// The parser's message, without what it would have expected instead.
fn plain(message: &str) -> String {
    let message = message.trim().trim_start_matches("Syntax error: ");
    let short = message.split(" expecting ").next().unwrap_or(message);
    match short.contains("<EOF>") {
        true => "the expression ends too early".to_owned(),
        false => short.replace("mismatched input", "not understood:").replace("extraneous input", "not understood:"),
    }
}

/// The character, from 0, at a line from 1 and a column from 1.
fn offset(source: &str, line: isize, column: isize) -> usize {
    let lines = usize::try_from(line.saturating_sub(1)).unwrap_or(0);
    let before: usize = source.split_inclusive('\n').take(lines).map(|line| line.chars().count()).sum();
    before + usize::try_from(column.saturating_sub(1)).unwrap_or(0)
}
