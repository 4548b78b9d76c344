//! Answers are held against the vendors' own descriptions, where somebody has them: `HEADCOUNT_VENDOR_SPECS` names the folder.

use std::path::PathBuf;

use headcount_vendors::{Reach, Vendor};
use http::Method;
use serde_json::{Map, Value, json};

use crate::client::{ask, get, start};

const V1: &str = "jumpcloud-v1.openapi3.yaml";
const V2: &str = "jumpcloud-v2.openapi3.yaml";
const KANDJI: &str = "kandji.openapi3.json";

/// Where a description is known to be wrong: file, place, what stands there instead, and why.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    (
        KANDJI,
        "/paths/~1api~1v1~1audit~1events/get/responses/200/content/application~1json/schema/properties/next",
        "true",
        "null at the end",
    ),
    (
        V1,
        "/components/schemas/systemuserreturn/properties/employeeIdentifier/type",
        r#"["string", "null"]"#,
        "clients see null; the description forgot it",
    ),
    (
        V2,
        "/components/schemas/GraphObject/properties/attributes/type",
        r#"["object", "null"]"#,
        "its samples and clients have null",
    ),
    (V2, "/components/schemas/UserGroup/properties/attributes", "true", "null for groups without; the reference can't say so"),
    (V2, "/components/schemas/UserGroup/properties/memberQuery", "true", "null for groups without a rule; the same"),
    (
        KANDJI,
        "/paths/~1api~1v1~1users/get/responses/200/content/application~1json/schema/properties/next",
        "true",
        "null at the end",
    ),
    (
        KANDJI,
        "/paths/~1api~1v1~1devices~1{device_id}/get/responses/200/content/application~1json/schema/properties/user",
        "true",
        "the samples of the list have an empty text for nobody",
    ),
];

/// Kandji's description was made from samples by a program that wrote booleans as integers. These fields are booleans in the samples.
const BOOLEANS: &[&str] = &[
    "active",
    "archived",
    "agent_installed",
    "is_missing",
    "is_removed",
    "mdm_enabled",
    "is_archived",
    "tenantOverLicenseLimit",
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("HEADCOUNT_VENDOR_SPECS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: HEADCOUNT_VENDOR_SPECS names no folder");
    }
    folder
}

/// A description as JSON Schema, corrected.
fn description(folder: &std::path::Path, file: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    let document: Value =
        if file.ends_with(".json") { serde_json::from_str(&text).unwrap() } else { serde_yaml_ng::from_str(&text).unwrap() };
    let mut document =
        json!({ "paths": document["paths"], "components": document.get("components").cloned().unwrap_or(json!({})) });
    for (_, place, instead, why) in EXCEPTIONS.iter().filter(|exception| exception.0 == file) {
        let found = document.pointer_mut(place).unwrap_or_else(|| panic!("{file} has no {place} ({why})"));
        *found = serde_json::from_str(instead).unwrap();
    }
    convert(&mut document, file == KANDJI);
    document
}

/// OpenAPI 3.0 says `nullable` where JSON Schema has a list of types.
fn convert(value: &mut Value, integers_are_booleans: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| convert(item, integers_are_booleans)),
        Value::Object(fields) => {
            if fields.get("nullable") == Some(&json!(true)) {
                if let Some(kind) = fields.get_mut("type").filter(|kind| kind.is_string()) {
                    *kind = json!([kind.clone(), "null"]);
                }
                if let Some(words) = fields.get_mut("enum").and_then(Value::as_array_mut) {
                    words.push(Value::Null);
                }
            }
            fields.remove("exclusiveMinimum");
            if let Some(properties) =
                fields.get_mut("properties").and_then(Value::as_object_mut).filter(|_| integers_are_booleans)
            {
                correct_booleans(properties);
            }
            fields.values_mut().for_each(|field| convert(field, integers_are_booleans));
        }
        _ => {}
    }
}

fn correct_booleans(properties: &mut Map<String, Value>) {
    for name in BOOLEANS {
        if let Some(schema) = properties.get_mut(*name).filter(|schema| schema["type"] == "integer") {
            *schema = json!({ "type": "boolean" });
        }
    }
}

/// What does not fit; the first few.
fn misfits(document: &Value, path: &str, method: &str, status: &str, body: &Value) -> Vec<String> {
    let place = ["paths", path, method, "responses", status, "content", "application/json", "schema"];
    let pointer: String = place.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect();
    let Some(schema) = document.pointer(&pointer) else { return vec![format!("nothing at {pointer}")] };
    let mut whole = schema.clone();
    whole.as_object_mut().unwrap().insert("components".into(), document["components"].clone());
    let validator = jsonschema::options().build(&whole).unwrap();
    validator.iter_errors(body).take(3).map(|error| format!("{path} {}: {error}", error.instance_path())).collect()
}

