//! What the host makes of an answer: an excess and an overwritten id go before it, a cut log beside it.

use super::*;

/// A page with one user, whose id is so many asterisks.
fn masked(asterisks: usize) -> Guest {
    let items = format!(
        r#"(data (i32.const {}) "\01\00\00\00\00\20\00\00\01\00\00\00") (data (i32.const 8192) "\00\10\00\00\{asterisks:02x}\00\00\00")
        (data (i32.const 4096) "{}")"#,
        PAGE + 4,
        "*".repeat(asterisks)
    );
    Guest { items, ..Guest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_shows_an_overwritten_secret_fails_its_page_and_never_becomes_a_record() {
    let (_runtime, hit) = run(&masked(16), Budget::default()).await;
    assert_eq!(hit.read("users", None, None).await.unwrap().records.users[0].id, "*".repeat(16), "nothing was overwritten yet");
    hit.session.gate.hit(1);
    let Err(CallError::Failure(failure)) = hit.read("users", None, None).await else { panic!("the page was taken") };
    assert_eq!(failure.code, FailureCode::UnexpectedResponse);
    assert!(failure.message.contains("the id of a user"), "{failure}");
    assert!(hit.notes().iter().any(|note| note.contains("sent back a secret")), "{:?}", hit.notes());
    let (_runtime, fewer) = run(&masked(15), Budget::default()).await;
    fewer.session.gate.hit(1);
    assert_eq!(fewer.read("users", None, None).await.unwrap().records.users.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_tell_whole_milliseconds() {
    let guest = |body: &str| Guest {
        imports: r#"
            (import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))
            (import "wasi:clocks/monotonic-clock@0.2.3" "resolution" (func $resolution (result i64)))
            (import "wasi:clocks/wall-clock@0.2.3" "now" (func $wall (param i32)))
            (import "wasi:clocks/wall-clock@0.2.3" "resolution" (func $fineness (param i32)))"#
            .to_owned(),
        ..Guest::reading(&format!("{body} i32.const {PAGE}"))
    };
    // What is left of a millisecond, and the resolution in nanoseconds, are told as rows.
    let monotonic = format!(
        "(i32.store (i32.const {ROWS}) (i32.wrap_i64 (i64.add (call $resolution) (i64.rem_u (call $now) (i64.const 1000000)))))"
    );
    let wall = format!(
        "(call $wall (i32.const 1200)) (call $fineness (i32.const 1216)) (i32.store (i32.const {ROWS}) (i32.add
            (i32.load (i32.const 1224)) (i32.rem_u (i32.load (i32.const 1208)) (i32.const 1000000))))"
    );
    for body in [monotonic, wall] {
        let (_runtime, run) = run(&guest(&body), Budget::default()).await;
        for _ in 0..20 {
            assert_eq!(run.read("users", None, None).await.unwrap().rows, 1_000_000);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_that_makes_light_of_an_excess_ends_with_it_all_the_same() {
    // Sends one request, looks at nothing that comes back, and says that all is well.
    let guest = Guest {
        imports: r#"
            (import "wasi:http/types@0.2.3" "[constructor]fields" (func $fields (result i32)))
            (import "wasi:http/types@0.2.3" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
            (import "wasi:http/types@0.2.3" "[method]outgoing-request.set-authority"
                (func $authority (param i32 i32 i32 i32) (result i32)))
            (import "wasi:http/types@0.2.3" "[method]outgoing-request.set-path-with-query"
                (func $path (param i32 i32 i32 i32) (result i32)))
            (import "wasi:http/outgoing-handler@0.2.3" "handle" (func $handle (param i32 i32 i32 i32)))"#
            .to_owned(),
        items: r#"(data (i32.const 4096) "api.acme.example/users")"#.to_owned(),
        ..Guest::reading(&format!(
            "(local $r i32) (local.set $r (call $request (call $fields)))
            (drop (call $authority (local.get $r) (i32.const 1) (i32.const 4096) (i32.const 16)))
            (drop (call $path (local.get $r) (i32.const 1) (i32.const 4112) (i32.const 6)))
            (call $handle (local.get $r) (i32.const 0) (i32.const 0) (i32.const 1200)) i32.const {PAGE}"
        ))
    };
    let (_runtime, run) = run(&guest, Budget { requests: 0, ..Budget::default() }).await;
    assert_eq!(excess(run.read("users", None, None).await).resource, Resource::Requests);
    assert_eq!(excess(run.check().await).resource, Resource::Requests, "and the session with it");
    assert!(run.take_idle().is_none(), "its instance is dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_cut_is_told_once_and_ends_nothing() {
    let guest = Guest::reading(&format!(
        "(local $i i32) (loop $again (call $say) (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 1000)))) i32.const {PAGE}"
    ));
    let (_runtime, run) = run(&guest.with_log(), Budget { log_bytes: 1_000, ..Budget::default() }).await;
    run.read("users", None, None).await.unwrap();
    let notes = run.notes();
    assert!(notes.len() == 1 && notes[0].contains("log: 1000 B, set by the operator"), "{notes:?}");
    assert!(notes[0].ends_with("were dropped") && run.log().len() < 20);
}
