//! Acme: users, groups, and who is in which.

use headcount_connector::prelude::*;

/// `?limit=100&cursor=…`; the next cursor stands in `next`, and is null at the end.
const LIST: Paging = Paging::cursor("/next", "cursor").size("limit", 100);

/// A user as the vendor lists them. Whatever may be missing is an `Option`.
#[derive(Deserialize)]
struct Account {
    id: String,
    email: Option<String>,
    name: Option<String>,
    state: Option<String>,
}

impl Account {
    /// None where the vendor does not say, or says something new: a guess might take somebody's access away.
    fn status(&self) -> Option<UserStatus> {
        match self.state.as_deref()? {
            "active" => Some(UserStatus::Active),
            "invited" => Some(UserStatus::Pending),
            "suspended" => Some(UserStatus::Suspended),
            "deactivated" => Some(UserStatus::Inactive),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Team {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Member {
    user_id: String,
}

struct AcmeConnector;

impl Connector for AcmeConnector {
    type Config = Value;

    /// Who the credential is: what is named here must be the same whenever it is the same organisation's.
    fn check(vendor: &Vendor<Value>) -> Result<Scope> {
        let probe = |list: &'static str| vendor.get(list).query("limit", 1);
        Scope::of("acme").probe_all([("users", probe("/users")), ("groups", probe("/groups"))])
    }

    /// One page of a feed. `parent` is the group whose members are asked for.
    fn read(vendor: &Vendor<Value>, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        match (feed, parent) {
            ("users", None) => {
                let list = vendor.get("/users").list(&LIST, cursor, "users")?;
                list.of(Kind::User).each(|account: Account, raw, out| {
                    let status = account.status();
                    let Account { id, email, name, .. } = account;
                    out.user(User { status, email, display_name: name, attributes: raw.attributes(), ..User::of(id) });
                })
            }
            ("groups", None) => {
                let list = vendor.get("/groups").list(&LIST, cursor, "groups")?;
                list.of(Kind::Group).each(|team: Team, raw, out| {
                    out.group(Group { name: team.name, attributes: raw.attributes(), ..Group::of(team.id) });
                })
            }
            ("members", Some(group)) => {
                let list = vendor.get(path!("/groups/{}/members", group)).list(&LIST, cursor, "members")?;
                list.each(|member: Member, _, out| {
                    out.grant(Grant::new(Reference::user(member.user_id), Reference::group(group)));
                })
            }
            _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
        }
    }
}

connector!(AcmeConnector);

#[cfg(test)]
mod tests;
