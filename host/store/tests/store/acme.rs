//! A connection of a hundred users, whose syncs are held to the guard.

use headcount_model::{Kind, Records, SessionId, UserStatus};
use headcount_store::{Applied, Apply, Counters, Decision, HoldState, Holds, SessionEnd, SessionState, Store, SyncRules, WINDOW};

use crate::world::*;

/// What a complete sync proves, at a time in hours.
pub fn complete(hour: i64) -> Apply {
    let rules = SyncRules { confirmed: Kind::ALL.into_iter().collect(), complete: true, judged: true, ..SyncRules::default() };
    Apply { rules: Some(rules), ..proven(hour * WINDOW / 24, &["all"]) }
}

/// What a partial sync proves: nothing.
pub fn partial(hour: i64) -> Apply {
    let rules = SyncRules { complete: false, judged: true, ..SyncRules::default() };
    Apply { rules: Some(rules), ..unproven(hour * WINDOW / 24) }
}

pub fn people(ids: impl IntoIterator<Item = u32>) -> Records {
    users(ids.into_iter().map(|id| user(&id.to_string(), &format!("{id}@x"))))
}

pub fn inactive(mut records: Records, ids: std::ops::Range<usize>) -> Records {
    records.users[ids].iter_mut().for_each(|user| user.status = Some(UserStatus::Inactive));
    records
}

pub fn by(hour: i64) -> Decision {
    Decision { person: "ana".into(), reason: "they left".into(), at: at(hour * WINDOW / 24) }
}

/// The connection.
pub struct Acme {
    pub world: World,
}

impl Acme {
    /// A hundred users, at hour 0.
    pub async fn of_a_hundred() -> Acme {
        let acme = Acme { world: World::new().await };
        acme.sync(people(1..=100), &complete(0)).await;
        acme
    }

    pub async fn sync(&self, records: Records, apply: &Apply) -> (SessionId, Applied) {
        let world = &self.world;
        let session = world.begin("acme", "one").await;
        world.stage("acme", session, &page("all", records)).await;
        let applied = world.store.apply(&tenant("acme"), session, apply).await.unwrap();
        let state = if applied.held.is_empty() { SessionState::Complete } else { SessionState::Held };
        world.store.end_session(&tenant("acme"), session, &end(state)).await.unwrap();
        (session, applied)
    }

    /// A test run.
    pub async fn test(&self, records: Records, apply: &Apply) -> (SessionId, Applied) {
        let world = &self.world;
        let session = world.begin("acme", "one").await;
        world.stage("acme", session, &page("all", records)).await;
        let applied = world.store.rehearse(&tenant("acme"), session, apply, None).await.unwrap().applied;
        let counters = Counters { kinds: applied.kinds.clone(), ..Counters::default() };
        let over = SessionEnd { counters, ..end(SessionState::Test) };
        world.store.end_session(&tenant("acme"), session, &over).await.unwrap();
        (session, applied)
    }

    pub async fn present(&self) -> usize {
        self.world.present("acme", Kind::User).await.len()
    }

    pub async fn state(&self, session: SessionId) -> SessionState {
        self.world.store.session(&tenant("acme"), session).await.unwrap().unwrap().state
    }

    pub async fn waiting(&self) -> Option<SessionId> {
        let holds = self.world.store.holds(&tenant("acme"), None, 10).await.unwrap();
        holds.into_iter().find(|hold| hold.state == HoldState::Held).map(|hold| hold.session)
    }

    pub async fn status(&self, id: &str) -> Option<UserStatus> {
        self.world.user("acme", id).await.1.status
    }
}
