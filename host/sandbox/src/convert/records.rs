//! Records, kind by kind.

mod grants;

use headcount_model::{
    AccountType, Application, Asset, Group, Kind, License, LicenseState, Records, Reference, Role, User, UserStatus,
};

use super::Reader;
use crate::bindings::model as wit;
use crate::budget::Excess;

/// A record that can be read.
pub(super) trait Read: Sized {
    /// What the contract calls it.
    type From;

    /// How long its texts are.
    fn bytes(from: &Self::From) -> usize;

    /// Reads one.
    fn read(from: Self::From, reader: &mut Reader<'_>) -> Result<Self, Excess>;
}

impl Reader<'_> {
    /// Reads records of all kinds.
    pub(super) fn records(&mut self, from: wit::Records) -> Result<Records, Excess> {
        Ok(Records {
            users: self.each(from.users)?,
            groups: self.each(from.groups)?,
            roles: self.each(from.roles)?,
            applications: self.each(from.applications)?,
            licenses: self.each(from.licenses)?,
            assets: self.each(from.assets)?,
            grants: self.each(from.grants)?,
        })
    }

    /// Reads records of one kind.
    pub(super) fn each<R: Read>(&mut self, from: Option<Vec<R::From>>) -> Result<Vec<R>, Excess> {
        let from = from.unwrap_or_default();
        self.count(from.len())?;
        let read = |record| {
            self.size(R::bytes(&record))?;
            R::read(record, self)
        };
        from.into_iter().map(read).collect()
    }
}

/// Reads a reference.
pub(super) fn reference(from: wit::Reference) -> Reference {
    let kind = match from.kind {
        wit::Kind::User => Kind::User,
        wit::Kind::Group => Kind::Group,
        wit::Kind::Role => Kind::Role,
        wit::Kind::Application => Kind::Application,
        wit::Kind::License => Kind::License,
        wit::Kind::Asset => Kind::Asset,
    };
    Reference { kind, id: from.id }
}

fn text(from: Option<String>) -> Option<String> {
    from.filter(|text| !text.is_empty())
}

fn list(from: Option<Vec<String>>) -> Vec<String> {
    from.unwrap_or_default().into_iter().filter(|text| !text.is_empty()).collect()
}

fn len(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}

fn len_all(list: &Option<Vec<String>>) -> usize {
    list.as_ref().map_or(0, |list| list.iter().map(|text| text.len() + std::mem::size_of::<String>()).sum())
}

fn status(from: wit::UserStatus) -> UserStatus {
    match from {
        wit::UserStatus::Active => UserStatus::Active,
        wit::UserStatus::Pending => UserStatus::Pending,
        wit::UserStatus::Locked => UserStatus::Locked,
        wit::UserStatus::Suspended => UserStatus::Suspended,
        wit::UserStatus::Inactive => UserStatus::Inactive,
    }
}

fn account_type(from: wit::AccountType) -> AccountType {
    match from {
        wit::AccountType::Human => AccountType::Human,
        wit::AccountType::Service => AccountType::Service,
        wit::AccountType::Shared => AccountType::Shared,
    }
}

fn state(from: wit::LicenseState) -> LicenseState {
    match from {
        wit::LicenseState::Active => LicenseState::Active,
        wit::LicenseState::Suspended => LicenseState::Suspended,
        wit::LicenseState::Expired => LicenseState::Expired,
    }
}

impl Read for User {
    type From = wit::User;

    fn bytes(from: &wit::User) -> usize {
        let size = [
            from.id.len(),
            len(&from.user_name),
            len(&from.email),
            len_all(&from.aliases),
            len(&from.display_name),
            len(&from.given_name),
            len(&from.family_name),
            len(&from.external_id),
            len(&from.employee_number),
            len(&from.manager_id),
            len(&from.title),
            len(&from.department),
            len(&from.created_at),
            len(&from.updated_at),
            len(&from.last_seen_at),
            len(&from.attributes),
        ];
        size.into_iter().sum()
    }

