//! JetBrains: licenses, the teams that own them, and people: whoever holds a license, told apart by e-mail address.

mod actions;
mod license;

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

impl Connector for JetBrains {
    type Config = Config;

    fn check(vendor: &Vendor<Config>) -> Result<Scope> {
        let code = &vendor.config.customer_code;
        let answer = with_code(vendor, vendor.get("/token")).send().map_err(actions::explained)?;
        // An organisation's key has teams, a team's has its one, with the role there.
        let token: Value = answer.json()?;
        let text = |at| token.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let role = [text("/role"), text("/team/role")].concat();
        let listed = token.get("teams").and_then(Value::as_array).into_iter().flatten();
        let teams = listed.chain(token.get("team")).filter_map(|team| team.get("id"));
        Ok(Scope::of(code)
            .label(format_args!("Customer {code}, {} API key, role {role}", text("/type")))
            .fact("token-type", [text("/type")])
            .fact("role", [role])
            .fact("teams", teams))
    }

    /// Documents say that a request without `assigned` lists free licenses only; clients were given all. If nobody is on its first
    /// page, free ones, then held ones are asked for: one that is assigned meanwhile comes twice. One that is released meanwhile comes in
    /// neither; but nothing is missing that only one reading of several pages lacks.
    fn read(vendor: &Vendor<Config>, feed: &str, _parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        if feed != "licenses" {
            return Err(Failure::unsupported(format_args!("feed {feed}")));
        }
        let part = Part::of(cursor, &["all", "free", "held"])?;
        let assigned = (part.name != "all").then_some(part.name == "held");
        let request = with_code(vendor, vendor.get("/customer/licenses")).maybe_query("assigned", assigned);
        let page = request.list(&LIST, part.cursor, "")?.of(Kind::License).id_at("/licenseId").text_ids();
        let page = page.each(license::add)?;
        let nobody = cursor.is_none() && page.users().is_empty();
        Ok(match part.name {
            "all" if nobody => part.then(Out::default().page(0, Some(0), Progress::Complete), "free"),
            "free" => part.then(page, "held"),
            _ => part.end(page),
        })
    }

    fn invoke(vendor: &Vendor<Config>, action: &str, given: Value) -> Result<Outcome> {
        match action {
            "licenses-of-user" => actions::licenses_of_user(vendor, &input(given)?),
            "assign-license" => actions::assign(vendor, &input(given)?),
            "revoke-license" => actions::revoke(vendor, input(given)?),
            _ => Err(Failure::unsupported(format_args!("action {action}"))),
        }
        .map_err(actions::explained)
    }
}

/// Every request names the organisation; without it JetBrains answers 401.
fn with_code<'a>(vendor: &Vendor<Config>, request: Request<'a>) -> Request<'a> {
    request.header("x-customer-code", &vendor.config.customer_code)
}

connector!(JetBrains);
