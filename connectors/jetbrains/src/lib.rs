//! JetBrains: licenses, who holds them, and the teams that own them.
//!
//! JetBrains has no list of people: they are whoever holds a license, told apart by e-mail address.

mod actions;
mod license;
mod pages;

use headcount_connector::prelude::*;

/// JetBrains may leave out how many licenses there are; then an empty page is the end.
const LIST: Paging = Paging::pages("page", 1).size("perPage", 100).total_header("x-total-count");

/// The connector.
pub struct JetBrains;

/// The connection's settings.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// The organisation's number, which goes with every request.
    customer_code: String,
}

/// What `GET /token` says of a key: an organisation's has teams, a team's has its one.
#[derive(Deserialize)]
struct Token {
    #[serde(rename = "type")]
    kind: String,
    role: Option<String>,
    #[serde(default)]
    teams: Option<Vec<Team>>,
    team: Option<Team>,
}

#[derive(Deserialize)]
struct Team {
    id: i64,
    role: Option<String>,
}

impl Connector for JetBrains {
    type Config = Config;

    fn check(vendor: &Vendor<Config>) -> Result<Scope> {
        let code = &vendor.config.customer_code;
        let token: Token = with_code(vendor, vendor.get("/token")).json().map_err(|mut failure| {
            if failure.vendor_code.as_deref() == Some("INVALID_TOKEN") {
                failure.message.push_str(&format!(" The API key is unknown, or is not of the customer code {code}."));
            }
            failure
        })?;
        let role = token.role.or_else(|| token.team.as_ref()?.role.clone()).unwrap_or_default();
        let teams: Vec<i64> = token.teams.unwrap_or_default().iter().chain(&token.team).map(|team| team.id).collect();
        let whose = match (token.kind.as_str(), teams.as_slice()) {
            ("TEAM", [team]) => format!("API key of team {team}"),
            _ => "API key of the organisation".to_owned(),
        };
        let role_for_people = if role.is_empty() { String::new() } else { format!(", role {role}") };
        Ok(Scope::of(code)
            .label(format_args!("Customer {code}, {whose}{role_for_people}"))
            .fact("token-type", [&token.kind])
            .fact("role", [&role])
            .fact("teams", teams))
    }

    fn read(vendor: &Vendor<Config>, feed: &str, _parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        match feed {
            "licenses" => pages::read(vendor, cursor),
            _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
        }
    }

    fn invoke(vendor: &Vendor<Config>, action: &str, given: Value) -> Result<Outcome> {
        match action {
            "licenses-of-user" => actions::licenses_of_user(vendor, input(given)?),
            "assign-license" => actions::assign(vendor, input(given)?),
            "revoke-license" => actions::revoke(vendor, input(given)?),
            _ => Err(Failure::unsupported(format_args!("action {action}"))),
        }
    }
}

/// The list of licenses.
fn licenses(vendor: &Vendor<Config>) -> Request<'_> {
    with_code(vendor, vendor.get("/customer/licenses"))
}

/// Every request names the organisation; without it JetBrains answers 401.
fn with_code<'a>(vendor: &Vendor<Config>, request: Request<'a>) -> Request<'a> {
    request.header("x-customer-code", &vendor.config.customer_code)
}

connector!(JetBrains);
