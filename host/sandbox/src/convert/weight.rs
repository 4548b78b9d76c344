//! What the contract's values take of the host's memory, known before they are read.

use headcount_model::{Application, Asset, Grant, Group, License, Reference, Role, Skipped, User};

use super::records::Read;
use crate::bindings::model as wit;

/// What a page takes of the host's memory.
pub(crate) fn page(page: &wit::Page) -> u64 {
    let row = |row: &wit::Skipped| {
        let subject = row.subject.as_ref().map_or(0, |subject| subject.id.len());
        std::mem::size_of::<wit::Skipped>() + std::mem::size_of::<Skipped>() + subject + row.reason.len()
    };
    let end = match &page.progress {
        wit::Progress::More(cursor) => cursor.len(),
        wit::Progress::Complete => 0,
        wit::Progress::Partial(why) => failure(why),
    };
    (records(&page.records) + page.skipped.iter().flatten().map(row).sum::<usize>() + end) as u64
}

/// What an outcome takes of the host's memory.
pub(crate) fn outcome(outcome: &wit::Outcome) -> u64 {
    let gone: usize = outcome.gone.iter().flatten().map(|gone| 2 * std::mem::size_of::<Reference>() + gone.id.len()).sum();
    let texts = outcome.summary.len() + outcome.output.as_ref().map_or(0, String::len);
    (records(&outcome.records) + of_each::<Grant>(&outcome.gone_grants) + gone + texts) as u64
}

/// What a scope takes of the host's memory.
pub(crate) fn scope(scope: &wit::Scope) -> u64 {
    let text = |text: &String| 2 * std::mem::size_of::<String>() + text.len();
    let fact = |fact: &wit::Fact| text(&fact.name) + fact.values.iter().map(text).sum::<usize>();
    let feed = |feed: &wit::FeedAccess| text(&feed.feed) + feed.note.as_ref().map_or(0, text);
    let facts: usize = scope.facts.iter().flatten().map(fact).sum();
    (text(&scope.organization) + text(&scope.label) + facts + scope.feeds.iter().flatten().map(feed).sum::<usize>()) as u64
}

fn failure(failure: &wit::Failure) -> usize {
    let short = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    failure.message.len() + short(&failure.field) + short(&failure.vendor_code)
}

/// What records of all kinds take of memory.
fn records(records: &wit::Records) -> usize {
    of_each::<User>(&records.users)
        + of_each::<Group>(&records.groups)
        + of_each::<Role>(&records.roles)
        + of_each::<Application>(&records.applications)
        + of_each::<License>(&records.licenses)
        + of_each::<Asset>(&records.assets)
        + of_each::<Grant>(&records.grants)
}

/// What records of one kind take of memory: their texts are moved as they are read, but not the records.
fn of_each<R: Read>(records: &Option<Vec<R::From>>) -> usize {
    let each = std::mem::size_of::<R::From>() + std::mem::size_of::<R>();
    records.iter().flatten().map(|record| each + R::bytes(record)).sum()
}
