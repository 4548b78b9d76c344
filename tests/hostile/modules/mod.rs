//! Modules and components that no compiler would make: texts of this folder, and generators where a text would be long.

use anyhow::Result;

use super::component::{from_fields, packed};

/// Names the texts: each becomes a function that gives the packed component.
macro_rules! texts {
    ($($name:ident),+ $(,)?) => {
        $(pub(super) fn $name() -> Result<Vec<u8>> {
            packed(&from_fields(include_str!(concat!(stringify!($name), ".wat")))?)
        })+
    };
}

texts!(spin_in_start);
