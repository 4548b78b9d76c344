//! Kandji: users by cursor, devices as a bare array by offset, and an error shape for every occasion.

mod refusal;
mod row;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use crate::books::Kandji;
use crate::front::{Front, Reach};
use crate::guarded::Guarded;
use crate::pages::Window;
use crate::wire::{Reply, Request};
use refusal::Refusal;

/// Users on a page, and the most devices on one.
const PAGE: usize = 300;
/// Requests an hour and a second.
const HOURLY: u32 = 10_000;
const SECONDLY: u32 = 50;

/// The server's handlers and state.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) front: Arc<Front>,
    pub(crate) books: Guarded<Kandji>,
}

impl Site {
    pub(crate) fn new(front: Arc<Front>, books: Kandji) -> Self {
        Site { front, books: Guarded::new(books) }
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let hour = self.front.pace("hour", HOURLY, Duration::from_secs(3_600));
        let second = self.front.pace("second", SECONDLY, Duration::from_secs(1));
        let reply = match (hour, second) {
            (Some(_), Some(_)) => self.try_answer(request).unwrap_or_else(Refusal::into_reply),
            _ => Refusal::TooMany.into_reply(),
        };
        let ((hour, reset), (second, _)) = (hour.unwrap_or((0, 3_600)), second.unwrap_or((0, 1)));
        reply
            .header("X-RateLimit-Limit-Hour", HOURLY)
            .header("X-RateLimit-Remaining-Hour", hour)
            .header("X-RateLimit-Limit-Second", SECONDLY)
            .header("X-RateLimit-Remaining-Second", second)
            .header("RateLimit-Limit", SECONDLY)
            .header("RateLimit-Remaining", second)
            .header("RateLimit-Reset", if hour == 0 { reset } else { 1 })
    }

