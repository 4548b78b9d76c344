//! Kandji (Iru): people, as directory integrations bring them in, and the devices that they hold.

use headcount_connector::prelude::*;
use serde::de::IgnoredAny;

/// The page after this one stands in `next`; only its cursor is taken, since it may name another host.
const USERS: Paging = Paging::next_url("/next", "cursor");

/// 300 is the most that Kandji gives. The number of all devices is not always stated.
const DEVICES: Paging = Paging::offset("offset").size("limit", 300).until(End::Short).total_header("x-total-count");

/// The connector.
pub struct Kandji;

/// The connection's settings.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Config {
    /// The host of the API: `acme.api.kandji.io`. Nothing else tells one organisation from another.
    api_url: String,
}

#[derive(Deserialize)]
struct Account {
    id: String,
    name: Option<String>,
    email: Option<String>,
    active: Option<bool>,
    archived: Option<bool>,
    department: Option<String>,
    job_title: Option<String>,
    deprecated_user_id: Option<Id>,
    created_at: Option<String>,
    updated_at: Option<String>,
    integration: Option<Integration>,
}

/// The directory that a person came from.
#[derive(Deserialize)]
struct Integration {
    id: Option<Id>,
    uuid: Option<Id>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Device {
    device_id: String,
    device_name: Option<String>,
    serial_number: Option<String>,
    last_check_in: Option<String>,
    user: Option<Holder>,
}

/// Who holds a device: an object with an id, or empty text for nobody.
#[derive(Deserialize)]
#[serde(untagged)]
enum Holder {
    Person { id: Id },
    Nobody(IgnoredAny),
}

/// A UUID now; a number in answers of earlier years.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Text(String),
    Number(u64),
}

impl Connector for Kandji {
    type Config = Config;

    fn check(vendor: &Vendor<Config>) -> Result<Scope> {
        vendor.get("/users").send()?;
        Scope::of(&vendor.config.api_url)
            .feed("users", Access::Readable)
            .probe("devices", vendor.get("/devices").query("limit", 1))
    }

    fn read(vendor: &Vendor<Config>, feed: &str, _parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        match feed {
            "users" => vendor.get("/users").list(&USERS, cursor, "results")?.of(Kind::User).each(user),
            "devices" => vendor.get("/devices").list(&DEVICES, cursor, "")?.of(Kind::Asset).id_at("/device_id").each(device),
            _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
        }
    }
}

/// A person, and the directory that the person came from.
fn user(account: Account, raw: Raw<'_>, out: &mut Out) {
    if let Some((id, integration)) = account.integration.and_then(|integration| Some((integration.id()?, integration))) {
        out.grant(Grant::new(Reference::user(&account.id), Reference::group(&id)));
        let name = integration.name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
        let attributes = Some(json!({ "type": integration.kind }).to_string());
        out.group(Group { id, name, category: Some("integration".to_owned()), attributes, ..Default::default() });
    }
    let status = match (account.active, account.archived) {
        (Some(false), _) | (_, Some(true)) => UserStatus::Inactive,
        _ => UserStatus::Active,
    };
    // Some directories' people have no address.
    let email = account.email.filter(|email| !email.trim().is_empty());
    out.user(User {
        user_name: Some(email.clone().unwrap_or_else(|| account.id.clone())),
        id: account.id,
        status: Some(status),
        email,
        display_name: account.name,
        external_id: account.deprecated_user_id.map(Id::into_text),
        title: account.job_title,
        department: account.department,
        created_at: account.created_at,
        updated_at: account.updated_at,
        attributes: raw.attributes(),
        ..Default::default()
    });
}

/// A device, and who holds it.
fn device(device: Device, raw: Raw<'_>, out: &mut Out) {
    if let Some(Holder::Person { id }) = device.user {
        out.grant(Grant::new(Reference::user(id.into_text()), Reference::asset(&device.device_id)));
    }
    let names = [device.device_name, device.serial_number];
    let name = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_else(|| device.device_id.clone());
    out.asset(Asset {
        id: device.device_id,
        name,
        category: "device".to_owned(),
        last_used_at: device.last_check_in,
        attributes: raw.attributes(),
    });
}

impl Integration {
    /// The UUID, which outlives the number.
    fn id(&self) -> Option<String> {
        [&self.uuid, &self.id].into_iter().flatten().map(Id::text).find(|id| !id.is_empty())
    }
}

impl Id {
    fn text(&self) -> String {
        match self {
            Id::Text(text) => text.clone(),
            Id::Number(number) => number.to_string(),
        }
    }

    fn into_text(self) -> String {
        self.text()
    }
}

connector!(Kandji);
