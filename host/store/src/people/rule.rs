//! Whose the accounts with one key are. Pure: what is known of a key goes in, a verdict comes out.
//!
//! One verdict is for all the accounts of a key that wait: the order in which they came in changes nothing. Where there is any sign
//! that two people had the key, nobody is linked by it until a person has decided.

use super::Doubt;

/// How many accounts may have one key. A key that more have is a placeholder, not a person's.
pub(crate) const MOST: usize = 100;

/// What is known of one account that has a key, or was linked under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fact<'a> {
    /// Of which connection.
    pub(crate) connection: &'a str,
    /// Whose it is. None: it waits.
    pub(crate) person: Option<i64>,
    /// It was linked under this key.
    pub(crate) under: bool,
    /// It has this key now.
    pub(crate) has: bool,
    /// It is there.
    pub(crate) present: bool,
    /// It is neither inactive nor suspended.
    pub(crate) able: bool,
    /// When it came into the store.
    pub(crate) first_seen_at: i64,
    /// It is one of the directory's.
    pub(crate) of_directory: bool,
    /// When it came into being, as far as anything says so. None: it may be as old as its connection.
    pub(crate) appeared: Option<i64>,
}

/// What the directory says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// All of the person's accounts in it have ended.
    pub(crate) left: bool,
    /// When it last said that the person works there.
    pub(crate) until: i64,
}

/// What becomes of the accounts that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They are a new person's.
    New,
    /// They are this person's.
    Link(i64),
    /// They go on waiting.
    Wait(Doubt),
}

