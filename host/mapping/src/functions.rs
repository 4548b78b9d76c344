//! The functions that expressions may call, and the library behind them.

use std::sync::{Arc, OnceLock};

use cel::{Env, extensions};

/// A function: its name, and with how many arguments it can be called, what it is called on included.
pub(crate) struct Known {
    pub name: &'static str,
    arguments: std::ops::RangeInclusive<usize>,
}

const fn known(name: &'static str, least: usize, most: usize) -> Known {
    Known { name, arguments: least..=most }
}

/// Everything else is refused when an expression is compiled: costs are known for these alone.
pub(crate) const FUNCTIONS: &[Known] = &[
    known("size", 1, 1),
    known("contains", 2, 2),
    known("startsWith", 2, 2),
    known("endsWith", 2, 2),
    known("matches", 2, 2),
    known("lowerAscii", 1, 1),
    known("upperAscii", 1, 1),
    known("trim", 1, 1),
    known("replace", 3, 3),
    known("split", 2, 2),
    known("join", 1, 2),
    known("substring", 2, 3),
    known("distinct", 1, 1),
    known("sort", 1, 1),
    known("string", 1, 1),
    known("int", 1, 1),
    known("double", 1, 1),
    known("bool", 1, 1),
    known("orValue", 2, 2),
    known("or", 2, 2),
    known("hasValue", 1, 1),
    known("value", 1, 1),
];

/// Operators, as the parser names them.
pub(crate) const OPERATORS: &[&str] = &[
    "_?_:_",
    "_&&_",
    "_||_",
    "!_",
    "_-_",
    "_+_",
    "_*_",
    "_/_",
    "_%_",
    "_==_",
    "_!=_",
    "_>=_",
    "_<=_",
    "_>_",
    "_<_",
    "-_",
    "_[_]",
    "_[?_]",
    "_?._",
    "@in",
    "@not_strictly_false",
];

/// Why a call can't be made, if it can't.
pub(crate) fn problem(name: &str, arguments: usize) -> Option<String> {
    if OPERATORS.contains(&name) {
        return None;
    }
    match FUNCTIONS.iter().find(|known| known.name == name) {
        Some(known) if known.arguments.contains(&arguments) => None,
        Some(_) => Some(format!("{name} is called with the wrong number of arguments")),
        None => {
            let names: Vec<&str> = FUNCTIONS.iter().map(|known| known.name).collect();
            Some(format!("there is no function {name}; there are map, filter, all, exists, has, {}", names.join(", ")))
        }
    }
}

/// The library, made once.
pub(crate) fn library() -> Arc<Env> {
    static LIBRARY: OnceLock<Arc<Env>> = OnceLock::new();
    let make = || {
        let mut library = Env::stdlib();
        // Both only fail where a function is there already; then its calls fail, one by one.
        let _ = library.add_extension(extensions::strings);
        let _ = library.add_extension(extensions::lists);
        Arc::new(library)
    };
    LIBRARY.get_or_init(make).clone()
}
