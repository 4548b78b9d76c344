//! Ids and keys that show an overwritten secret. A vendor's id that happens to hold the connection's secret is not what it was any
//! more: kept, it would be another record, and the right one would be missing.

use headcount_model::{Failure, FailureCode, Grant, Kind, License, Outcome, Page, Records, Reference, Scope, User};

use crate::vault::SHORTEST;

/// Refuses a page with a record that shows an overwritten secret in its id or a key.
pub(crate) fn page(page: &Page) -> Result<(), Failure> {
    let skipped = || page.skipped.iter().filter_map(|row| row.subject.as_ref()).find_map(|subject| mark("id", subject));
    in_records(&page.records).or_else(skipped).map_or(Ok(()), |found| Err(refusal(&found)))
}

/// Refuses a scope that shows an overwritten secret in what it is compared by.
pub(crate) fn scope(scope: &Scope) -> Result<(), Failure> {
    let facts = scope.facts.iter().flat_map(|fact| std::iter::once(&fact.name).chain(&fact.values));
    let mut compared = std::iter::once(&scope.organization).chain(facts);
    if compared.any(|text| shows(text)) { Err(refusal("the organisation or a fact of the scope")) } else { Ok(()) }
}

/// Takes the records from an outcome in which one shows an overwritten secret: the action is done, and the next sync brings them in.
pub(crate) fn outcome(outcome: Outcome) -> Outcome {
    let gone = || outcome.gone.iter().find_map(|reference| mark("id", reference));
    let Some(found) = in_records(&outcome.records).or_else(gone).or_else(|| outcome.gone_grants.iter().find_map(in_grant)) else {
        return outcome;
    };
    tracing::warn!(found = %headcount_model::printable(&found), "an action's outcome shows an overwritten secret; its records are left to the next sync");
    Outcome { records: Records::default(), gone: Vec::new(), gone_grants: Vec::new(), ..outcome }
}

fn refusal(found: &str) -> Failure {
    let message = format!(
        "a secret of this connection came back and was overwritten with asterisks, which stand in {found}: what came is not what the \
         vendor keeps there"
    );
    Failure::new(FailureCode::UnexpectedResponse, message)
}

/// Whether a text has a run of asterisks as long as the shortest secret that is looked for; read as UTF-16, two make one character.
fn shows(text: &str) -> bool {
    let mut run = 0;
    text.chars().any(|c| {
        run = if matches!(c, '*' | '\u{2a2a}') { run + 1 } else { 0 };
        run >= SHORTEST
    })
}

fn mark(field: &str, of: &Reference) -> Option<String> {
    shows(&of.id).then(|| format!("the {field} of a {}", of.kind))
}

fn in_grant(grant: &Grant) -> Option<String> {
    let ends = [Some(&grant.principal), Some(&grant.target), grant.via.as_ref()];
    let end = ends.into_iter().flatten().find(|end| shows(&end.id)).map(|end| format!("a grant's {}", end.kind));
    end.or_else(|| grant.role.as_deref().filter(|role| shows(role)).map(|_| "a grant's role".to_owned()))
}

fn in_records(records: &Records) -> Option<String> {
    let users = records.users.iter().map(|record| (Kind::User, &record.id));
    let mut ids = users
        .chain(records.groups.iter().map(|record| (Kind::Group, &record.id)))
        .chain(records.roles.iter().map(|record| (Kind::Role, &record.id)))
        .chain(records.applications.iter().map(|record| (Kind::Application, &record.id)))
        .chain(records.licenses.iter().map(|record| (Kind::License, &record.id)))
        .chain(records.assets.iter().map(|record| (Kind::Asset, &record.id)));
    ids.find(|(_, id)| shows(id))
        .map(|(kind, _)| format!("the id of a {kind}"))
        .or_else(|| records.users.iter().find_map(in_user))
        .or_else(|| records.licenses.iter().find_map(in_license))
        .or_else(|| records.grants.iter().find_map(in_grant))
}

