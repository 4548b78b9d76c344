//! Records that came several times become one, in reading order.

use headcount_model::{Merge, Timestamp, User, UserStatus};

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
