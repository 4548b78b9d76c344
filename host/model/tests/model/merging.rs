//! Records that came several times become one, in reading order.

use headcount_model::{
    Application, Asset, Grant, Group, Kind, License, LicenseState, Merge, Reference, Role, Timestamp, User, UserStatus,
};

fn user(name: Option<&str>, status: UserStatus, seen: i64, created: i64) -> User {
    User {
        id: "ana".to_owned(),
        display_name: name.map(str::to_owned),
        status: Some(status),
        last_seen_at: Some(Timestamp::from_micros(seen)),
        created_at: Some(Timestamp::from_micros(created)),
        ..User::default()
    }
}

#[test]
fn first_text_latest_seen_earliest_created_most_able_status() {
    let mut merged = user(None, UserStatus::Suspended, 5, 3);
    merged.absorb(user(Some("Ana"), UserStatus::Active, 9, 7));
    merged.absorb(user(Some("Anna"), UserStatus::Inactive, 1, 1));
    assert_eq!(merged, user(Some("Ana"), UserStatus::Active, 9, 1));
}

#[test]
fn absorbing_itself_changes_nothing() {
    let one = User { aliases: vec!["a".to_owned()], administrator: Some(false), ..user(Some("Ana"), UserStatus::Locked, 1, 1) };
    let mut merged = one.clone();
    merged.absorb(one.clone());
    assert_eq!(merged, one);
}

/// What is kept of a field that two occurrences say, in this order and in the other.
macro_rules! kept {
    ($base:expr; $($field:ident: $one:expr, $other:expr => $kept:expr, $turned:expr;)*) => {$(
        let base = || $base;
        let with = |value| {
            let mut record = base();
            record.$field = value;
            record
        };
        for (first, later, kept) in [($one, $other, $kept), ($other, $one, $turned)] {
            let mut merged = with(first);
            merged.absorb(with(later));
            assert_eq!(merged.$field, kept, stringify!($field));
        }
    )*};
}

fn at(micros: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(micros))
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn of_users_what_says_more_is_kept() {
    kept! { User::default();
        status: Some(UserStatus::Suspended), Some(UserStatus::Active) => Some(UserStatus::Active), Some(UserStatus::Active);
        administrator: Some(false), Some(true) => Some(true), Some(true);
        mfa: None, Some(false) => Some(false), Some(false);
        created_at: at(1), at(2) => at(1), at(1);
        updated_at: at(1), at(2) => at(2), at(2);
        last_seen_at: None, at(2) => at(2), at(2);
        aliases: vec!["a".to_owned()], vec!["b".to_owned()] => vec!["a".to_owned(), "b".to_owned()], vec!["b".to_owned(), "a".to_owned()];
        email: text("a@x"), text("b@x") => text("a@x"), text("b@x");
    }
}

#[test]
fn of_roles_groups_applications_and_assets_what_says_more_is_kept() {
    kept! { Role::default();
        administrator: Some(true), Some(false) => Some(true), Some(true);
        name: String::new(), "Owner".to_owned() => "Owner".to_owned(), "Owner".to_owned();
        permissions: vec!["read".to_owned()], vec!["read".to_owned()] => vec!["read".to_owned()], vec!["read".to_owned()];
    }
    kept! { Group::default();
        name: "Staff".to_owned(), "All".to_owned() => "Staff".to_owned(), "All".to_owned();
        email: None, text("staff@x") => text("staff@x"), text("staff@x");
    }
    kept! { Application::default();
        active: Some(true), Some(false) => Some(true), Some(true);
        created_at: at(2), at(1) => at(1), at(1);
        protocol: text("saml"), None => text("saml"), text("saml");
    }
    kept! { Asset::default();
        last_used_at: at(2), at(1) => at(2), at(2);
        category: "laptop".to_owned(), String::new() => "laptop".to_owned(), "laptop".to_owned();
    }
}

#[test]
fn of_licenses_and_grants_what_says_more_is_kept() {
    kept! { License::default();
        state: Some(LicenseState::Expired), Some(LicenseState::Active) => Some(LicenseState::Active), Some(LicenseState::Active);
        trial: Some(false), Some(true) => Some(true), Some(true);
        auto_renews: Some(true), None => Some(true), Some(true);
        quantity: Some(3), Some(5) => Some(3), Some(5);
        valid_until: at(1), at(2) => at(1), at(2);
        last_used_at: at(1), at(2) => at(2), at(2);
    }
    let grant = || Grant::new(Reference::new(Kind::User, "1"), Reference::new(Kind::Group, "1"));
    kept! { grant();
        assigned_at: at(2), at(1) => at(1), at(1);
        expires_at: at(2), at(1) => at(2), at(1);
        last_used_at: at(1), at(2) => at(2), at(2);
    }
}
