//! The kit as an author meets it: a connector of a few lines, a scripted vendor, and what comes of it.

mod lists;
mod pages;
mod requests;
mod scopes;
mod statuses;

use crate::prelude::*;

/// A connector whose paging is chosen by the name of the feed.
pub(crate) struct Probe;

#[derive(Deserialize)]
pub(crate) struct Row {
    id: u64,
    name: Option<String>,
}

impl Connector for Probe {
    type Config = Value;

    fn check(vendor: &Vendor<Value>) -> Result<Scope> {
        Scope::of("probe").probe_all([("rows", vendor.get("/rows")), ("others", vendor.get("/others"))])
    }

    fn read(vendor: &Vendor<Value>, feed: &str, _parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        let (paging, rows) = match feed {
            "empty" => (Paging::pages("page", 1).size("per_page", 2), "rows"),
            "short" => (Paging::pages("page", 0).size("per_page", 2).until(End::Short), ""),
            "null" => (Paging::pages("page", 1).until(End::Null("/meta/next")), "rows"),
            "offset" => (Paging::offset("skip").size("limit", 2).total_at("/total"), "rows"),
            "counted" => (Paging::offset("skip").size("limit", 2).total_header("x-total-count").until(End::Short), ""),
            "cursor" => (Paging::cursor("/meta/cursor", "after"), "/data/rows"),
            "next" => (Paging::next_url("/next", "cursor"), "rows"),
            "sparse" => (Paging::next_url("/next", "cursor").may_be_empty(), "rows"),
            "link" => (Paging::link("cursor"), ""),
            "single" => (Paging::single(), "rows"),
            _ => return Err(Failure::unsupported(format_args!("feed {feed}"))),
        };
        vendor.get("/rows").list(&paging, cursor, rows)?.of(Kind::Group).id_prefix("g-").each(|row: Row, raw, out| {
            let name = row.name.unwrap_or_default();
            out.group(Group { name, attributes: raw.attributes(), ..Group::of(format_args!("g-{}", row.id)) });
        })
    }

    fn invoke(vendor: &Vendor<Value>, action: &str, _input: Value) -> Result<Outcome> {
        vendor.post("/acts").body(json!({ "do": action })).send()?;
        Ok(Outcome { summary: "Done.".to_owned(), ..Default::default() })
    }
}

pub(crate) fn vendor() -> TestVendor<Probe> {
    TestVendor::new(json!({}))
}
