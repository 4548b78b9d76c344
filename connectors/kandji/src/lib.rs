//! Kandji (Iru): people, as directory integrations bring them in, and the devices that they hold.

use headcount_connector::prelude::*;

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
    created_at: Option<String>,
    updated_at: Option<String>,
    integration: Option<Integration>,
}

/// The directory that a person came from.
#[derive(Deserialize)]
#[serde(try_from = "Directory")]
struct Integration {
    id: String,
    name: Option<String>,
    kind: Option<String>,
}

/// As Kandji writes it. The UUID outlives the number, which counts where the UUID is empty.
#[derive(Deserialize)]
struct Directory {
    id: Option<Id>,
    uuid: String,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl TryFrom<Directory> for Integration {
    type Error = &'static str;

    fn try_from(directory: Directory) -> Result<Self, Self::Error> {
        let Directory { id, uuid, name, kind } = directory;
        let uuid = Some(uuid).filter(|uuid| !uuid.is_empty());
        let id = uuid.or(id.map(|id| id.to_string())).ok_or("an integration has no id")?;
        Ok(Integration { id, name, kind })
    }
}

#[derive(Deserialize)]
struct Device {
    device_id: String,
    device_name: Option<String>,
    serial_number: Option<String>,
    last_check_in: Option<String>,
    user: Holder,
}

/// Who holds a device: an object with an id (a UUID now, a number in answers of earlier years), or empty text or null for nobody. Kandji
/// always says: whatever else there is may be somebody.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
struct Holder(Option<Id>);

impl TryFrom<Value> for Holder {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Person {
            id: Id,
        }
        match value {
            Value::Null => Ok(Holder(None)),
            Value::String(text) if text.is_empty() => Ok(Holder(None)),
            value @ Value::Object(_) => {
                let person: Person = serde::Deserialize::deserialize(value).map_err(|_| "its user has no id")?;
                Ok(Holder(Some(person.id)))
            }
            _ => Err("its user is neither a person nor empty"),
        }
    }
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
            "users" => vendor.get("/users").list(&USERS, cursor, "results")?.of(Kind::User).text_ids().each(user),
            "devices" => {
                let list = vendor.get("/devices").list(&DEVICES, cursor, "")?;
                list.of(Kind::Asset).id_at("/device_id").text_ids().each(device)
            }
            _ => Err(Failure::unsupported(format_args!("feed {feed}"))),
        }
    }
}

/// A person, and the directory that the person came from.
fn user(account: Account, raw: Raw<'_>, out: &mut Out) {
    if let Some(Integration { id, name, kind }) = account.integration {
        out.grant(Grant::new(Reference::user(&account.id), Reference::group(&id)));
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
        let attributes = Some(json!({ "type": kind }).to_string());
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
        external_id: raw.fields().text("/deprecated_user_id"),
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
    if let Holder(Some(id)) = device.user {
        out.grant(Grant::new(Reference::user(id), Reference::asset(&device.device_id)));
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

connector!(Kandji);
