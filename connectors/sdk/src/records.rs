//! Conveniences on the contract's records: references, grants, and looking into a page.

use std::fmt::Display;

use crate::{
    Application, Asset, FeedAccess, Grant, Group, Kind, License, Page, Progress, Records, Reference, Result, Role, User,
};

impl Reference {
    /// Points at a record of any kind.
    pub fn new(kind: Kind, id: impl Display) -> Self {
        Reference { kind, id: id.to_string() }
    }

    /// Points at a user.
    pub fn user(id: impl Display) -> Self {
        Self::new(Kind::User, id)
    }

    /// Points at a group.
    pub fn group(id: impl Display) -> Self {
        Self::new(Kind::Group, id)
    }

    /// Points at a role.
    pub fn role(id: impl Display) -> Self {
        Self::new(Kind::Role, id)
    }

    /// Points at an application.
    pub fn application(id: impl Display) -> Self {
        Self::new(Kind::Application, id)
    }

    /// Points at a license.
    pub fn license(id: impl Display) -> Self {
        Self::new(Kind::License, id)
    }

    /// Points at an asset.
    pub fn asset(id: impl Display) -> Self {
        Self::new(Kind::Asset, id)
    }
}

macro_rules! begin {
    ($($record:ident: $what:literal)*) => {
        $(impl $record {
            #[doc = concat!("A record of this id, and nothing else yet: ", $what, ", ..", stringify!($record), "::of(id) }`.")]
            pub fn of(id: impl Display) -> Self {
                $record { id: id.to_string(), ..Default::default() }
            }
        })*
    };
}

begin! {
    User: "`User { email: …"
    Group: "`Group { name: …"
    Role: "`Role { name: …"
    Application: "`Application { name: …"
    License: "`License { product_id: …"
    Asset: "`Asset { name: …"
}

impl Grant {
    /// A user or a group holds something. A membership is a grant of a group.
    ///
    /// ```
    /// # use headcount_connector::prelude::*;
    /// let grant = Grant::new(Reference::user(7), Reference::group("ops")).as_role("TEAM_ADMIN");
    /// assert_eq!(grant.role.as_deref(), Some("TEAM_ADMIN"));
    /// ```
    pub fn new(principal: Reference, target: Reference) -> Self {
        Grant {
            principal,
            target,
            via: None,
            role: None,
            assigned_at: None,
            expires_at: None,
            last_used_at: None,
            attributes: None,
        }
    }

    /// In this role on the target.
    #[must_use]
    pub fn as_role(mut self, role: impl Display) -> Self {
        self.role = Some(role.to_string());
        self
    }

    /// Through this group. Only where the vendor shows the outcome but not the edges.
    #[must_use]
    pub fn through(mut self, group: Reference) -> Self {
        self.via = Some(group);
        self
    }
}

macro_rules! look_into {
    ($($list:ident: $record:ty),*) => {
        impl Records {
            $(
                #[doc = concat!("The ", stringify!($list), "; none is the same as an empty list.")]
                pub fn $list(&self) -> &[$record] {
                    self.$list.as_deref().unwrap_or_default()
                }
            )*

            /// Puts the other's records behind these.
            pub fn append(&mut self, other: Records) {
                $(
                    if let Some(more) = other.$list {
                        self.$list.get_or_insert_with(Vec::new).extend(more);
                    }
                )*
            }
        }

        impl Page {
            $(
                #[doc = concat!("The ", stringify!($list), " on this page.")]
                pub fn $list(&self) -> &[$record] {
                    self.records.$list()
                }
            )*
        }
    };
}

/// What was gathered of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gathered {
    /// The records that were read.
    pub records: Records,
    /// Whether these are all: the list ended complete, with as many rows as it says there are, and none was skipped that could have been
    /// a record. Only then does it prove that anything is gone.
    pub whole: bool,
}

impl Records {
    /// The records of a list, for an action: `page` is given each cursor in turn, for at most `most` pages.
    ///
    /// # Errors
    /// Those of `page`.
    pub fn gather(most: usize, mut page: impl FnMut(Option<&str>) -> Result<Page>) -> Result<Gathered> {
        let mut gathered = Gathered::default();
        let mut cursor: Option<String> = None;
        let (mut read, mut stated, mut unread) = (0, None, false);
        for _ in 0..most {
            let Page { records, skipped, rows, total, progress } = page(cursor.as_deref())?;
            gathered.records.append(records);
            read += u64::from(rows);
            stated = stated.max(total.map(u64::from));
            unread |= skipped.iter().flatten().any(|skipped| !skipped.harmless);
            match progress {
                Progress::More(next) => cursor = Some(next),
                Progress::Complete => {
                    gathered.whole = !unread && stated.is_none_or(|stated| stated == read);
                    break;
                }
                Progress::Partial(_) => break,
            }
        }
        Ok(gathered)
    }
}

look_into!(
    users: User,
    groups: Group,
    roles: Role,
    applications: Application,
    licenses: License,
    assets: Asset,
    grants: Grant
);

// Types without a default get no derives from the generator; equality is wanted all the same.

impl Eq for Reference {}

impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.id == other.id
    }
}

impl PartialEq for Grant {
    fn eq(&self, other: &Self) -> bool {
        self.principal == other.principal
            && self.target == other.target
            && self.via == other.via
            && self.role == other.role
            && self.assigned_at == other.assigned_at
            && self.expires_at == other.expires_at
            && self.last_used_at == other.last_used_at
            && self.attributes == other.attributes
    }
}

impl PartialEq for FeedAccess {
    fn eq(&self, other: &Self) -> bool {
        self.feed == other.feed && self.access == other.access && self.note == other.note
    }
}

impl PartialEq for Progress {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Progress::More(one), Progress::More(two)) => one == two,
            (Progress::Partial(one), Progress::Partial(two)) => one == two,
            (Progress::Complete, Progress::Complete) => true,
            _ => false,
        }
    }
}

impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        self.records == other.records
            && self.skipped == other.skipped
            && self.rows == other.rows
            && self.total == other.total
            && self.progress == other.progress
    }
}
