//! What leaves the connector, and in which order answers come back.

use super::{Probe, vendor};
use crate::prelude::*;
use crate::{HttpRequest, HttpResponse, Transport};

#[test]
fn names_and_values_of_a_query_are_encoded() {
    let vendor = vendor().on("GET /a%20b", Reply::empty());
    let request = vendor.vendor().unwrap();
    request.get(path!("/{}", "a b")).query("filter[or][0]", "email:$eq:a+b&c=d@é").send().unwrap();
    assert_eq!(vendor.requests()[0].parameter("filter[or][0]"), Some("email:$eq:a+b&c=d@é"));
    assert_eq!(vendor.requests()[0].query.len(), 1);
}

#[test]
fn a_body_goes_out_as_json_and_a_later_header_replaces_an_earlier() {
    let vendor = vendor().on("PATCH /rows", Reply::empty());
    let request = vendor.vendor().unwrap();
    request.patch("/rows").header("Accept", "text/plain").header("accept", "a/b").body(json!({ "a": 1 })).send().unwrap();
    let sent = &vendor.requests()[0];
    assert_eq!(sent.body, Some(json!({ "a": 1 })));
    let headers: Vec<_> = sent.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, [("accept", "a/b"), ("content-type", "application/json")]);
}

#[test]
fn several_requests_are_answered_in_their_order_and_one_that_can_not_be_made_keeps_its_place() {
    let vendor =
        vendor().on("GET /a", Reply::json(json!(1))).on("GET /b", Reply::empty().status(404)).on("GET /c", Reply::json(json!(3)));
    let asked = vendor.vendor().unwrap();
    let answers = asked.all([asked.get("/a"), asked.get("/b"), asked.get(path!("/{}", "..")), asked.get("/c")]);
    let told: Vec<_> = answers.into_iter().map(|answer| answer.and_then(|r| r.json::<u8>()).map_err(|f| f.code)).collect();
    assert_eq!(told, [Ok(1), Err(FailureCode::NotFound), Err(FailureCode::InvalidInput), Ok(3)]);
    assert_eq!(vendor.requests().len(), 3);
    assert!(asked.all([]).is_empty());
}

#[test]
fn a_script_answers_once_where_it_is_told_to() {
    let vendor = vendor().once("GET /rows", Reply::empty().status(500)).on("GET /rows", Reply::json(json!({ "rows": [] })));
    assert_eq!(vendor.read_all("single").unwrap_err().code, FailureCode::Unavailable);
    assert!(vendor.read_all("single").is_ok());
    let failure = vendor.read("nothing", None, None).unwrap_err();
    assert_eq!(failure.code, FailureCode::Unsupported);
    assert!(vendor.invoke("x", json!({})).unwrap_err().message.contains("no answer to POST /acts"));
}

#[test]
fn settings_that_do_not_fit_name_their_field() {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Config {
        tenant_domain: String,
    }
    struct Never;
    impl Transport for Never {
        fn send(&self, _: &HttpRequest) -> Result<HttpResponse> {
            Err(Failure::unavailable("Nothing is sent."))
        }
    }
    let read = |settings: &str| Vendor::<Config>::new(settings, Never).map(|vendor| vendor.config.tenant_domain);
    assert_eq!(read(r#"{"base-url":"https://a.example/","tenant-domain":"a"}"#).as_deref(), Ok("a"));
    for (settings, field) in [
        (r#"{"base-url":"https://a.example"}"#, Some("tenant-domain")),
        (r#"{"tenant-domain":"a"}"#, Some("base-url")),
        ("[]", None),
        ("", None),
    ] {
        let failure = read(settings).unwrap_err();
        assert_eq!((failure.code, failure.field.as_deref()), (FailureCode::InvalidConfiguration, field), "{settings}");
    }
}

#[test]
fn a_connector_runs_over_any_transport() {
    struct Fixed;
    impl Transport for Fixed {
        fn send(&self, request: &HttpRequest) -> Result<HttpResponse> {
            assert_eq!(request.url, "https://v.example/api/rows");
            Ok(HttpResponse { status: 200, headers: Vec::new(), body: br#"{"rows":[{"id":1}]}"#.to_vec() })
        }
    }
    let vendor = Vendor::new(r#"{"base-url":"https://v.example/api/"}"#, Fixed).unwrap();
    assert_eq!(Probe::read(&vendor, "single", None, None).unwrap().groups().len(), 1);
}
