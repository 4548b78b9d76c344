//! Overwrites secrets in what a call gives back, before anything of it is stored or logged. Responses were searched already; this
//! finds what a connector put together from several of them.

mod records;

use std::cell::Cell;

use headcount_model::{Failure, Outcome, Page, Progress, Scope};

use super::job::Answer;
use crate::error::CallError;
use crate::vault::Scrubber;
use records::{of_grant, of_records};

/// Overwrites secrets in an answer's texts; says whether there was one.
pub(super) fn clean(answer: &mut Result<Answer, CallError>, scrubber: &Scrubber) -> bool {
    let found = Cell::new(false);
    let text = |text: &mut String| {
        if scrubber.find(text.as_bytes()).is_some() {
            *text = scrubber.scrub_text(text);
            found.set(true);
        }
    };
    match answer {
        Ok(Answer::Scope(scope)) => of_scope(scope, &text),
        Ok(Answer::Page(page, _)) => of_page(page, &text),
        Ok(Answer::Outcome(outcome)) => of_outcome(outcome, &text),
        Ok(Answer::Memories(_)) => {}
        Err(CallError::Failure(failure)) => of_failure(failure, &text),
        Err(CallError::Trap { reason, output }) => {
            text(reason);
            text(output);
        }
        Err(CallError::Contract(reason)) => text(reason),
        // The host's own words.
        Err(_) => {}
    }
    found.get()
}

fn of_scope(scope: &mut Scope, text: &impl Fn(&mut String)) {
    text(&mut scope.organization);
    text(&mut scope.label);
    for fact in &mut scope.facts {
        text(&mut fact.name);
        fact.values.iter_mut().for_each(text);
    }
    scope.feeds.iter_mut().flat_map(|feed| &mut feed.note).for_each(text);
}

fn of_page(page: &mut Page, text: &impl Fn(&mut String)) {
    let Page { records, skipped, rows: _, total: _, progress, unreadable } = page;
    of_records(records, text);
    for row in skipped {
        row.subject.iter_mut().map(|subject| &mut subject.id).for_each(text);
        text(&mut row.reason);
    }
    unreadable.iter_mut().for_each(text);
    match progress {
        Progress::More(cursor) => text(cursor),
        Progress::Partial(failure) => of_failure(failure, text),
        Progress::Complete => {}
    }
}

fn of_outcome(outcome: &mut Outcome, text: &impl Fn(&mut String)) {
    let Outcome { summary, records, gone, gone_grants, output } = outcome;
    text(summary);
    of_records(records, text);
    gone.iter_mut().for_each(|gone| text(&mut gone.id));
    gone_grants.iter_mut().for_each(|grant| of_grant(grant, text));
    output.iter_mut().for_each(text);
}

fn of_failure(failure: &mut Failure, text: &impl Fn(&mut String)) {
    text(&mut failure.message);
    failure.field.iter_mut().chain(&mut failure.vendor_code).for_each(text);
}

#[cfg(test)]
mod tests {
    use headcount_model::{FailureCode, Grant, Kind, Records, Reference, Skipped, User};

    use super::*;

    const SECRET: &str = "sk-0123456789-abcdefghij";

    fn cleaned(mut answer: Result<Answer, CallError>) -> Result<Answer, CallError> {
        let scrubber = Scrubber::new([("api-key", SECRET.as_bytes())]).unwrap().unwrap();
        clean(&mut answer, &scrubber);
        answer
    }

    fn failure() -> Failure {
        let said = || Some(SECRET.to_owned());
        Failure { field: said(), vendor_code: said(), ..Failure::new(FailureCode::Unavailable, format!("the key {SECRET}")) }
    }

    #[test]
    fn a_secret_is_in_no_text_that_a_call_gives_back() {
        let stars = "*".repeat(SECRET.len());
        let Err(error) = cleaned(Err(failure().into())) else { panic!("it failed") };
        assert_eq!(error.to_string(), format!("unavailable: the key {stars} (field {stars}) [{stars}]"));
        let trap = CallError::Trap { reason: "unreachable".to_owned(), output: SECRET.to_owned() };
        assert!(matches!(cleaned(Err(trap)), Err(CallError::Trap { output, .. }) if output == stars));

        let outcome = Outcome {
            summary: SECRET.to_owned(),
            records: Records::default(),
            gone: Vec::new(),
            gone_grants: Vec::new(),
            output: Some(format!("{{\"k\":\"{SECRET}\"}}")),
        };
        let Ok(Answer::Outcome(outcome)) = cleaned(Ok(Answer::Outcome(outcome))) else { panic!("no outcome") };
        assert_eq!((outcome.summary, outcome.output), (stars.clone(), Some(format!("{{\"k\":\"{stars}\"}}"))));

        let skipped = vec![Skipped { subject: None, harmless: true, reason: SECRET.to_owned() }];
        let progress = Progress::Partial(failure());
        let page = Page { records: Records::default(), skipped, rows: 0, total: None, progress, unreadable: Vec::new() };
        let Ok(Answer::Page(page, _)) = cleaned(Ok(Answer::Page(page, None))) else { panic!("no page") };
        assert!(!format!("{page:?}").contains(SECRET) && page.skipped[0].reason == stars);
    }

    #[test]
    fn a_secret_is_in_no_text_of_a_page() {
        let said = || Some(format!("<{SECRET}>"));
        let user = User { id: "1".to_owned(), display_name: said(), aliases: said().into_iter().collect(), ..User::default() };
        let user = User { attributes: Some(format!("{{\"note\":\"{SECRET}\"}}")), ..user };
        let mut grant = Grant::new(Reference::new(Kind::User, SECRET), Reference::new(Kind::Group, "7"));
        grant.role = said();
        let subject = Some(Reference::new(Kind::User, SECRET));
        let page = Page {
            records: Records { users: vec![user], grants: vec![grant], ..Records::default() },
            skipped: vec![Skipped { subject, harmless: false, reason: String::new() }],
            rows: 2,
            total: None,
            progress: Progress::More(SECRET.to_owned()),
            unreadable: said().into_iter().collect(),
        };
        let mut answer = Ok(Answer::Page(page, None));
        let scrubber = Scrubber::new([("api-key", SECRET.as_bytes())]).unwrap().unwrap();
        assert!(clean(&mut answer, &scrubber), "it was found");
        let Ok(Answer::Page(page, _)) = &answer else { panic!("no page") };
        assert!(!format!("{page:?}").contains(SECRET), "{page:?}");
        assert_eq!(page.records.users[0].id, "1");
        let refused = answer.and_then(Answer::without_overwritten_ids).err();
        assert!(matches!(refused, Some(CallError::Failure(_))), "an id is not what it was");
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        let Err(error) = cleaned(Err(Failure::new(FailureCode::NotFound, "sk-0123456789").into())) else { panic!("it failed") };
        assert_eq!(error.to_string(), "not-found: sk-0123456789");
    }
}
