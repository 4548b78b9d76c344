//! The contract's values read into Headcount's: times parsed, empty text taken as none, what is too much refused. Ids stay as they
//! came.

pub(crate) mod overwritten;
mod reader;
mod records;
pub(crate) mod weight;

use headcount_model::{Access, Fact, Failure, FailureCode, FeedAccess, Outcome, Page, Progress, Scope, Skipped};

use crate::bindings::model as wit;
use crate::budget::{Excess, Meter, Resource};
use crate::error::CallError;
use reader::Reader;

/// The longest cursor. It is stored with every page.
const MAX_CURSOR: usize = 4 << 10;
/// The longest text for people: a message, a reason, a label. The rest is cut off.
const MAX_TEXT: usize = 4 << 10;
/// Facts, their values and feeds of a scope. It is stored, compared and shown whole.
const MAX_SCOPE_ITEMS: usize = 10_000;
/// The longest item of a scope.
const MAX_SCOPE_TEXT: usize = 1 << 10;

/// Reads what `check` gave.
pub(crate) fn scope(scope: wit::Scope, meter: &Meter) -> Result<Scope, CallError> {
    let facts = scope.facts.unwrap_or_default();
    let feeds = scope.feeds.unwrap_or_default();
    let items = facts.iter().map(|fact| 1 + fact.values.len()).sum::<usize>() + feeds.len();
    if items > MAX_SCOPE_ITEMS {
        return Err(CallError::Contract(format!("a scope of {items} items; at most {MAX_SCOPE_ITEMS} are taken")));
    }
    let texts = facts.iter().flat_map(|fact| std::iter::once(&fact.name).chain(&fact.values));
    let texts = texts.chain(feeds.iter().map(|feed| &feed.feed)).chain([&scope.organization]);
    if texts.into_iter().any(|text| text.len() > MAX_SCOPE_TEXT) {
        return Err(CallError::Contract(format!("an item of the scope is longer than {MAX_SCOPE_TEXT} bytes")));
    }
    let mut reader = Reader::new(meter);
    let expires_at = reader.time(scope.expires_at, "expires-at", &"the scope");
    let feeds = feeds.into_iter().map(|feed| FeedAccess {
        feed: feed.feed,
        access: match feed.access {
            wit::Access::Readable => Access::Readable,
            wit::Access::Forbidden => Access::Forbidden,
            wit::Access::NotOffered => Access::NotOffered,
        },
        note: feed.note.filter(|note| !note.is_empty()).map(cut),
    });
    Ok(Scope {
        organization: scope.organization,
        label: cut(scope.label),
        facts: facts.into_iter().map(|fact| Fact { name: fact.name, values: fact.values }).collect(),
        feeds: feeds.collect(),
        expires_at,
    })
}

/// Reads a page, and counts its records. A skipped row counts as one: it is kept as seen.
pub(crate) fn page(page: wit::Page, meter: &Meter) -> Result<Page, CallError> {
    let skipped = page.skipped.unwrap_or_default();
    let mut reader = Reader::new(meter);
    reader.count(skipped.len())?;
    let ids: usize = skipped.iter().filter_map(|row| row.subject.as_ref()).map(|subject| subject.id.len()).sum();
    meter.stored(ids as u64)?;
    let progress = match page.progress {
        wit::Progress::More(cursor) if cursor.len() > MAX_CURSOR => {
            return Err(CallError::Contract(format!("a cursor of {} bytes; at most {MAX_CURSOR} are allowed", cursor.len())));
        }
        wit::Progress::More(cursor) => {
            meter.stored(cursor.len() as u64)?;
            Progress::More(cursor)
        }
        wit::Progress::Complete => Progress::Complete,
        wit::Progress::Partial(why) => Progress::Partial(failure(why)),
    };
    let records = reader.records(page.records)?;
    let skipped = skipped.into_iter().map(|row| Skipped {
        subject: row.subject.map(records::reference),
        harmless: row.harmless,
        reason: cut(row.reason),
    });
    Ok(Page { records, skipped: skipped.collect(), rows: page.rows, total: page.total, progress, unreadable: reader.unreadable })
}

/// Reads what an action did.
pub(crate) fn outcome(outcome: wit::Outcome, meter: &Meter) -> Result<Outcome, CallError> {
    let gone = outcome.gone.unwrap_or_default();
    let gone_grants = outcome.gone_grants.unwrap_or_default();
    let limit = meter.budget().page_records;
    if (gone.len() + gone_grants.len()) as u64 > limit {
        return Err(meter.exceed(Resource::PageRecords, limit).into());
    }
    let output = outcome.output.filter(|output| !output.is_empty());
    if let Some(output) = &output {
        within(output.len(), meter)?;
        if !reader::is_json(output) {
            return Err(CallError::Contract("the action's output is no JSON".to_owned()));
        }
    }
    let mut reader = Reader::new(meter);
    Ok(Outcome {
        summary: cut(outcome.summary),
        records: reader.records(outcome.records)?,
        gone: gone.into_iter().map(records::reference).collect(),
        gone_grants: reader.each(Some(gone_grants))?,
        output,
    })
}

/// Reads why a call failed.
pub(crate) fn failure(failure: wit::Failure) -> Failure {
    let code = match failure.code {
        wit::FailureCode::Unauthenticated => FailureCode::Unauthenticated,
        wit::FailureCode::Forbidden => FailureCode::Forbidden,
        wit::FailureCode::RateLimited => FailureCode::RateLimited,
        wit::FailureCode::Unavailable => FailureCode::Unavailable,
        wit::FailureCode::InvalidConfiguration => FailureCode::InvalidConfiguration,
        wit::FailureCode::InvalidInput => FailureCode::InvalidInput,
        wit::FailureCode::NotFound => FailureCode::NotFound,
        wit::FailureCode::Conflict => FailureCode::Conflict,
        wit::FailureCode::CursorExpired => FailureCode::CursorExpired,
        wit::FailureCode::UnexpectedResponse => FailureCode::UnexpectedResponse,
        wit::FailureCode::Unsupported => FailureCode::Unsupported,
    };
    let short = |text: Option<String>| text.filter(|text| !text.is_empty()).map(cut);
    Failure {
        code,
        message: cut(failure.message),
        field: short(failure.field),
        vendor_code: short(failure.vendor_code),
        http_status: failure.http_status,
        retry_after: failure.retry_after,
    }
}

/// Text for people, not longer than they read.
fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}

/// Refuses what is longer than a record may be.
fn within(bytes: usize, meter: &Meter) -> Result<(), Excess> {
    let limit = meter.budget().record_bytes;
    if bytes as u64 > limit { Err(meter.exceed(Resource::RecordBytes, limit)) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
