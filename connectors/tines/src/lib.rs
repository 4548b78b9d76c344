//! Tines: users with their teams and roles, by a tenant owner's key.

mod account;

use headcount_connector::{Skipped, prelude::*};

use account::{Account, Membership};

/// The next page is null at the end; counts of rows are not to be relied on.
const LIST: Paging = Paging::pages("page", 1).size("per_page", 500).until(End::Null("/meta/next_page"));

/// The memberships that come with each user, where the tenant's version of the API knows them.
const MEMBERSHIPS: (&str, &str) = ("include", "team_memberships");

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Config {
    tenant_domain: String,
}

#[derive(Deserialize)]
struct Info {
    stack: Stack,
}

#[derive(Deserialize)]
struct Stack {
    name: Option<String>,
    region: Option<String>,
}

#[derive(Deserialize)]
struct Team {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
struct TenantRole {
    id: String,
    name: String,
    description: Option<String>,
    permissions: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Target {
    user_id: String,
}

/// What an action asks and changes.
#[derive(Deserialize)]
struct State {
    is_active: Option<bool>,
    email: Option<String>,
}

struct Tines;

impl Connector for Tines {
    type Config = Config;

    fn check(vendor: &Vendor<Config>) -> Result<Scope> {
        let mut answers = vendor.all([vendor.get("/info"), few(vendor)]).into_iter();
        let mut answer = || answers.next().unwrap_or_else(|| Err(Failure::unavailable("No answer came.")));
        let info: Info = answer()?.json()?;
        let included = includes_memberships(&answer()?)?;
        let tenant = &vendor.config.tenant_domain;
        let scope = Scope::of(tenant)
            .label(format_args!("{tenant}, a tenant owner's key"))
            .fact("stack", info.stack.name)
            .fact("region", info.stack.region)
            .feed("users", Access::Readable);
        Ok(match included {
            true => scope.feed_because("members", Access::NotOffered, "Team memberships come with the users."),
            false => scope.feed("members", Access::Readable),
        })
    }

    fn read(vendor: &Vendor<Config>, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        match (feed, parent) {
            ("users", None) => users(vendor, cursor),
            ("teams", None) => {
                // Personal teams too: they occur in memberships.
                let list = vendor.get("/teams").query("scope", "all").list(&LIST, cursor, "teams")?;
                list.of(Kind::Group).number_ids().each(|team: Team, raw, out| {
                    let category = Some("team".to_owned());
                    out.group(Group { name: team.name, category, attributes: raw.attributes(), ..Group::of(team.id) });
                })
            }
            ("roles", None) => {
                let list = vendor.get("/admin/roles").list(&LIST, cursor, "admin/roles")?;
                list.of(Kind::Role).text_ids().each(|role: TenantRole, raw, out| {
                    let TenantRole { id, name, description, permissions } = role;
                    out.role(Role { name, description, permissions, attributes: raw.attributes(), ..Role::of(id) });
                })
            }
            ("members", Some(team)) => {
                let list = vendor.get(path!("/teams/{}/members", team)).list(&LIST, cursor, "members")?;
                // A member is the grant of a team, not the user, who is in the list of users.
                list.each(|member: account::Member, raw, out| {
                    let grant = Membership::grant(member.id, team, member.role);
                    out.grant(Grant { attributes: raw.attributes(), ..grant });
                })
            }
            _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
        }
    }

    fn invoke(vendor: &Vendor<Config>, action: &str, input: Value) -> Result<Outcome> {
        let active = match action {
            "deactivate" => false,
            "reactivate" => true,
            _ => return Err(Failure::unsupported(format_args!("action {action}"))),
        };
        let target: Target = headcount_connector::input(input)?;
        let unknown = |failure: Failure| match failure.code {
            FailureCode::NotFound => failure.with_field("user-id"),
            _ => failure,
        };
        let path = || path!("/admin/users/{}", target.user_id);
        let mut answer = vendor.get(path()).send().map_err(unknown)?;
        let mut state: State = answer.json()?;
        let already = state.is_active == Some(active);
        if !already {
            answer = vendor.put(path()).body(json!({ "is_active": active })).send().map_err(unknown)?;
            state = answer.json()?;
        }
        if state.is_active != Some(active) {
            return Err(Failure::conflict("Tines took the request and did not change the user."));
        }
        let word = if active { "active" } else { "inactive" };
        let now = if already { "already, and nothing was changed" } else { "now" };
        let summary = format!("{} is {word} {now}", state.email.as_deref().unwrap_or(&target.user_id));
        Ok(Outcome::done(summary, answer.record(Account::record)))
    }
}

/// A few users: a tenant has at least the owner of this key, so they tell whether memberships are included, even where one of them
/// comes without.
fn few<'a>(vendor: &'a Vendor<Config>) -> Request<'a> {
    vendor.get("/admin/users").query("per_page", 10).query(MEMBERSHIPS.0, MEMBERSHIPS.1)
}

fn includes_memberships(users: &Response) -> Result<bool> {
    let users: Value = users.json()?;
    let rows = users.get("admin/users").and_then(Value::as_array);
    Ok(rows.into_iter().flatten().any(|row| row.get(MEMBERSHIPS.1).is_some_and(Value::is_array)))
}

/// A page of users. Where the tenant includes memberships, a user without them is in teams that are not told: they are not taken from
/// that user.
fn users(vendor: &Vendor<Config>, cursor: Option<&str>) -> Result<Page> {
    let list = vendor.get("/admin/users").query(MEMBERSHIPS.0, MEMBERSHIPS.1).list(&LIST, cursor, "admin/users")?;
    let (mut without, mut included) = (Vec::new(), false);
    let mut page = list.of(Kind::User).number_ids().each(|account: Account, raw, out| {
        match account.team_memberships {
            Some(_) => included = true,
            None => without.push(Reference::user(account.id)),
        }
        account.record(raw, out);
    })?;
    if !without.is_empty() && (included || includes_memberships(&few(vendor).send()?)?) {
        let reason = "A user comes without team memberships, which others come with.";
        let skipped = without.into_iter().map(|user| Skipped { subject: Some(user), harmless: false, reason: reason.to_owned() });
        page.skipped.get_or_insert_default().extend(skipped);
    }
    Ok(page)
}

connector!(Tines);

#[cfg(test)]
mod tests;
