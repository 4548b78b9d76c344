//! How a vendor divides lists into pages, said once as a constant.

mod next;

use serde_json::value::RawValue;

use crate::json::{Object, scalar};
use crate::{Failure, FailureCode, Progress, Request, Response, Result};
use next::From;

/// The longest cursor that the contract allows, in bytes.
const LONGEST_CURSOR: usize = 4096;

/// How a list is asked for page by page, and how its end is known.
///
/// ```
/// # use headcount_connector::prelude::*;
/// // ?page=1&per_page=500, until meta.next_page is null.
/// const BY_PAGE: Paging = Paging::pages("page", 1).size("per_page", 500).until(End::Null("/meta/next_page"));
/// // ?skip=0&limit=100, until as many rows came as the answer states.
/// const BY_OFFSET: Paging = Paging::offset("skip").size("limit", 100).total_at("/totalCount");
/// // ?cursor=…, taken out of the URL in next.
/// const BY_NEXT: Paging = Paging::next_url("/next", "cursor");
/// ```
///
/// The URL of a next page is never followed: one query parameter is taken out of it, whatever host it names.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    step: Step,
    size: Option<(&'static str, u32)>,
    end: End,
    total: Option<Total>,
    sparse: bool,
}

/// How the end of a list by page number or offset is known. Where the vendor says in the answer whether a page follows, that counts;
/// then a stated total: that many rows, and it is the end. Where neither is there, an empty page is always the end.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// An empty page: one request more than the list needs, and always right.
    Empty,
    /// A page with fewer rows than were asked for. Only for vendors that always give the size that is asked for: one that gives
    /// less would end the list at once.
    Short,
    /// This place (a JSON Pointer) in the answer holds null. Where the place does not exist, an empty page ends the list. A page without
    /// rows at which the list is over, though the page before named it, is asked for again at once: rows were lost.
    Null(&'static str),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Single,
    Page { name: &'static str, first: u32 },
    Offset { name: &'static str },
    Cursor { name: &'static str, from: From },
}

#[derive(Clone, Copy, Debug)]
enum Total {
    Header(&'static str),
    Body(&'static str),
}

/// Where in a list a page stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The number of the page or the cursor do not count rows; `before` is what was asked with.
    Cursor { before: Option<String> },
    /// This page number, after so many rows.
    Counted { page: u32, seen: u32 },
}

impl Paging {
    const fn new(step: Step) -> Self {
        Paging { step, size: None, end: End::Empty, total: None, sparse: false }
    }

    /// The whole list in one answer.
    pub const fn single() -> Self {
        Self::new(Step::Single)
    }

    /// Page numbers in this parameter, beginning with `first`. Ends with an empty page, unless something else is said.
    pub const fn pages(parameter: &'static str, first: u32) -> Self {
        Self::new(Step::Page { name: parameter, first })
    }

    /// The number of rows to pass over in this parameter. Ends with an empty page, unless something else is said.
    pub const fn offset(parameter: &'static str) -> Self {
        Self::new(Step::Offset { name: parameter })
    }

    /// A cursor in this parameter; the next one stands in the answer at this JSON Pointer. Ends where it is null, empty or absent.
    pub const fn cursor(pointer: &'static str, parameter: &'static str) -> Self {
        Self::new(Step::Cursor { name: parameter, from: From::Value(pointer) })
    }

    /// The URL of the next page stands in the answer at this JSON Pointer; its value of this parameter is the cursor.
    /// Ends where the URL is null, empty or absent.
    pub const fn next_url(pointer: &'static str, parameter: &'static str) -> Self {
        Self::new(Step::Cursor { name: parameter, from: From::Url(pointer) })
    }

    /// The URL of the next page stands in the `Link` header under `rel="next"`; its value of this parameter is the cursor.
    /// Ends without one.
    pub const fn link(parameter: &'static str) -> Self {
        Self::new(Step::Cursor { name: parameter, from: From::Link })
    }

    /// Asks for this many rows a page in this parameter.
    #[must_use]
    pub const fn size(mut self, parameter: &'static str, rows: u32) -> Self {
        self.size = Some((parameter, rows));
        self
    }

    /// How the end is known, by page number or offset.
    #[must_use]
    pub const fn until(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// A page may have no rows and yet name a next one, as where the vendor cuts the pages first and filters them then. Without this
    /// such a page is an unexpected response: rows are lacking, and nobody knows how many. By cursor and with [`End::Null`], it may be the
    /// last one, too: without this, a last page without rows that the page before named is asked for again at once.
    #[must_use]
    pub const fn may_be_empty(mut self) -> Self {
        self.sparse = true;
        self
    }

    /// The vendor states the number of all rows in this header: `x-total-count`. Where it doesn't, the list goes on without.
    #[must_use]
    pub const fn total_header(mut self, name: &'static str) -> Self {
        self.total = Some(Total::Header(name));
        self
    }

    /// The vendor states the number of all rows in the answer at this JSON Pointer: `/totalCount`.
    #[must_use]
    pub const fn total_at(mut self, pointer: &'static str) -> Self {
        self.total = Some(Total::Body(pointer));
        self
    }

    /// Puts the page's parameters on a request.
    pub(crate) fn ask<'a>(&self, request: Request<'a>, cursor: Option<&str>) -> Result<(Request<'a>, Place)> {
        let unknown = || Failure::new(FailureCode::CursorExpired, "This list has no page of that cursor.");
        let (request, place) = match self.step {
            Step::Single if cursor.is_some() => return Err(unknown()),
            Step::Single => (request, Place::Cursor { before: None }),
            Step::Page { name, first } => {
                let (page, seen) = match cursor {
                    Some(cursor) => {
                        cursor.split_once('.').and_then(|(page, seen)| Some((page.parse().ok()?, seen.parse().ok()?)))
                    }
                    None => Some((first, 0)),
                }
                .ok_or_else(unknown)?;
                (request.query(name, page), Place::Counted { page, seen })
            }
            Step::Offset { name } => {
                let seen = cursor.map_or(Some(0), |cursor| cursor.parse().ok()).ok_or_else(unknown)?;
                (request.query(name, seen), Place::Counted { page: 0, seen })
            }
            Step::Cursor { name, .. } => {
                let before = cursor.map(str::to_owned);
                (cursor.into_iter().fold(request, |request, cursor| request.query(name, cursor)), Place::Cursor { before })
            }
        };
        Ok((self.size.iter().fold(request, |request, (name, rows)| request.query(name, rows)), place))
    }

    /// The number of all rows, where the answer states it.
    pub(crate) fn total(&self, response: &Response, envelope: Option<&Object<'_>>) -> Option<u32> {
        match self.total? {
            Total::Header(name) => response.header(name)?.trim().parse().ok(),
            Total::Body(pointer) => scalar(envelope?.pointer(pointer)?)?.parse().ok(),
        }
    }

    /// What follows a page of so many rows.
    pub(crate) fn progress(
        &self,
        place: &Place,
        rows: u32,
        total: Option<u32>,
        response: &Response,
        envelope: Option<&Object<'_>>,
    ) -> Result<Progress> {
        let label = response.label();
        let next = match (self.step, place) {
            (Step::Cursor { name, from }, Place::Cursor { before }) => {
                let next = from.next(name, response, envelope)?;
                if next.is_some() && next == *before {
                    return Err(response.misread(format_args!("The answer to {label} names itself as the page after it.")));
                }
                if rows == 0 && next.is_none() && before.is_some() && !self.sparse {
                    return Err(lost(response));
                }
                next
            }
            (_, Place::Counted { seen, .. }) if rows == 0 && *seen > 0 && !self.sparse && self.says_that_it_ends(envelope) => {
                return Err(lost(response));
            }
            (_, Place::Counted { page, seen }) => {
                let seen = seen.saturating_add(rows);
                match page.checked_add(1) {
                    Some(page) if !self.ends(rows, seen, total, envelope) => Some(match self.step {
                        Step::Offset { .. } => seen.to_string(),
                        _ => format!("{page}.{seen}"),
                    }),
                    _ => None,
                }
            }
            _ => None,
        };
        match next {
            Some(_) if rows == 0 && !self.sparse => {
                Err(response.misread(format_args!("The answer to {label} has no rows, and yet names a next page.")))
            }
            Some(next) if next.len() > LONGEST_CURSOR => {
                Err(response.misread(format_args!("The answer to {label} has a cursor of more than {LONGEST_CURSOR} bytes.")))
            }
            Some(next) => Ok(Progress::More(next)),
            None => Ok(Progress::Complete),
        }
    }

    /// Whether the vendor says in the answer that no page follows.
    fn says_that_it_ends(&self, envelope: Option<&Object<'_>>) -> bool {
        self.named(envelope).is_some_and(|next| next.get() == "null")
    }

    /// What the answer says of the next page, where a null there would be the end.
    fn named<'a>(&self, envelope: Option<&Object<'a>>) -> Option<&'a RawValue> {
        let End::Null(pointer) = self.end else { return None };
        envelope?.pointer(pointer)
    }

    fn ends(&self, rows: u32, seen: u32, total: Option<u32>, envelope: Option<&Object<'_>>) -> bool {
        match (self.end, total) {
            // An empty page that names a next one is no end.
            (End::Null(_), _) if self.named(envelope).is_some() => self.says_that_it_ends(envelope),
            _ if rows == 0 => true,
            (_, Some(total)) => seen >= total,
            (End::Short, None) => self.size.is_some_and(|(_, size)| rows < size),
            (End::Empty | End::Null(_), None) => false,
        }
    }
}

/// A page without rows at which the list is over, though the page before named it: rows were lost, and may be there in a moment.
fn lost(response: &Response) -> Failure {
    let label = response.label();
    Failure {
        http_status: Some(response.status()),
        retry_after: Some(0),
        ..Failure::unavailable(format_args!("The answer to {label} has no rows, and yet the page before it named it."))
    }
}
