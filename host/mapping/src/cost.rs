//! What evaluating an expression can cost at most, reckoned from the sizes of the values that it is given. The engine has no limit of
//! its own and can't be stopped, so nothing is evaluated whose cost is not known to be small.

use cel::common::ast::{ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue};

use crate::shape::{Shape, Size};

/// Bytes that are copied or compared in one step.
const STEP: u64 = 32;

/// The cost of an expression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Steps that it takes at most.
    pub steps: u64,
    /// The heaviest value that it makes, in bytes.
    pub heaviest: u64,
}

/// Reckons the cost of an expression: `size` gives that of a variable.
pub(crate) fn of<'a>(expression: &'a IdedExpr, size: &'a dyn Fn(&str) -> Size<'a>) -> Cost {
    let mut reckoning = Reckoning { size, bound: Vec::new(), heaviest: 0 };
    let (steps, result) = reckoning.node(expression);
    let result = result.shape();
    // The result is copied out.
    Cost { steps: steps.saturating_add(result.weight / STEP), heaviest: reckoning.heaviest }
}

struct Reckoning<'a> {
    size: &'a dyn Fn(&str) -> Size<'a>,
    bound: Vec<(&'a str, Size<'a>)>,
    heaviest: u64,
}

impl<'a> Reckoning<'a> {
    /// Steps and the bounds of the value.
    fn shape(&mut self, node: &'a IdedExpr) -> (u64, Shape) {
        let (steps, size) = self.node(node);
        (steps, size.shape())
    }

    /// Steps and the size of the value. What is part of the record is not made, and stays known as long as it is only chosen from.
    fn node(&mut self, node: &'a IdedExpr) -> (u64, Size<'a>) {
        match &node.expr {
            Expr::Ident(name) => {
                let bound = self.bound.iter().rev().find(|(bound, _)| bound == name);
                (1, bound.map_or_else(|| (self.size)(name), |(_, size)| size.clone()))
            }
            Expr::Select(select) => {
                let (steps, operand) = self.node(&select.operand);
                let field = if select.test { Size::Bound(Shape::SCALAR) } else { operand.field(&select.field) };
                (steps.saturating_add(1), field)
            }
            Expr::Call(call) if call.func_name == "_?._" => match call.args.as_slice() {
                [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }] => {
                    let (steps, operand) = self.node(operand);
                    let field = operand.field(name.inner());
                    // Unlike others, an optional field is a copy.
                    let copied = field.shape().weight / STEP;
                    (steps.saturating_add(1).saturating_add(copied), field)
                }
                _ => self.made(node),
            },
            _ => self.made(node),
        }
    }

    fn made(&mut self, node: &'a IdedExpr) -> (u64, Size<'a>) {
        let (steps, shape) = match &node.expr {
            Expr::Literal(LiteralValue::String(text)) => (0, Shape::text(text.inner().len())),
            Expr::Literal(LiteralValue::Bytes(bytes)) => (0, Shape::text(bytes.inner().len())),
            Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Select(_) => (0, Shape::SCALAR),
            Expr::List(list) => {
                let (mut steps, mut element) = (0_u64, Shape::SCALAR);
                for part in &list.elements {
                    let (more, shape) = self.shape(part);
                    steps = steps.saturating_add(more).saturating_add(shape.weight / STEP);
                    element = element.or(shape);
                }
                (steps, Shape::list(list.elements.len() as u64, element))
            }
            Expr::Map(map) => {
                let (mut steps, mut element) = (0_u64, Shape::SCALAR);
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    for part in [&entry.key, &entry.value] {
                        let (more, shape) = self.shape(part);
                        steps = steps.saturating_add(more).saturating_add(shape.weight / STEP);
                        element = element.or(shape);
                    }
                }
                (steps, Shape::list(2 * map.entries.len() as u64, element))
            }
            Expr::Call(call) => {
                let mut steps = 0_u64;
                let mut parts = Vec::with_capacity(call.args.len() + 1);
                for part in call.target.as_deref().into_iter().chain(&call.args) {
                    let (more, shape) = self.shape(part);
                    steps = steps.saturating_add(more);
                    parts.push(shape);
                }
                let (more, shape) = call_of(&call.func_name, &parts);
                (steps.saturating_add(more), shape)
            }
            Expr::Comprehension(each) => self.each(each),
        };
        self.heaviest = self.heaviest.max(shape.weight);
        (steps.saturating_add(1), Size::Bound(shape))
    }

    fn each(&mut self, each: &'a ComprehensionExpr) -> (u64, Shape) {
        let (range_steps, range) = self.node(&each.iter_range);
        let (rounds, item) = range.elements();
        let copied = item.shape().weight / STEP;
        let outside = self.bound.len();
        self.bound.push((&each.iter_var, item));
        let appended = appended(each);
        let (mut body, result) = match appended {
            Some((guard, elements)) => {
                let mut steps = guard.map_or(0, |guard| self.node(guard).0);
                let mut element = Shape::SCALAR;
                for part in elements {
                    let (more, shape) = self.shape(part);
                    // Each element is copied into the list.
                    steps = steps.saturating_add(more).saturating_add(shape.weight / STEP);
                    element = element.or(shape);
                }
                (steps, Shape::list(rounds.saturating_mul(elements.len() as u64), element))
            }
            None => {
                self.bound.push((&each.accu_var, Size::Bound(Shape::SCALAR)));
                let (condition, _) = self.node(&each.loop_cond);
                let (step, _) = self.node(&each.loop_step);
                let (last, _) = self.node(&each.result);
                (condition.saturating_add(step).saturating_add(last), Shape::SCALAR)
            }
        };
        self.bound.truncate(outside);
        body = body.saturating_add(4).saturating_add(copied);
        (range_steps.saturating_add(rounds.saturating_mul(body)), result)
    }
}