    fn read(from: wit::User, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let of = Reference::new(Kind::User, from.id);
        Ok(User {
            status: from.status.map(status),
            account_type: from.account_type.map(account_type),
            user_name: text(from.user_name),
            email: text(from.email),
            aliases: list(from.aliases),
            display_name: text(from.display_name),
            given_name: text(from.given_name),
            family_name: text(from.family_name),
            external_id: text(from.external_id),
            employee_number: text(from.employee_number),
            manager_id: text(from.manager_id),
            title: text(from.title),
            department: text(from.department),
            administrator: from.administrator,
            mfa: from.mfa,
            created_at: reader.time(from.created_at, "created-at", &of),
            updated_at: reader.time(from.updated_at, "updated-at", &of),
            last_seen_at: reader.time(from.last_seen_at, "last-seen-at", &of),
            attributes: reader.attributes(from.attributes, &of),
            id: of.id,
        })
    }
}

impl Read for Group {
    type From = wit::Group;

    fn bytes(from: &wit::Group) -> usize {
        let size = [
            from.id.len(),
            from.name.len(),
            len(&from.category),
            len(&from.description),
            len(&from.email),
            len(&from.attributes),
        ];
        size.into_iter().sum()
    }

    fn read(from: wit::Group, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let of = Reference::new(Kind::Group, from.id);
        Ok(Group {
            name: from.name,
            category: text(from.category),
            description: text(from.description),
            email: text(from.email),
            attributes: reader.attributes(from.attributes, &of),
            id: of.id,
        })
    }
}

impl Read for Role {
    type From = wit::Role;

    fn bytes(from: &wit::Role) -> usize {
        let size = [from.id.len(), from.name.len(), len(&from.description), len_all(&from.permissions), len(&from.attributes)];
        size.into_iter().sum()
    }

    fn read(from: wit::Role, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let of = Reference::new(Kind::Role, from.id);
        Ok(Role {
            name: from.name,
            description: text(from.description),
            administrator: from.administrator,
            permissions: list(from.permissions),
            attributes: reader.attributes(from.attributes, &of),
            id: of.id,
        })
    }
}

impl Read for Application {
    type From = wit::Application;

    fn bytes(from: &wit::Application) -> usize {
        let size = [
            from.id.len(),
            from.name.len(),
            len(&from.protocol),
            len(&from.description),
            len(&from.sign_in_url),
            len(&from.logo_url),
            len(&from.created_at),
            len(&from.attributes),
        ];
        size.into_iter().sum()
    }

    fn read(from: wit::Application, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let of = Reference::new(Kind::Application, from.id);
        Ok(Application {
            name: from.name,
            protocol: text(from.protocol),
            active: from.active,
            description: text(from.description),
            sign_in_url: text(from.sign_in_url),
            logo_url: text(from.logo_url),
            created_at: reader.time(from.created_at, "created-at", &of),
            attributes: reader.attributes(from.attributes, &of),
            id: of.id,
        })
    }
}

impl Read for License {
    type From = wit::License;

    fn bytes(from: &wit::License) -> usize {
        let size = [
            from.id.len(),
            from.product_id.len(),
            from.product_name.len(),
            len(&from.subscription),
            len(&from.group_id),
            len(&from.valid_until),
            len(&from.assigned_at),
            len(&from.last_used_at),
            len(&from.attributes),
        ];
        size.into_iter().sum()
    }

    fn read(from: wit::License, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let of = Reference::new(Kind::License, from.id);
        Ok(License {
            product_id: from.product_id,
            product_name: from.product_name,
            quantity: from.quantity,
            state: from.state.map(state),
            trial: from.trial,
            assignable: from.assignable,
            transferable: from.transferable,
            auto_renews: from.auto_renews,
            subscription: text(from.subscription),
            group_id: text(from.group_id),
            valid_until: reader.time(from.valid_until, "valid-until", &of),
            assigned_at: reader.time(from.assigned_at, "assigned-at", &of),
            last_used_at: reader.time(from.last_used_at, "last-used-at", &of),
            attributes: reader.attributes(from.attributes, &of),
            id: of.id,
        })
    }
}

impl Read for Asset {
    type From = wit::Asset;

    fn bytes(from: &wit::Asset) -> usize {
        let size = [from.id.len(), from.name.len(), from.category.len(), len(&from.last_used_at), len(&from.attributes)];
        size.into_iter().sum()
    }

    fn read(from: wit::Asset, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let of = Reference::new(Kind::Asset, from.id);
        Ok(Asset {
            name: from.name,
            category: from.category,
            last_used_at: reader.time(from.last_used_at, "last-used-at", &of),
            attributes: reader.attributes(from.attributes, &of),
            id: of.id,
        })
    }
}