#[tokio::test]
async fn jumpcloud_v1_answers_fit_its_description() {
    let Some(folder) = folder() else { return };
    let document = description(&folder, V1);
    let servers = start(1_000).await;
    let lists = [
        ("/systemusers", "/api/systemusers?limit=100&skip=300"),
        ("/applications", "/api/applications?limit=100"),
        ("/organizations", "/api/organizations"),
        ("/radiusservers", "/api/radiusservers"),
    ];
    for (path, target) in lists {
        let body = get(&servers, Vendor::JumpCloud, target).await.json();
        assert!(!body["results"].as_array().unwrap().is_empty());
        assert_eq!(misfits(&document, path, "get", "200", &body), Vec::<String>::new());
    }
    let id = get(&servers, Vendor::JumpCloud, "/api/systemusers").await.json()["results"][0]["_id"].as_str().unwrap().to_owned();
    let target = format!("/api/systemusers/{id}");
    let one = get(&servers, Vendor::JumpCloud, &target).await.json();
    assert_eq!(misfits(&document, "/systemusers/{id}", "get", "200", &one), Vec::<String>::new());
    let refused = ask(&servers, Vendor::JumpCloud, Reach::Full, Method::PUT, &target, r#"{"state":1}"#).await;
    assert_eq!(refused.status, 400);
    assert_eq!(misfits(&document, "/systemusers/{id}", "put", "400", &refused.json()), Vec::<String>::new());
    let admins = get(&servers, Vendor::JumpCloud, "/api/users?limit=100").await.json();
    let schema =
        json!({ "type": "array", "items": { "$ref": "#/components/schemas/userreturn" }, "components": document["components"] });
    let validator = jsonschema::options().build(&schema).unwrap();
    assert_eq!(
        validator.iter_errors(&admins["results"]).map(|error| error.to_string()).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn jumpcloud_v2_answers_fit_its_description() {
    let Some(folder) = folder() else { return };
    let document = description(&folder, V2);
    let servers = start(1_000).await;
    let vendor = Vendor::JumpCloud;
    let groups = get(&servers, vendor, "/api/v2/usergroups?sort=id&limit=100").await.json();
    assert_eq!(misfits(&document, "/usergroups", "get", "200", &groups), Vec::<String>::new());
    let group = groups[1]["id"].as_str().unwrap();
    let application =
        get(&servers, vendor, "/api/applications?sort=_id").await.json()["results"][0]["_id"].as_str().unwrap().to_owned();
    let user = get(&servers, vendor, "/api/systemusers?sort=_id").await.json()["results"][0]["_id"].as_str().unwrap().to_owned();
    let ldap = get(&servers, vendor, "/api/v2/ldapservers?sort=id").await.json()[0]["id"].as_str().unwrap().to_owned();
    let radius =
        get(&servers, vendor, "/api/radiusservers?sort=_id").await.json()["results"][0]["_id"].as_str().unwrap().to_owned();
    let cases = [
        ("/usergroups/{id}", format!("/usergroups/{group}")),
        ("/usergroups/{group_id}/members", format!("/usergroups/{group}/members")),
        ("/usergroups/{group_id}/membership", format!("/usergroups/{group}/membership")),
        (
            "/applications/{application_id}/associations",
            format!("/applications/{application}/associations?targets=user,user_group"),
        ),
        ("/applications/{application_id}/users", format!("/applications/{application}/users")),
        ("/applications/{application_id}/usergroups", format!("/applications/{application}/usergroups")),
        ("/users/{user_id}/memberof", format!("/users/{user}/memberof")),
        ("/ldapservers", "/ldapservers".to_owned()),
        ("/ldapservers/{ldapserver_id}/associations", format!("/ldapservers/{ldap}/associations?targets=user_group")),
        ("/radiusservers/{radiusserver_id}/associations", format!("/radiusservers/{radius}/associations?targets=user")),
        ("/directories", "/directories".to_owned()),
    ];
    for (path, target) in cases {
        let answer = get(&servers, vendor, &format!("/api/v2{target}")).await;
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(misfits(&document, path, "get", "200", &answer.json()), Vec::<String>::new());
    }
    let error = get(&servers, vendor, "/api/v2/usergroups?limit=1000").await;
    assert_eq!(misfits(&document, "/usergroups", "get", "default", &error.json()), Vec::<String>::new());
}

#[tokio::test]
async fn kandji_answers_fit_its_description() {
    let Some(folder) = folder() else { return };
    let document = description(&folder, KANDJI);
    let servers = start(500).await;
    let vendor = Vendor::Kandji;
    let users = get(&servers, vendor, "/api/v1/users").await.json();
    assert_eq!(misfits(&document, "/api/v1/users", "get", "200", &users), Vec::<String>::new());
    let none: Vec<String> = Vec::new();
    for user in users["results"].as_array().unwrap().iter().take(60) {
        assert_eq!(misfits(&document, "/api/v1/users/{user_id}", "get", "200", user), none);
    }
    // The list's own schema says object where its sample is an array: its rows are held against the single device's.
    let devices = get(&servers, vendor, "/api/v1/devices").await.json();
    for device in devices.as_array().unwrap().iter().take(60) {
        assert_eq!(misfits(&document, "/api/v1/devices/{device_id}", "get", "200", device), none);
    }
    for path in ["/api/v1/audit/events", "/api/v1/settings/licensing"] {
        assert_eq!(misfits(&document, path, "get", "200", &get(&servers, vendor, path).await.json()), none);
    }
}

#[test]
fn a_body_that_does_not_fit_is_found_out() {
    let schema =
        json!({ "type": "object", "properties": { "a": { "type": "string", "nullable": true }, "b": { "type": "string" } } });
    let mut document = json!({ "components": {}, "paths": { "/x": { "get": { "responses": { "200": { "content": { "application/json": { "schema": schema } } } } } } } });
    convert(&mut document, false);
    assert!(misfits(&document, "/x", "get", "200", &json!({ "a": null, "b": "" })).is_empty());
    assert_eq!(misfits(&document, "/x", "get", "200", &json!({ "a": null, "b": null })).len(), 1);
}
