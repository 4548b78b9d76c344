//! Overwrites secrets in what a call gives back for people to read, before anything of it is stored or logged. Responses were searched
//! already; this finds what a connector put together from several of them. Records are held to more than this, where they are read.

use headcount_model::{Failure, Outcome, Page, Progress, Scope};

use super::job::Answer;
use crate::error::CallError;
use crate::vault::Scrubber;

/// Overwrites secrets in an answer's texts.
pub(super) fn clean(answer: &mut Result<Answer, CallError>, scrubber: &Scrubber) {
    let text = |text: &mut String| {
        if scrubber.find(text.as_bytes()).is_some() {
            *text = scrubber.scrub_text(text);
        }
    };
    match answer {
        Ok(Answer::Scope(scope)) => of_scope(scope, &text),
        Ok(Answer::Page(page)) => of_page(page, &text),
        Ok(Answer::Outcome(Outcome { summary, output, .. })) => {
            text(summary);
            output.iter_mut().for_each(text);
        }
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
}

fn of_scope(scope: &mut Scope, text: &impl Fn(&mut String)) {
    text(&mut scope.organization);
    text(&mut scope.label);
    for fact in &mut scope.facts {
        fact.values.iter_mut().for_each(text);
    }
    scope.feeds.iter_mut().flat_map(|feed| &mut feed.note).for_each(text);
}

fn of_page(page: &mut Page, text: &impl Fn(&mut String)) {
    page.skipped.iter_mut().for_each(|row| text(&mut row.reason));
    if let Progress::Partial(failure) = &mut page.progress {
        of_failure(failure, text);
    }
}

fn of_failure(failure: &mut Failure, text: &impl Fn(&mut String)) {
    text(&mut failure.message);
    failure.field.iter_mut().chain(&mut failure.vendor_code).for_each(text);
}

#[cfg(test)]
mod tests {
    use headcount_model::{FailureCode, Records, Skipped};

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
        let Ok(Answer::Page(page)) = cleaned(Ok(Answer::Page(page))) else { panic!("no page") };
        assert!(!format!("{page:?}").contains(SECRET) && page.skipped[0].reason == stars);
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        let Err(error) = cleaned(Err(Failure::new(FailureCode::NotFound, "sk-0123456789").into())) else { panic!("it failed") };
        assert_eq!(error.to_string(), "not-found: sk-0123456789");
    }
}