/// Of a `map` or `filter`: its condition, and what it appends in each round. Others make yes, no or a number.
fn appended(each: &ComprehensionExpr) -> Option<(Option<&IdedExpr>, &[IdedExpr])> {
    let Expr::Call(step) = &each.loop_step.expr else { return None };
    let (guard, add) = match (step.func_name.as_str(), step.args.as_slice()) {
        ("_?_:_", [guard, then, _]) => match &then.expr {
            Expr::Call(add) if add.func_name == "_+_" => (Some(guard), add),
            _ => return None,
        },
        ("_+_", _) => (None, step),
        _ => return None,
    };
    match &add.args.get(1)?.expr {
        Expr::List(list) => Some((guard, &list.elements)),
        _ => None,
    }
}

/// What a call takes beyond its parts, and the size of its result.
fn call_of(name: &str, parts: &[Shape]) -> (u64, Shape) {
    let first = parts.first().copied().unwrap_or(Shape::SCALAR);
    let second = parts.get(1).copied().unwrap_or(Shape::SCALAR);
    let weight = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.weight));
    let read = weight / STEP;
    match name {
        "_?_:_" => (1, second.or(parts.get(2).copied().unwrap_or(Shape::SCALAR))),
        "_+_" => (read, first.and(second)),
        "_[_]" | "_[?_]" | "_?._" => (1 + first.item / STEP, first.element()),
        // Equality of maps and lists looks at everything, until one of them ends.
        "_==_" | "_!=_" => (1 + first.weight.min(second.weight) / STEP * 4, Shape::SCALAR),
        "@in" => (second.len.saturating_mul(1 + first.weight.min(second.item) / STEP * 4), Shape::SCALAR),
        "or" | "orValue" => (read, first.or(second)),
        "value" => (read, first),
        "lowerAscii" | "upperAscii" | "trim" | "substring" => (read, first),
        "string" => (read, Shape { weight: first.weight.saturating_add(400), ..first }),
        // A literal pattern of bounded size, compiled each time; the worst of them looks at each byte many times.
        "matches" => (1_000_u64.saturating_add(first.weight.saturating_mul(16)), Shape::SCALAR),
        "split" => {
            let made = Shape { weight: first.weight.saturating_mul(17), len: first.weight, item: first.weight };
            (made.weight / STEP, made)
        }
        "join" => {
            let joined = first.weight.saturating_add(first.len.saturating_mul(second.weight));
            (joined / STEP, Shape { weight: joined, len: 0, item: 0 })
        }
        // A text may be put in between any two characters.
        "replace" => {
            let third = parts.get(2).copied().unwrap_or(Shape::SCALAR);
            let made = first.weight.saturating_add(first.weight.saturating_mul(third.weight));
            (made / STEP, Shape { weight: made, len: 0, item: 0 })
        }
        "distinct" | "sort" => {
            let pairs = first.len.saturating_mul(first.len);
            (pairs.saturating_mul(1 + first.item / STEP).saturating_add(read), first)
        }
        _ => (read, Shape::SCALAR),
    }
}