fn in_user(user: &User) -> Option<String> {
    let keys = [
        ("user name", &user.user_name),
        ("e-mail", &user.email),
        ("external id", &user.external_id),
        ("employee number", &user.employee_number),
        ("manager", &user.manager_id),
    ];
    let key = keys.into_iter().find(|(_, key)| key.as_deref().is_some_and(shows)).map(|(name, _)| name);
    let alias = || user.aliases.iter().any(|alias| shows(alias)).then_some("alias");
    key.or_else(alias).map(|name| format!("the {name} of a user"))
}

fn in_license(license: &License) -> Option<String> {
    let touched = shows(&license.product_id) || license.group_id.as_deref().is_some_and(shows);
    touched.then(|| "the product or group of a license".to_owned())
}

#[cfg(test)]
mod tests {
    use headcount_model::{Progress, Skipped};

    use super::*;

    const BLOT: &str = "pre-****************-post";

    fn of(records: Records) -> Page {
        Page { records, skipped: Vec::new(), rows: 1, total: None, progress: Progress::Complete, unreadable: Vec::new() }
    }

    fn user(change: impl FnOnce(&mut User)) -> Page {
        let mut user = User { id: "1".to_owned(), ..User::default() };
        change(&mut user);
        of(Records { users: vec![user], ..Records::default() })
    }

    fn grant(principal: &str, target: &str, role: Option<&str>) -> Page {
        let mut grant = Grant::new(Reference::new(Kind::User, principal), Reference::new(Kind::Group, target));
        grant.role = role.map(str::to_owned);
        of(Records { grants: vec![grant], ..Records::default() })
    }

    #[test]
    fn a_page_with_an_overwritten_id_or_key_is_refused_and_says_where() {
        let some = || Some(BLOT.to_owned());
        for (bad, place) in [
            (user(|user| user.id = BLOT.to_owned()), "id of a user"),
            (user(|user| user.email = some()), "e-mail"),
            (user(|user| user.user_name = some()), "user name"),
            (user(|user| user.external_id = some()), "external id"),
            (user(|user| user.aliases = vec!["a".to_owned(), BLOT.to_owned()]), "alias"),
            (user(|user| user.id = "\u{2a2a}".repeat(16)), "id of a user"),
            (grant(BLOT, "7", None), "grant's user"),
            (grant("7", BLOT, None), "grant's group"),
            (grant("7", "8", Some(BLOT)), "grant's role"),
        ] {
            let refused = page(&bad).unwrap_err();
            assert_eq!(refused.code, FailureCode::UnexpectedResponse);
            assert!(refused.message.contains(place), "{refused}");
        }
        let skipped = Skipped { subject: Some(Reference::new(Kind::User, BLOT)), harmless: false, reason: String::new() };
        assert!(page(&Page { skipped: vec![skipped], ..of(Records::default()) }).is_err());
    }

    #[test]
    fn asterisks_elsewhere_or_too_few_are_let_through() {
        assert!(page(&user(|user| user.display_name = Some(BLOT.to_owned()))).is_ok());
        assert!(page(&user(|user| user.id = "***************-***************".to_owned())).is_ok());
    }

    #[test]
    fn an_outcome_keeps_what_was_said_and_loses_what_can_not_be_believed() {
        let bad = Outcome {
            summary: "revoked".to_owned(),
            records: Records::default(),
            gone: vec![Reference::new(Kind::License, BLOT)],
            gone_grants: Vec::new(),
            output: None,
        };
        let kept = outcome(bad.clone());
        assert_eq!((kept.summary.as_str(), kept.gone.len()), ("revoked", 0));
        let good = Outcome { gone: vec![Reference::new(Kind::License, "7")], ..bad };
        assert_eq!(outcome(good.clone()), good);
    }

    #[test]
    fn a_scope_of_an_overwritten_organisation_is_refused() {
        let of = |organization: &str| Scope {
            organization: organization.to_owned(),
            label: String::new(),
            facts: Vec::new(),
            feeds: Vec::new(),
            expires_at: None,
        };
        assert!(scope(&of(BLOT)).is_err() && scope(&of("acme")).is_ok());
    }
}
