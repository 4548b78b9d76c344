//! Attributes as the sieve reads them: where a name comes twice in one object, a value that must not be kept does not hide behind
//! another one.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Sieve;

/// Reads JSON for a sieve.
pub(super) struct Reader<'a> {
    sieve: &'a Sieve,
    /// Some name came twice, so that the text says more than what was read of it.
    found_repeated: Cell<bool>,
}

impl<'a> Reader<'a> {
    /// The value, and whether some name came twice in one of its objects; none when the text is not JSON.
    ///
    /// Of a name that comes twice, a value that must not be kept stands; else the last one, as readers of JSON have it.
    pub fn read(sieve: &'a Sieve, json: &str) -> Option<(Value, bool)> {
        let reader = Reader { sieve, found_repeated: Cell::new(false) };
        let mut text = serde_json::Deserializer::from_str(json);
        let value = reader.deserialize(&mut text).ok()?;
        text.end().ok()?;
        Some((value, reader.found_repeated.get()))
    }
}

impl<'de> DeserializeSeed<'de> for &Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, text: D) -> Result<Value, D::Error> {
        text.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            read.push(item);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            let Some(before) = read.get(&name) else {
                read.insert(name, value);
                continue;
            };
            self.found_repeated.set(true);
            if !self.sieve.is_forbidden(&name, before) {
                read.insert(name, value);
            }
        }
        Ok(read.into())
    }
}
