//! What an expression may be made of, beyond its grammar: known variables and functions, bounded depth and nesting, small patterns.

use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use crate::functions;
use crate::limits::{BRACKETS, COMPILED_PATTERN, DEPTH, NESTED, NODES, PATTERN, SOURCE};
use crate::problem::ExpressionError;

/// What is wrong with a source before it is parsed.
pub(crate) fn source(source: &str) -> Result<(), ExpressionError> {
    if source.trim().is_empty() {
        return Err(ExpressionError::whole(source, "the expression is empty"));
    }
    if source.len() > SOURCE {
        return Err(ExpressionError::whole(
            source,
            format!("the expression has {} bytes; at most {SOURCE} are read", source.len()),
        ));
    }
    let mut depth = 0_usize;
    for (at, character) in source.chars().enumerate() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > BRACKETS {
            return Err(ExpressionError::at(source, at, format!("brackets are nested deeper than {BRACKETS} levels")));
        }
    }
    Ok(())
}

/// What is wrong with what a source was parsed into.
pub(crate) fn program(source: &str, program: &Program, variables: &[&str]) -> Result<(), ExpressionError> {
    let guard = Guard { source, program, variables };
    guard.node(program.expression(), &mut State { bound: Vec::new(), nodes: 0 }, 0, 0)
}

/// Where a node stands in the source: a character, from 0. The parser counts bytes.
pub(crate) fn place(source: &str, program: &Program, node: &IdedExpr) -> usize {
    let byte = program.source_info().offset_for(node.id).map_or(0, |(start, _)| start as usize);
    source.char_indices().take_while(|(at, _)| *at < byte).count()
}

struct Guard<'a> {
    source: &'a str,
    program: &'a Program,
    variables: &'a [&'a str],
}

struct State<'a> {
    /// Variables of the comprehensions around.
    bound: Vec<&'a str>,
    nodes: usize,
}

impl Guard<'_> {
    fn wrong(&self, node: &IdedExpr, problem: impl Into<String>) -> ExpressionError {
        ExpressionError::at(self.source, place(self.source, self.program, node), problem)
    }

    fn node<'e>(&self, node: &'e IdedExpr, state: &mut State<'e>, depth: usize, nested: usize) -> Result<(), ExpressionError> {
        state.nodes += 1;
        if depth > DEPTH {
            return Err(self.wrong(node, format!("the expression is nested deeper than {DEPTH} levels")));
        }
        if state.nodes > NODES {
            return Err(self.wrong(node, format!("the expression has more than {NODES} parts")));
        }
        match &node.expr {
            Expr::Literal(_) => Ok(()),
            Expr::Ident(name) => self.variable(node, name, state),
            Expr::Select(select) => self.node(&select.operand, state, depth + 1, nested),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.node(element, state, depth + 1, nested)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.node(&entry.key, state, depth + 1, nested)?;
                    self.node(&entry.value, state, depth + 1, nested)
                }
                EntryExpr::StructField(_) => Err(self.wrong(node, "structures can't be made here")),
            }),
            Expr::Call(call) => {
                let count = call.args.len() + usize::from(call.target.is_some());
                if let Some(problem) = functions::problem(&call.func_name, count) {
                    return Err(self.wrong(node, problem));
                }
                if call.func_name == "matches" {
                    self.pattern(call.args.last().unwrap_or(node))?;
                }
                let target = call.target.as_deref().into_iter();
                target.chain(&call.args).try_for_each(|part| self.node(part, state, depth + 1, nested))
            }
            Expr::Comprehension(each) => {
                self.node(&each.iter_range, state, depth + 1, nested)?;
                if nested >= NESTED {
                    return Err(
                        self.wrong(node, format!("at most {NESTED} of map, filter, all and exists stand within one another"))
                    );
                }
                if each.iter_var2.is_some() || !each.accu_var.starts_with('@') || each.accu_var.starts_with("@__") {
                    return Err(self.wrong(node, "this form can't be used here; there are map, filter, all and exists"));
                }
                let outside = state.bound.len();
                state.bound.extend([each.iter_var.as_str(), each.accu_var.as_str()]);
                for part in [&each.accu_init, &each.loop_cond, &each.loop_step, &each.result] {
                    self.node(part, state, depth + 1, nested + 1)?;
                }
                state.bound.truncate(outside);
                Ok(())
            }
            Expr::Struct(_) | Expr::Unspecified => Err(self.wrong(node, "structures can't be made here")),
        }
    }

    fn variable(&self, node: &IdedExpr, name: &str, state: &State<'_>) -> Result<(), ExpressionError> {
        if self.variables.contains(&name) || state.bound.contains(&name) {
            return Ok(());
        }
        let names = self.variables.join(", ");
        Err(self.wrong(node, format!("there is no variable {name}; there are {names}")))
    }

    /// A pattern is compiled for each use: only a short literal that needs little memory.
    fn pattern(&self, node: &IdedExpr) -> Result<(), ExpressionError> {
        let Expr::Literal(LiteralValue::String(pattern)) = &node.expr else {
            return Err(self.wrong(node, "a pattern must be written out as text, not computed"));
        };
        if pattern.inner().len() > PATTERN {
            return Err(self.wrong(node, format!("a pattern may have at most {PATTERN} bytes")));
        }
        let mut builder = regex::RegexBuilder::new(pattern.inner());
        match builder.size_limit(COMPILED_PATTERN).dfa_size_limit(COMPILED_PATTERN).nest_limit(16).build() {
            Ok(_) => Ok(()),
            Err(regex::Error::CompiledTooBig(_)) => Err(self.wrong(node, "the pattern repeats too much to be matched quickly")),
            Err(error) => Err(self.wrong(node, format!("the pattern can't be read: {}", last_line(&error.to_string())))),
        }
    }
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}