    fn try_answer(&self, request: &Request) -> Result<Reply, Refusal> {
        // The tenant's web address, without `.api.`, serves no API.
        if request.host == "acme.kandji.io" {
            return Ok(Reply::html(404, "Page not found"));
        }
        let no_route = || Refusal::NoRoute(self.front.count());
        let segments = request.segments("/api/v1").ok_or_else(no_route)?;
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let reach = self.front.reach(request.bearer());
        if matches!(reach, Reach::Revoked | Reach::OtherOrganization) {
            return Err(Refusal::Unauthorized);
        }
        let devices_barred = reach == Reach::Narrow || self.front.switches.read().kandji_devices_forbidden;
        if parts.first() == Some(&"devices") && devices_barred || reach == Reach::ReadOnly && request.method != Method::GET {
            return Err(Refusal::Forbidden);
        }
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["users"]) => self.users(request),
            ("GET", ["users", id]) => {
                let books = self.books.read();
                let key = books.user_key(id).ok_or(Refusal::NotFound)?;
                Ok(Reply::ok(&row::user(&books, key)))
            }
            ("DELETE", ["users", id]) => {
                let with_text = self.front.switches.read().kandji_delete_with_text;
                writes::delete_user(&mut self.books.write(), id, with_text)
            }
            ("GET", ["devices"]) => self.devices(request),
            ("GET", ["devices", id]) => {
                let books = self.books.read();
                let key = books.device_key(id).ok_or(Refusal::NotFound)?;
                Ok(Reply::ok(&row::device(&books, key)))
            }
            ("PATCH", ["devices", id]) => writes::update_device(&mut self.books.write(), id, request),
            ("GET", ["audit", "events"]) => self.audit(request),
            ("GET", ["settings", "licensing"]) => Ok(self.licensing()),
            (_, ["users" | "devices", ..]) => Err(Refusal::Method(request.method.to_string())),
            _ => Err(no_route()),
        }
    }

    fn users(&self, request: &Request) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let after = request.query.get("cursor").map(read_cursor).transpose()?;
        let archived = match request.query.get("archived").map(str::to_ascii_lowercase).as_deref() {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(Refusal::Field("archived", "Must be a valid boolean.")),
        };
        let (email, id, integration) = (request.query.get("email"), request.query.get("id"), request.query.get("integration_id"));
        let matches = |key: &u32| {
            if email.or(id).or(integration).is_none() && archived.is_none() {
                return true;
            }
            let user = books.user(*key);
            email.is_none_or(|part| user.email.contains(&part.to_lowercase()))
                && id.is_none_or(|id| user.id == id)
                && integration.is_none_or(|uuid| books.integration(user.integration).0 == uuid)
                && archived.is_none_or(|archived| user.archived == archived)
        };
        let rows = books.users();
        let size = usize::try_from(request.largest(PAGE as u64)).unwrap_or(PAGE);
        let start = after.map_or(0, |after| rows.partition_point(|key| *key <= after));
        let mut found: Vec<u32> = rows.get(start..).unwrap_or(&[]).iter().copied().filter(matches).take(size + 1).collect();
        let more = found.len() > size;
        found.truncate(size);
        let link = |key: u32| json!(self.users_link(request, key));
        let next = found.last().filter(|_| more).map_or(Value::Null, |last| link(*last));
        let previous =
            if start == 0 { Value::Null } else { link(rows.get(start.saturating_sub(size + 1)).copied().unwrap_or(0)) };
        Ok(Reply::ok(&row::UserPage { next, previous, results: found.iter().map(|key| row::user(&books, *key)).collect() }))
    }

    /// A link as the vendor writes it: to a host that is not the API's.
    fn users_link(&self, request: &Request, key: u32) -> String {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let kept =
            request.query.pairs().filter(|pair| pair.0 != "cursor").map(|(name, value)| format!("&{name}={}", encode(value)));
        let cursor = STANDARD.encode(format!("p={key}"));
        format!("https://acme.kandji.io/api/v1/users?cursor={}{}", encode(&cursor), kept.collect::<String>())
    }

    fn devices(&self, request: &Request) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let limit = request.query.number("limit", PAGE as u64).filter(|limit| (1..=PAGE as u64).contains(limit));
        let limit = limit.ok_or(Refusal::List("limit must be between 1 and 300"))?.min(request.largest(PAGE as u64));
        let offset = request.query.number("offset", 0).ok_or(Refusal::List("offset must be a positive number"))?;
        let by_user =
            request.query.get("user_id").map(|id| books.user_key(id).map(|key| books.devices_of(key)).unwrap_or_default());
        let wanted = |key: &u32| {
            let device = books.device(*key);
            let user = device.user.map(|user| books.user(user));
            let holds = |name: &str, text: &str| {
                request.query.get(name).is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
            };
            holds("serial_number", &device.serial)
                && request.query.get("platform").is_none_or(|platform| platform == device.platform)
                && holds("user_email", user.as_ref().map_or("", |user| &user.email))
                && holds("user_name", user.as_ref().map_or("", |user| &user.name))
                && request.query.get("user_email_exact").is_none_or(|email| user.as_ref().is_some_and(|user| user.email == email))
        };
        const FILTERS: [&str; 5] = ["serial_number", "platform", "user_email", "user_name", "user_email_exact"];
        let is_filtered = FILTERS.iter().any(|name| request.query.get(name).is_some());
        let mut rows = by_user.unwrap_or_else(|| if is_filtered { books.devices().to_vec() } else { Vec::new() });
        let unfiltered = rows.is_empty() && !is_filtered && request.query.get("user_id").is_none();
        if is_filtered {
            rows.retain(wanted);
        }
        let rows = if unfiltered { books.devices() } else { &rows };
        let shown = Window::skip(offset, limit).of(rows);
        let reply = Reply::ok(&shown.iter().map(|key| row::device(&books, *key)).collect::<Vec<_>>());
        let total = rows.len() as u64;
        let end = offset.saturating_add(limit);
        let link = if end < total {
            format!("<https://{}/api/v1/devices?limit={limit}&offset={end}>; rel=\"next\"", self.front.vendor.host())
        } else {
            // Literally: the vendor prints the absence.
            "<None>; rel=\"next\"".to_owned()
        };
        let reply = reply.header("Link", link);
        if !self.front.switches.read().kandji_device_total {
            return Ok(reply);
        }
        Ok(reply.header("x-total-count", total).header("x-total-pages", total.div_ceil(limit)))
    }

    fn audit(&self, request: &Request) -> Result<Reply, Refusal> {
        let limit = request.query.number("limit", 500).filter(|limit| (1..=500).contains(limit));
        let limit = limit.ok_or(Refusal::Field("limit", "Ensure this value is less than or equal to 500."))?;
        let skip = request.query.get("cursor").map(read_cursor).transpose()?.unwrap_or(0);
        let books = self.books.read();
        let at = books.company().now().minus_days(1).micros();
        let rows: Vec<u32> = (0..40).collect();
        let shown = Window::skip(u64::from(skip), limit).of(&rows);
        let event = |number: &u32| {
            json!({ "id": format!("01JNGZW47KZKPX{number:012}"), "action": "update", "actor_id": books.integration(0).0, "actor_type": "user",
                "metadata": {}, "new_state": {}, "occurred_at": at, "target_component": "", "target_id": books.integration(1).0,
                "target_type": "blueprint" })
        };
        let end = u64::from(skip) + limit;
        let next = (end < rows.len() as u64).then(|| {
            let cursor = STANDARD.encode(format!("p={end}"));
            format!(
                "https://{}/api/v1/audit/events?limit={limit}&cursor={}",
                self.front.vendor.host(),
                cursor.replace('=', "%3D")
            )
        });
        Ok(Reply::ok(&json!({ "next": next, "previous": null, "results": shown.iter().map(event).collect::<Vec<_>>() })))
    }

    fn licensing(&self) -> Reply {
        let devices = self.books.read().devices().len();
        Reply::ok(&json!({
            "counts": { "computers_count": devices / 2, "ios_count": devices / 6, "ipados_count": devices / 6, "macos_count": devices / 2,
                "tvos_count": devices / 6 },
            "limits": { "max_devices": devices + 100, "max_devices_per_platform": { "ios_ipados": 0, "macos": 0 }, "plan_type": "single_limit" },
            "tenantOverLicenseLimit": false
        }))
    }
}

/// The key after which a page begins.
fn read_cursor(cursor: &str) -> Result<u32, Refusal> {
    let text = STANDARD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let key = text.as_deref().and_then(|text| text.strip_prefix("p=")).and_then(|key| key.parse().ok());
    key.ok_or(Refusal::Text("Invalid cursor"))
}
