//! How two mentions of one record on a page become one.

use std::cmp::Ordering;

use crate::moment::compare;
use crate::{Application, Asset, Grant, Group, License, Role, User, UserStatus};

/// Takes from another mention of the same record what this one lacks.
pub(super) trait Absorb {
    fn absorb(&mut self, other: Self);
}

/// Whether a value says nothing.
trait Blank {
    fn is_blank(&self) -> bool;
}

impl Blank for String {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Blank for Vec<T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl<T: Blank> Blank for Option<T> {
    fn is_blank(&self) -> bool {
        self.as_ref().is_none_or(Blank::is_blank)
    }
}

macro_rules! never_blank {
    ($($type:ty),*) => {
        $(impl Blank for $type {
            fn is_blank(&self) -> bool {
                false
            }
        })*
    };
}

never_blank!(bool, u32, UserStatus, crate::AccountType, crate::LicenseState, crate::Reference);

fn fill<T: Blank>(mine: &mut T, other: T) {
    if mine.is_blank() {
        *mine = other;
    }
}

/// Takes the other time where this one is blank, or where the other is later or earlier, as wanted.
fn keep(mine: &mut Option<String>, other: Option<String>, wanted: Ordering) {
    let (time, others) = (mine.as_deref().unwrap_or_default(), other.as_deref().unwrap_or_default());
    if !others.is_empty() && (time.is_empty() || compare(others, time) == wanted) {
        *mine = other;
    }
}

macro_rules! fill_fields {
    ($($record:ty: $($field:ident)*;)*) => {
        $(impl Absorb for $record {
            fn absorb(&mut self, other: Self) {
                $(fill(&mut self.$field, other.$field);)*
            }
        })*
    };
}

fill_fields! {
    Group: name category description email attributes;
    Role: name description administrator permissions attributes;
    Application: name protocol active description sign_in_url logo_url created_at attributes;
    License: product_id product_name quantity state trial assignable transferable auto_renews subscription group_id valid_until
        assigned_at last_used_at attributes;
    Asset: name category last_used_at attributes;
    Grant: assigned_at expires_at last_used_at attributes;
}

impl Absorb for User {
    fn absorb(&mut self, other: Self) {
        let either = |mine: Option<bool>, other: Option<bool>| mine.max(other);
        self.administrator = either(self.administrator, other.administrator);
        self.mfa = either(self.mfa, other.mfa);
        self.status = match (self.status, other.status) {
            // The contract lists statuses from the most to the least able.
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        keep(&mut self.last_seen_at, other.last_seen_at, Ordering::Greater);
        keep(&mut self.created_at, other.created_at, Ordering::Less);
        fill(&mut self.account_type, other.account_type);
        fill(&mut self.user_name, other.user_name);
        fill(&mut self.email, other.email);
        fill(&mut self.aliases, other.aliases);
        fill(&mut self.display_name, other.display_name);
        fill(&mut self.given_name, other.given_name);
        fill(&mut self.family_name, other.family_name);
        fill(&mut self.external_id, other.external_id);
        fill(&mut self.employee_number, other.employee_number);
        fill(&mut self.manager_id, other.manager_id);
        fill(&mut self.title, other.title);
        fill(&mut self.department, other.department);
        fill(&mut self.updated_at, other.updated_at);
        fill(&mut self.attributes, other.attributes);
    }
}
