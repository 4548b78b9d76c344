//! Several lists read one after another as one, through the cursor.

use crate::{Failure, FailureCode, Page, Progress, Result};

/// One of the lists, and where in it the page stands. For a feed whose rows the vendor spreads over several lists: users, then
/// groups, that reach an application.
///
/// ```
/// # use headcount_connector::prelude::*;
/// # const LIST: Paging = Paging::offset("skip").size("limit", 100).until(End::Short);
/// fn holders(vendor: &Vendor<Value>, cursor: Option<&str>) -> Result<Page> {
///     let part = Part::of(cursor, &["users", "groups"])?;
///     let page = vendor.get("/holders").query("kind", part.name).list(&LIST, part.cursor, "")?.each(|_: Value, _, _| {})?;
///     Ok(if part.name == "users" { part.then(page, "groups") } else { part.end(page) })
/// }
/// ```
///
/// The lists' totals are told as one number, with the last list; not at all if one of the lists states none. Of each list the largest
/// total counts that a page of it states: rows that moved while it was read don't add up with it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Which list: one of the names that [`of`](Self::of) was given.
    pub name: &'a str,
    /// How many rows the lists before this one have, where all of them state it.
    pub before: Option<u32>,
    /// How many rows this list has, by the page that states most.
    total: Option<u32>,
    /// Where in this list. None: at its beginning.
    pub cursor: Option<&'a str>,
}

impl<'a> Part<'a> {
    /// The list that a feed's cursor stands in; without a cursor, the first of these.
    ///
    /// # Errors
    /// `cursor-expired`: the cursor names none of them.
    pub fn of(cursor: Option<&'a str>, names: &[&'static str]) -> Result<Self> {
        let found = match cursor {
            None => names.first().map(|name| Part { name, before: Some(0), total: None, cursor: None }),
            Some(cursor) => Self::read(cursor).filter(|part| names.contains(&part.name)),
        };
        found.ok_or_else(|| Failure::new(FailureCode::CursorExpired, "This connector gave no such cursor."))
    }

    /// This page, which another list follows when this one has ended.
    pub fn then(self, page: Page, next: &str) -> Page {
        let progress = match page.progress {
            Progress::More(cursor) => self.more(page.total, &cursor),
            Progress::Complete => Part { name: next, before: self.sum(page.total), total: None, cursor: None }.more(None, ""),
            partial => partial,
        };
        Page { total: None, progress, ..page }
    }

    /// This page, of the last list.
    pub fn end(self, page: Page) -> Page {
        let progress = match page.progress {
            Progress::More(cursor) => self.more(page.total, &cursor),
            end => end,
        };
        Page { total: self.sum(page.total), progress, ..page }
    }

    fn sum(self, total: Option<u32>) -> Option<u32> {
        self.before.zip(self.total.max(total)).map(|(before, total)| before.saturating_add(total))
    }

    fn more(self, total: Option<u32>, cursor: &str) -> Progress {
        let written = |rows: Option<u32>| rows.map(|rows| rows.to_string()).unwrap_or_default();
        Progress::More(format!("{}~{}~{}~{cursor}", self.name, written(self.before), written(self.total.max(total))))
    }

    fn read(cursor: &'a str) -> Option<Self> {
        let mut parts = cursor.splitn(4, '~');
        let (name, before, total, cursor) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let rows = |written: &str| if written.is_empty() { Some(None) } else { written.parse().ok().map(Some) };
        Some(Part { name, before: rows(before)?, total: rows(total)?, cursor: Some(cursor).filter(|cursor| !cursor.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Out;

    const NAMES: [&str; 2] = ["users", "groups"];

    fn page(total: Option<u32>, progress: Progress) -> Page {
        Out::default().page(1, total, progress)
    }

    fn cursor(page: &Page) -> &str {
        match &page.progress {
            Progress::More(cursor) => cursor,
            _ => "",
        }
    }

    #[test]
    fn lists_follow_one_another_and_their_totals_are_told_as_one() {
        let first = Part::of(None, &NAMES).unwrap().then(page(Some(7), Progress::More("2~x".into())), "groups");
        assert_eq!((cursor(&first), first.total), ("users~0~7~2~x", None));
        let second = Part::of(Some("users~0~7~2~x"), &NAMES).unwrap();
        assert_eq!((second.name, second.before, second.cursor), ("users", Some(0), Some("2~x")));
        let second = second.then(page(Some(7), Progress::Complete), "groups");
        assert_eq!(cursor(&second), "groups~7~~");
        let third = Part::of(Some("groups~7~~"), &NAMES).unwrap();
        assert_eq!((third.name, third.cursor), ("groups", None));
        let third = third.end(page(Some(u32::MAX), Progress::Complete));
        assert_eq!((third.total, third.progress), (Some(u32::MAX), Progress::Complete));
    }

    #[test]
    fn a_list_counts_as_the_page_says_that_states_most() {
        let shrunk = Part::of(Some("users~0~7~2"), &NAMES).unwrap().then(page(Some(6), Progress::Complete), "groups");
        assert_eq!(cursor(&shrunk), "groups~7~~");
        let last = Part::of(Some("groups~7~3~2"), &NAMES).unwrap().end(page(Some(2), Progress::Complete));
        assert_eq!(last.total, Some(10));
        let grown = Part::of(Some("users~0~7~2"), &NAMES).unwrap().then(page(Some(8), Progress::More("3".into())), "groups");
        assert_eq!(cursor(&grown), "users~0~8~3");
    }

    #[test]
    fn without_one_total_there_is_none() {
        let first = Part::of(None, &NAMES).unwrap().then(page(None, Progress::Complete), "groups");
        assert_eq!(cursor(&first), "groups~~~");
        let second = Part::of(Some("groups~~~"), &NAMES).unwrap().end(page(Some(7), Progress::More("3".into())));
        assert_eq!((cursor(&second), second.total), ("groups~~7~3", None));
    }

    #[test]
    fn a_cursor_of_another_make_has_expired() {
        for cursor in ["", "users", "users~1~1", "others~1~1~", "users~x~~", "users~1~x~", "users~-1~~", "users~4294967296~~"] {
            assert_eq!(Part::of(Some(cursor), &NAMES).unwrap_err().code, FailureCode::CursorExpired, "{cursor:?}");
        }
    }
}
