//! How large a value can be: what the costs of expressions are reckoned with.

use std::rc::Rc;

use serde_json::Value;

/// Bytes that any value takes, beside its text.
pub(crate) const NODE: u64 = 16;

/// Bounds of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Everything in it, in bytes.
    pub weight: u64,
    /// The most elements of any collection in it, itself included.
    pub len: u64,
    /// The weight of the heaviest element of any collection in it.
    pub item: u64,
}

impl Shape {
    /// A number, yes or no, or nothing.
    pub(crate) const SCALAR: Shape = Shape { weight: NODE, len: 0, item: 0 };
    /// A large but usual record: what expressions are held to when they are compiled.
    pub(crate) const USUAL: Shape = Shape { weight: 8 * 1024, len: 16, item: 512 };

    /// A text of so many bytes.
    pub(crate) fn text(bytes: usize) -> Shape {
        Shape { weight: NODE.saturating_add(bytes as u64), len: 0, item: 0 }
    }

    /// What both can be.
    pub(crate) fn or(self, other: Shape) -> Shape {
        Shape { weight: self.weight.max(other.weight), len: self.len.max(other.len), item: self.item.max(other.item) }
    }

    /// An element of a collection in it, or a field.
    pub(crate) fn element(self) -> Shape {
        Shape { weight: self.item.max(NODE), len: self.len, item: self.item }
    }

    /// A collection of so many such elements.
    pub(crate) fn list(len: u64, element: Shape) -> Shape {
        Shape {
            weight: len.saturating_mul(element.weight).saturating_add(NODE),
            len: len.max(element.len),
            item: element.weight.max(element.item),
        }
    }

    /// Both, one after the other.
    pub(crate) fn and(self, other: Shape) -> Shape {
        Shape {
            weight: self.weight.saturating_add(other.weight),
            len: self.len.saturating_add(other.len),
            item: self.item.max(other.item),
        }
    }

    /// The shape of a value. Deeper than expressions see it counts as nothing.
    pub(crate) fn of(value: &Value) -> Shape {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Shape::SCALAR,
            Value::String(text) => Shape::text(text.len()),
            Value::Array(items) => collection(items.iter().map(|item| (0, item))),
            Value::Object(fields) => collection(fields.iter().map(|(name, value)| (name.len() as u64 + NODE, value))),
        }
    }
}

/// What is known of a value's size: which parts of the record it can be, as long as it is one of them, or its bounds.
#[derive(Clone, Debug)]
pub(crate) enum Size<'v> {
    /// One of these.
    Known(Rc<[&'v Value]>),
    /// Anything within these bounds.
    Bound(Shape),
}

impl<'v> Size<'v> {
    /// This very value.
    pub(crate) fn of(value: &'v Value) -> Self {
        Size::Known(Rc::new([value]))
    }

    pub(crate) fn shape(&self) -> Shape {
        match self {
            Size::Known(values) => values.iter().map(|value| Shape::of(value)).fold(Shape::SCALAR, Shape::or),
            Size::Bound(shape) => *shape,
        }
    }

    /// The field of this name.
    pub(crate) fn field(&self, name: &str) -> Size<'v> {
        match self {
            Size::Known(values) => Size::Known(values.iter().filter_map(|value| value.get(name)).collect()),
            Size::Bound(shape) => Size::Bound(shape.element()),
        }
    }

    /// How many elements there are at most, and what each can be: of a map, its keys.
    pub(crate) fn elements(&self) -> (u64, Size<'v>) {
        let Size::Known(values) = self else {
            let shape = self.shape();
            return (shape.len, Size::Bound(shape.element()));
        };
        let length = |value: &&Value| value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
        let most = values.iter().filter_map(length).max().unwrap_or(0) as u64;
        if values.iter().any(|value| value.is_object()) {
            return (most, Size::Bound(self.shape().element()));
        }
        (most, Size::Known(values.iter().filter_map(|value| value.as_array()).flatten().collect()))
    }
}

fn collection<'a>(items: impl Iterator<Item = (u64, &'a Value)>) -> Shape {
    let mut whole = Shape { weight: NODE, len: 0, item: 0 };
    let mut count = 0_u64;
    for (name, value) in items {
        let shape = Shape::of(value);
        count += 1;
        whole.weight = whole.weight.saturating_add(shape.weight).saturating_add(name);
        // A map's keys are elements, too: it can be iterated over.
        whole.item = whole.item.max(shape.weight).max(shape.item).max(name);
        whole.len = whole.len.max(shape.len);
    }
    whole.len = whole.len.max(count);
    whole
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shape_bounds_what_is_within() {
        let shape = Shape::of(&json!({ "a": ["xxxx", "y"], "b": { "c": [1, 2, 3] } }));
        assert_eq!(shape.len, 3);
        assert!(shape.item >= Shape::of(&json!(["xxxx", "y"])).weight);
        assert!(shape.weight > shape.item);
        assert_eq!(Shape::of(&json!(null)), Shape::SCALAR);
    }
}
