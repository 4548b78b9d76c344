//! The smallest connector: one list of people, a hundred at a time.
use headcount_connector::prelude::*;

const LIST: Paging = Paging::pages("page", 1).size("per_page", 100);

#[rustfmt::skip]
#[derive(Deserialize)] struct Person { id: u64, email: String, name: String }

struct Hello;

impl Connector for Hello {
    type Config = Value;

    fn check(vendor: &Vendor<Value>) -> Result<Scope> {
        Scope::of("hello").probe("people", vendor.get("/people").query("per_page", 1))
    }

    fn read(vendor: &Vendor<Value>, _feed: &str, _parent: Option<&str>, cursor: Option<&str>) -> Result<Page> {
        vendor.get("/people").list(&LIST, cursor, "people")?.of(Kind::User).each(|p: Person, raw, out| {
            out.user(User { email: Some(p.email), display_name: Some(p.name), attributes: raw.attributes(), ..User::of(p.id) });
        })
    }
}

connector!(Hello);
