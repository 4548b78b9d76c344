//! One page of a list: rows split without being parsed, bad ones skipped, progress worked out.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::failure::reason;
use crate::json::{Object, scalar};
use crate::paging::Place;
use crate::{Kind, Out, Page, Paging, Raw, Reference, Response, Result};

/// Where a row's id is looked for, unless [`List::id_at`] says where.
const IDS: [&str; 6] = ["id", "_id", "uuid", "guid", "uid", "key"];

/// An answered request for one page.
#[must_use = "a list becomes a page by `each`"]
pub struct List {
    response: Response,
    paging: Paging,
    place: Place,
    rows: &'static str,
    kind: Option<Kind>,
    id: Option<&'static str>,
    prefix: &'static str,
    numbers: Option<bool>,
}

impl List {
    pub(crate) fn new(response: Response, paging: Paging, place: Place, rows: &'static str) -> Self {
        List { response, paging, place, rows, kind: None, id: None, prefix: "", numbers: None }
    }

    /// What each row is. A row that can't be read is then skipped by its id and counts as seen; without a kind, its feed is incomplete.
    pub fn of(mut self, kind: Kind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Where a row's id stands (a JSON Pointer), if not in `id`, `_id`, `uuid`, `guid`, `uid` or `key`.
    pub fn id_at(mut self, pointer: &'static str) -> Self {
        self.id = Some(pointer);
        self
    }

    /// Ids are texts: a number is none, and its row is not known by it. A record would be seen that there is not, and another missing.
    pub fn text_ids(mut self) -> Self {
        self.numbers = Some(false);
        self
    }

    /// Ids are numbers: a text is none.
    pub fn number_ids(mut self) -> Self {
        self.numbers = Some(true);
        self
    }

    /// What the connector puts before a row's id to make the record's: `admin:`.
    pub fn id_prefix(mut self, prefix: &'static str) -> Self {
        self.prefix = prefix;
        self
    }

    /// The answer, for what stands beside its rows.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// Hands over each row, as a value, as its own bytes, and with the place for what it becomes; then makes the page.
    ///
    /// A row that is no `T` is skipped with the reason. Rows, total and progress are filled in.
    ///
    /// # Errors
    /// `unexpected-response`: the answer is no JSON, or has no list of rows; or its next page can't be asked for.
    pub fn each<T: DeserializeOwned>(self, mut row: impl FnMut(T, Raw<'_>, &mut Out)) -> Result<Page> {
        self.split(&mut |raw, out| {
            let value: T = serde_json::from_str(raw.get())?;
            row(value, Raw::of(raw), out);
            Ok(())
        })
    }

    /// Hands over each row by its id alone, for rows of which nothing else must be right; then makes the page. The rest of a row is in
    /// [`Raw::fields`]. A row without an id is skipped.
    ///
    /// # Errors
    /// As [`each`](Self::each).
    pub fn each_by_id(self, mut row: impl FnMut(String, Raw<'_>, &mut Out)) -> Result<Page> {
        let (at, numbers) = (self.id, self.numbers);
        self.split(&mut |raw, out| {
            let id = id_of(raw, at, numbers).ok_or_else(|| <serde_json::Error as serde::de::Error>::custom("it has no id"))?;
            row(id, Raw::of(raw), out);
            Ok(())
        })
    }

    // Not generic, so that it is compiled once and not for every row type.
    fn split(self, row: &mut dyn FnMut(&RawValue, &mut Out) -> serde_json::Result<()>) -> Result<Page> {
        let envelope: Option<Object<'_>> = if self.rows.is_empty() { None } else { Some(self.response.parse()?) };
        let rows: Vec<&RawValue> = match &envelope {
            None => self.response.parse()?,
            Some(envelope) => {
                let found = if self.rows.starts_with('/') { envelope.pointer(self.rows) } else { envelope.member(self.rows) };
                found.and_then(|found| serde_json::from_str(found.get()).ok()).ok_or_else(|| {
                    let label = self.response.label();
                    self.response.misread(format_args!("The answer to {label} has no list {:?}.", self.rows))
                })?
            }
        };
        let mut out = Out::default();
        for raw in &rows {
            if let Err(error) = row(raw, &mut out) {
                let reason = format!("A row of {} can't be read: {}.", self.response.label(), reason(&error));
                match self.subject(raw) {
                    Some(subject) => out.skip(subject, reason),
                    None => out.skip_unknown(reason),
                }
            }
        }
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let total = self.paging.total(&self.response, envelope.as_ref());
        let progress = self.paging.progress(&self.place, count, total, &self.response, envelope.as_ref())?;
        Ok(out.page(count, total, progress))
    }

    /// The record that an unreadable row would have been.
    fn subject(&self, raw: &RawValue) -> Option<Reference> {
        let kind = self.kind?;
        let id = id_of(raw, self.id, self.numbers)?;
        Some(Reference::new(kind, format_args!("{}{id}", self.prefix)))
    }
}

fn id_of(raw: &RawValue, at: Option<&str>, numbers: Option<bool>) -> Option<String> {
    let row = Object::of(raw)?;
    let id = |found: &RawValue| scalar(found).filter(|_| numbers.is_none_or(|numbers| numbers != found.get().starts_with('"')));
    match at {
        Some(pointer) => row.pointer(pointer).and_then(id),
        None => IDS.iter().find_map(|name| row.member(name).and_then(id)),
    }
}
