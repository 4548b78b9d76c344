//! Reading the licenses page by page, whatever JetBrains makes of a request that does not say whether they are assigned.
//!
//! Documents say that such a request lists free licenses only; clients were given all. So a list in which no person holds anything
//! is not believed: the licenses that are held are then asked for, and the two lists are read as one.

use headcount_connector::prelude::*;

use crate::license::{self, Row};
use crate::{Config, LIST, licenses};

/// What was read of a list in which no person holds anything, and where to go on. A cursor holds these four, and what is read.
#[derive(Clone, Copy, Default)]
struct Free<'a> {
    /// Rows.
    seen: u32,
    /// Rows held by license servers and keys.
    machines: u32,
    /// How many rows JetBrains said there were.
    stated: Option<u32>,
    /// The page.
    at: Option<&'a str>,
}

/// One page.
pub fn read(vendor: &Vendor<Config>, cursor: Option<&str>) -> Result<Page> {
    let Some(cursor) = cursor else { return unclear(vendor, Free::default()) };
    match cursor.split_once('~') {
        // A person holds one of those before.
        Some(("all", at)) => Some(one_page(licenses(vendor), Some(at)).map(|(page, ..)| all(page))),
        Some(("free", rest)) => Free::of(rest).map(|free| unclear(vendor, free)),
        Some(("held", rest)) => Free::of(rest).map(|free| held(vendor, free)),
        _ => None,
    }
    .unwrap_or_else(|| Err(Failure::new(FailureCode::CursorExpired, "This connector gave no such cursor.")))
}

fn all(mut page: Page) -> Page {
    if let Progress::More(next) = page.progress {
        page.progress = Progress::More(format!("all~{next}"));
    }
    page
}

/// A page of perhaps all licenses, perhaps only the free ones.
fn unclear(vendor: &Vendor<Config>, before: Free<'_>) -> Result<Page> {
    let (mut page, people, machines) = one_page(licenses(vendor), before.at)?;
    if people > 0 {
        return Ok(all(page));
    }
    // The stated number may be of free licenses alone, so it is kept back until that is known.
    let stated = page.total.take();
    let free = Free {
        seen: before.seen.saturating_add(page.rows),
        machines: before.machines.saturating_add(machines),
        stated,
        at: None,
    };
    page.progress = Progress::More(match &page.progress {
        Progress::More(next) => Free { at: Some(next), ..free }.spelt("free"),
        _ => free.spelt("held"),
    });
    Ok(page)
}

/// A page of those that are held, after all that are free.
fn held(vendor: &Vendor<Config>, free: Free<'_>) -> Result<Page> {
    let (mut page, people, _) = one_page(licenses(vendor).query("assigned", true), free.at)?;
    if free.at.is_none() && free.machines > 0 && people == 0 && page.total.unwrap_or(page.rows) == free.machines {
        // The first list was of all licenses, and only license servers and keys hold any of them.
        return Ok(Page {
            records: Records::default(),
            skipped: None,
            rows: 0,
            total: free.stated,
            progress: Progress::Complete,
        });
    }
    let stated_held = page.total;
    // A number larger than the list that it came with counts all licenses, whichever were asked for.
    let counts_all = stated_held.is_some() && free.stated == stated_held && free.stated > Some(free.seen);
    let total = |stated_free: Option<u32>| match counts_all {
        true => stated_free,
        false => stated_free.zip(stated_held).map(|(free, held)| free.saturating_add(held)),
    };
    page.total = total(free.stated);
    if let Progress::More(next) = &page.progress {
        page.progress = Progress::More(Free { at: Some(next), ..free }.spelt("held"));
    } else if page.total.is_some() && (page.rows > 0 || free.at.is_some()) {
        // A license taken back meanwhile has left this list, and was not in the other yet: then their numbers differ.
        let first = licenses(vendor).query("page", 1).query("perPage", 1).send()?;
        let now = first.header("x-total-count").and_then(|number| number.trim().parse().ok());
        page.total = total(now.or(free.stated));
    }
    Ok(page)
}

/// A page, and how many of its licenses people hold, and machines.
fn one_page(request: Request<'_>, at: Option<&str>) -> Result<(Page, u32, u32)> {
    let (mut people, mut machines) = (0, 0);
    let page = request.list(&LIST, at, "")?.each(|row: Row, raw, out| {
        people += u32::from(row.is_held_by_person());
        machines += u32::from(row.is_held_by_machine());
        license::add(row, raw, out);
    })?;
    Ok((page, people, machines))
}

impl<'a> Free<'a> {
    fn spelt(self, list: &str) -> String {
        let stated = self.stated.map(|stated| stated.to_string()).unwrap_or_default();
        format!("{list}~{}~{}~{stated}~{}", self.seen, self.machines, self.at.unwrap_or_default())
    }

    fn of(cursor: &'a str) -> Option<Self> {
        let mut parts = cursor.splitn(4, '~');
        let (seen, machines, stated) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok());
        Some(Free { seen, machines, stated, at: Some(parts.next()?).filter(|at| !at.is_empty()) })
    }
}
