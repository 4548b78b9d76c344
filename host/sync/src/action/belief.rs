//! What of an action's outcome is believed. A connector can lie; an action must not become the way around what holds a sync's
//! removals back. So only what the input names can lose anything by it; the rest waits for the next sync.

use headcount_model::manifest::Action;
use headcount_model::{Kind, Outcome, Records, Reference, UserStatus, printable};
use headcount_store::ActionEffect;

use super::input::Named;

/// Records that one outcome may bring.
const MOST: usize = 1_000;
/// Effects that are kept in words.
const MOST_EFFECTS: usize = 100;

/// What is believed, and what is not.
#[derive(Debug, Default)]
pub(super) struct Believed {
    pub records: Records,
    pub gone: Vec<Reference>,
    pub gone_grants: Vec<headcount_model::Grant>,
    pub notes: Vec<String>,
}

/// Keeps of an outcome what the action can have done.
pub(super) fn believe(outcome: Outcome, action: &Action, named: &Named) -> Believed {
    let Outcome { records, gone, gone_grants, .. } = outcome;
    let mut believed = Believed::default();
    let all = records.len() + gone.len() + gone_grants.len();
    if all > MOST {
        believed.notes.push(format!(
            "it tells of {all} records, and at most {MOST} are taken from an action: they come with the next sync"
        ));
        return believed;
    }
    let lost = gone.len() + gone_grants.len();
    if action.destructive {
        believed.gone = gone.into_iter().filter(|gone| named.names(gone)).collect();
        let about = |grant: &headcount_model::Grant| named.names(&grant.principal) || named.names(&grant.target);
        believed.gone_grants = gone_grants.into_iter().filter(about).collect();
    }
    let kept = believed.gone.len() + believed.gone_grants.len();
    if kept < lost {
        believed.notes.push(format!(
            "it says that {} more records are gone, which the input does not name: the next sync will tell",
            lost - kept
        ));
    }
    let mut records = records;
    let before = records.users.len();
    records.users.retain(|user| {
        let lost = matches!(user.status, Some(UserStatus::Suspended | UserStatus::Inactive));
        !lost || named.names(&Reference::new(Kind::User, user.id.clone()))
    });
    if records.users.len() < before {
        believed.notes.push(format!(
            "it says that {} more users lost their access, whom the input does not name: the next sync will tell",
            before - records.users.len()
        ));
    }
    believed.records = records;
    believed
}

/// What it tells of, in words: the first hundred.
pub(super) fn effects(believed: &Believed) -> Vec<ActionEffect> {
    let changed = |kind: Kind, id: &str, name: Option<&str>| ActionEffect {
        what: ActionEffect::CHANGED.to_owned(),
        record: Reference::new(kind, id),
        name: name.map(|name| printable(name).chars().take(200).collect()),
    };
    let Records { users, groups, roles, applications, licenses, assets, grants } = &believed.records;
    let records = users
        .iter()
        .map(|user| changed(Kind::User, &user.id, user.display_name.as_deref().or(user.email.as_deref())))
        .chain(licenses.iter().map(|license| changed(Kind::License, &license.id, Some(&license.product_name))))
        .chain(groups.iter().map(|group| changed(Kind::Group, &group.id, Some(&group.name))))
        .chain(roles.iter().map(|role| changed(Kind::Role, &role.id, Some(&role.name))))
        .chain(applications.iter().map(|application| changed(Kind::Application, &application.id, Some(&application.name))))
        .chain(assets.iter().map(|asset| changed(Kind::Asset, &asset.id, Some(&asset.name))));
    let of_grant = |what: &str, grant: &headcount_model::Grant| ActionEffect {
        what: what.to_owned(),
        record: grant.target.clone(),
        name: Some(grant.principal.to_string()),
    };
    let gone = believed.gone.iter().map(|gone| ActionEffect { what: "gone".to_owned(), record: gone.clone(), name: None });
    let lost = believed.gone_grants.iter().map(|grant| of_grant("no longer has", grant));
    let has = grants.iter().map(|grant| of_grant("has", grant));
    gone.chain(lost).chain(records).chain(has).take(MOST_EFFECTS).collect()
}

#[cfg(test)]
mod tests {
    use headcount_model::{Grant, User};
    use serde_json::json;

    use super::*;

    fn action(destructive: bool) -> Action {
        let input = json!({ "type": "object", "properties": { "user-id": { "type": "string", "refers-to": "user" } } });
        serde_json::from_value(json!({ "name": "a", "label": "A", "destructive": destructive, "input": input })).unwrap()
    }

    fn outcome() -> Outcome {
        let user = |id: &str, status| User { id: id.into(), status: Some(status), ..User::default() };
        let of = |kind, id: &str| Reference::new(kind, id);
        Outcome {
            summary: String::new(),
            records: Records {
                users: vec![
                    user("u1", UserStatus::Suspended),
                    user("u2", UserStatus::Suspended),
                    user("u3", UserStatus::Active),
                    user("u4", UserStatus::Inactive),
                ],
                ..Records::default()
            },
            gone: vec![of(Kind::User, "u1"), of(Kind::User, "u2"), of(Kind::Group, "u1")],
            gone_grants: vec![
                Grant::new(of(Kind::User, "u1"), of(Kind::License, "l1")),
                Grant::new(of(Kind::User, "u2"), of(Kind::License, "l2")),
            ],
            output: None,
        }
    }

    #[test]
    fn only_what_the_input_names_can_lose_anything() {
        let named = Named::of(&action(true), &json!({ "user-id": "u1" }));
        let believed = believe(outcome(), &action(true), &named);
        let ids: Vec<&str> = believed.records.users.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(ids, ["u1", "u3"]);
        assert_eq!(believed.gone, [Reference::new(Kind::User, "u1")]);
        assert_eq!(believed.gone_grants.len(), 1);
        assert_eq!(believed.notes.len(), 2, "{:?}", believed.notes);
        assert!(effects(&believed).iter().any(|effect| effect.what == "gone"));
    }

    #[test]
    fn an_action_that_takes_nothing_away_makes_nothing_gone() {
        let named = Named::of(&action(false), &json!({ "user-id": "u1" }));
        let believed = believe(outcome(), &action(false), &named);
        assert!(believed.gone.is_empty() && believed.gone_grants.is_empty());
    }

    #[test]
    fn a_flood_of_records_waits_for_the_next_sync() {
        let users = (0..=MOST).map(|number| User { id: number.to_string(), ..User::default() }).collect();
        let flood = Outcome { records: Records { users, ..Records::default() }, ..outcome() };
        let believed = believe(flood, &action(true), &Named::default());
        assert!(believed.records.is_empty() && believed.gone.is_empty());
        assert_eq!(believed.notes.len(), 1);
    }
}