/// Judges one key. `standing` is what the directory says of a person; nothing where there is none, or it does not have the person.
pub(crate) fn judge(facts: &[Fact<'_>], standing: impl Fn(i64) -> Option<Standing>) -> Verdict {
    if facts.len() > MOST {
        return Verdict::Wait(Doubt::Crowded);
    }
    // Those who have the key now, and were linked under it.
    let holds = |fact: &&Fact<'_>| fact.under && fact.has && fact.present;
    let mut holders: Vec<i64> = facts.iter().filter(holds).filter_map(|fact| fact.person).collect();
    holders.sort_unstable();
    holders.dedup();
    let claims = |fact: &&Fact<'_>| !fact.under && fact.has && fact.present;
    if facts.iter().filter(claims).filter_map(|fact| fact.person).any(|person| !holders.contains(&person)) {
        return Verdict::Wait(Doubt::Claimed);
    }
    match holders.as_slice() {
        [] if facts.iter().any(|fact| fact.under && fact.person.is_some()) => Verdict::Wait(Doubt::Reused),
        [] => Verdict::New,
        [person] if freed_before(facts, *person) => Verdict::Wait(Doubt::Reused),
        [person] => match standing(*person).filter(|standing| came_after(facts, standing.until)) {
            Some(Standing { left: true, .. }) => Verdict::Wait(Doubt::Reused),
            Some(Standing { left: false, .. }) => Verdict::Wait(Doubt::Unconfirmed),
            None => Verdict::Link(*person),
        },
        _ => Verdict::Wait(Doubt::Ambiguous),
    }
}

/// Whether a waiting account came after one of the same connection and person that has ended, or has another key by now: the key may
/// have changed hands.
fn freed_before(facts: &[Fact<'_>], person: i64) -> bool {
    let waits = |fact: &&Fact<'_>| fact.person.is_none();
    let held = |fact: &&Fact<'_>| fact.person == Some(person) && (fact.under || !fact.has);
    let ended = |fact: &&Fact<'_>| held(fact) && !(fact.present && fact.able && fact.has);
    facts.iter().filter(waits).any(|new| {
        facts.iter().filter(ended).any(|old| old.connection == new.connection && old.first_seen_at < new.first_seen_at)
    })
}

/// Whether an account that waits elsewhere came after the directory last said that the person works there: whose the key is by now, only
/// the directory knows.
fn came_after(facts: &[Fact<'_>], until: i64) -> bool {
    let waits = |fact: &&Fact<'_>| fact.person.is_none() && !fact.of_directory;
    facts.iter().filter(waits).any(|new| new.appeared.is_some_and(|appeared| appeared > until))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An account in this connection that waits, from its first day on.
    fn waits(connection: &str, first_seen_at: i64) -> Fact<'_> {
        let (of_directory, appeared) = (connection == "directory", Some(first_seen_at));
        Fact {
            connection,
            person: None,
            under: false,
            has: true,
            present: true,
            able: true,
            first_seen_at,
            of_directory,
            appeared,
        }
    }

    /// Judges where there is no directory.
    fn judge(facts: &[Fact<'_>]) -> Verdict {
        super::judge(facts, |_| None)
    }

    /// One that is linked under the key, and has it.
    fn linked(connection: &str, person: i64) -> Fact<'_> {
        Fact { person: Some(person), under: true, ..waits(connection, 1) }
    }

    #[test]
    fn a_key_that_nobody_had_makes_a_person() {
        assert_eq!(judge(&[waits("a", 1)]), Verdict::New);
        assert_eq!(judge(&[waits("a", 1), waits("a", 1), waits("b", 1)]), Verdict::New);
    }

    #[test]
    fn a_key_that_one_person_has_links() {
        assert_eq!(judge(&[linked("a", 7), waits("b", 2)]), Verdict::Link(7));
        // Two of one connection: linked, and shown as a duplicate.
        assert_eq!(judge(&[linked("a", 7), waits("a", 2)]), Verdict::Link(7));
        assert_eq!(judge(&[linked("a", 7), linked("b", 7), waits("c", 2)]), Verdict::Link(7));
    }

    #[test]
    fn a_key_that_was_freed_and_taken_again_waits() {
        let gone = Fact { present: false, ..linked("a", 7) };
        let inactive = Fact { able: false, ..linked("a", 7) };
        for old in [gone, inactive] {
            // Where the person still has the key elsewhere, and where not.
            assert_eq!(judge(&[old, linked("b", 7), waits("a", 2)]), Verdict::Wait(Doubt::Reused), "{old:?}");
        }
        assert_eq!(judge(&[gone, waits("b", 2)]), Verdict::Wait(Doubt::Reused));
        let moved_on = Fact { has: false, ..linked("a", 7) };
        assert_eq!(judge(&[moved_on, waits("b", 2)]), Verdict::Wait(Doubt::Reused));
    }

    #[test]
    fn a_leavers_account_elsewhere_is_linked() {
        let inactive = Fact { able: false, ..linked("directory", 7) };
        assert_eq!(judge(&[inactive, waits("b", 2)]), Verdict::Link(7));
    }

    #[test]
    fn whoever_has_another_key_by_now_has_freed_the_first() {
        let moved_on = Fact { has: false, ..linked("a", 7) };
        assert_eq!(judge(&[moved_on, linked("b", 7), waits("a", 2)]), Verdict::Wait(Doubt::Reused));
        // Confirmed since: linked under the other key.
        let confirmed = Fact { under: false, ..moved_on };
        assert_eq!(judge(&[confirmed, linked("b", 7), waits("a", 2)]), Verdict::Wait(Doubt::Reused));
        assert_eq!(judge(&[confirmed, linked("b", 7), waits("c", 2)]), Verdict::Link(7));
        assert_eq!(judge(&[confirmed, waits("a", 2)]), Verdict::New);
    }

    #[test]
    fn an_account_that_came_after_the_directory_last_knew_its_person_waits() {
        let at = |left, until| move |facts: &[Fact<'_>]| super::judge(facts, |_| Some(Standing { left, until }));
        let before = Fact { appeared: Some(5), ..waits("b", 9) };
        let unknown = Fact { appeared: None, ..waits("b", 9) };
        for left in [true, false] {
            let doubt = if left { Doubt::Reused } else { Doubt::Unconfirmed };
            assert_eq!(at(left, 5)(&[linked("a", 7), waits("b", 9)]), Verdict::Wait(doubt));
            assert_eq!(at(left, 5)(&[linked("a", 7), waits("b", 9), before]), Verdict::Wait(doubt));
            assert_eq!(at(left, 5)(&[linked("a", 7), before, unknown]), Verdict::Link(7));
        }
        assert_eq!(at(false, 5)(&[linked("a", 7), waits("directory", 9)]), Verdict::Link(7));
        assert_eq!(at(false, 5)(&[waits("b", 9)]), Verdict::New);
    }

    #[test]
    fn an_inactive_twin_that_came_at_the_same_time_is_a_duplicate() {
        let inactive = Fact { able: false, ..linked("a", 7) };
        assert_eq!(judge(&[inactive, waits("a", 1)]), Verdict::Link(7));
    }

    #[test]
    fn one_account_in_doubt_holds_back_all_of_its_key() {
        let gone = Fact { present: false, ..linked("a", 7) };
        assert_eq!(judge(&[gone, linked("b", 7), waits("a", 2), waits("c", 2)]), Verdict::Wait(Doubt::Reused));
    }

    #[test]
    fn a_key_that_somebodys_account_changed_to_waits() {
        let changed = Fact { under: false, ..linked("a", 7) };
        assert_eq!(judge(&[changed, waits("b", 2)]), Verdict::Wait(Doubt::Claimed));
        assert_eq!(judge(&[changed, linked("b", 8), waits("c", 2)]), Verdict::Wait(Doubt::Claimed));
        // A second account of the one who has it claims nothing new.
        assert_eq!(judge(&[changed, linked("b", 7), waits("c", 2)]), Verdict::Link(7));
    }

    #[test]
    fn a_key_of_several_people_or_of_a_crowd_waits() {
        assert_eq!(judge(&[linked("a", 7), linked("b", 8), waits("c", 2)]), Verdict::Wait(Doubt::Ambiguous));
        assert_eq!(judge(&vec![waits("a", 1); MOST]), Verdict::New);
        assert_eq!(judge(&vec![waits("a", 1); MOST + 1]), Verdict::Wait(Doubt::Crowded));
    }

    #[test]
    fn once_decided_the_one_who_has_the_key_keeps_it() {
        // The leaver's accounts are all gone; the newcomer was linked by hand.
        let gone = Fact { present: false, ..linked("a", 7) };
        assert_eq!(judge(&[gone, linked("a", 8), waits("b", 3)]), Verdict::Link(8));
    }
}
