//! Users and devices on the wire.

use serde::Serialize;
use serde_json::Value;

use crate::books::Kandji;
use crate::books::kandji::Written;

/// A page of users.
#[derive(Serialize)]
pub(super) struct UserPage {
    pub(super) next: Value,
    pub(super) previous: Value,
    pub(super) results: Vec<User>,
}

/// A user.
#[derive(Serialize)]
pub(super) struct User {
    active: bool,
    archived: bool,
    created_at: String,
    department: Option<String>,
    deprecated_user_id: String,
    device_count: u32,
    email: String,
    id: String,
    integration: Integration,
    job_title: Option<String>,
    name: String,
    updated_at: String,
}

#[derive(Serialize)]
struct Integration {
    id: u32,
    name: &'static str,
    r#type: &'static str,
    uuid: String,
}

/// A device.
#[derive(Serialize)]
pub(super) struct Device {
    device_id: String,
    device_name: String,
    model: &'static str,
    serial_number: String,
    platform: &'static str,
    os_version: &'static str,
    supplemental_build_version: &'static str,
    supplemental_os_version_extra: &'static str,
    last_check_in: String,
    user: Holder,
    asset_tag: String,
    blueprint_id: String,
    blueprint_name: &'static str,
    mdm_enabled: bool,
    agent_installed: bool,
    is_missing: bool,
    is_removed: bool,
    agent_version: &'static str,
    first_enrollment: String,
    last_enrollment: String,
    lost_mode_status: &'static str,
    tags: Vec<String>,
}

/// Whose device it is; "" for nobody's.
#[derive(Serialize)]
#[serde(untagged)]
enum Holder {
    Nobody(&'static str),
    User { email: String, id: String, is_archived: bool, name: String },
}

/// Puts a user on the wire.
pub(super) fn user(books: &Kandji, key: u32) -> User {
    let user = books.user(key);
    let (uuid, id, name, kind) = books.integration(user.integration);
    User {
        active: user.active,
        archived: user.archived,
        created_at: written(&user.created),
        department: user.department,
        deprecated_user_id: user.number.to_string(),
        device_count: books.device_count(key),
        email: user.email,
        id: user.id,
        integration: Integration { id, name, r#type: kind, uuid },
        job_title: user.title,
        name: user.name,
        updated_at: written(&user.updated),
    }
}

/// Puts a device on the wire.
pub(super) fn device(books: &Kandji, key: u32) -> Device {
    let device = books.device(key);
    let mac = device.platform == "Mac";
    let user = device.user.map(|user| books.user(user)).map_or(Holder::Nobody(""), |user| Holder::User {
        email: user.email,
        id: user.id,
        is_archived: user.archived,
        name: user.name,
    });
    const BLUEPRINTS: [&str; 4] = ["Standard Mac", "Engineering", "Kiosk", "Mobile"];
    Device {
        device_id: device.id,
        device_name: device.name,
        model: device.model,
        serial_number: device.serial,
        platform: device.platform,
        os_version: device.version,
        supplemental_build_version: "22F66",
        supplemental_os_version_extra: "",
        last_check_in: device.check_in.map_or_else(String::new, |moment| moment.micros()),
        user,
        asset_tag: device.asset_tag,
        blueprint_id: format!("97e4e175-1631-43f6-a02b-33fd1c74{:04x}", device.blueprint),
        blueprint_name: BLUEPRINTS.get(device.blueprint as usize).copied().unwrap_or(""),
        mdm_enabled: true,
        agent_installed: mac,
        is_missing: device.missing,
        is_removed: false,
        agent_version: if mac { "4.1.3 (3795)" } else { "" },
        first_enrollment: device.enrolled.spaced(),
        last_enrollment: device.enrolled.plus_days(1).spaced(),
        lost_mode_status: "",
        tags: device.tags,
    }
}

fn written(date: &Written) -> String {
    match date {
        Written::At(moment) => moment.micros(),
        Written::Spaced(moment) => moment.spaced(),
        Written::Text(text) => (*text).to_owned(),
    }
}
