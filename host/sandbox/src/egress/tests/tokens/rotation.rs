//! Refresh tokens that work once: what a vendor gives in their place is stored, whatever becomes of the call that asked.

use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{RequestOptions, WasiHttpHooks};

use super::*;

const NEXT: &str = "rt-next-0123456789abc";

fn stored(shelf: &Shelf) -> Option<String> {
    shelf.stored.lock().unwrap().clone()
}

#[tokio::test]
async fn a_refresh_token_that_the_vendor_replaces_is_stored_before_it_is_used() {
    let server = vendor(
        |number| given(&numbered(number), &format!(r#","refresh_token":"rt-next-{number}-0123456789""#)),
        |seen| {
            if seen.headers["authorization"].to_str().unwrap().ends_with(&numbered(0)) { problem(401, "") } else { said("[]") }
        },
    )
    .await;
    let shelf = Arc::new(Shelf::default());
    let egress = Egress::new(options(&server)).unwrap();
    let gate = session(&egress, REFRESH, secrets().kept_by(shelf.clone()), Budget::default());
    get(&gate, USERS).await.unwrap();
    assert_eq!(stored(&shelf).as_deref(), Some("rt-next-1-0123456789"));
    // The next process starts from what was stored.
    let egress = Egress::new(options(&server)).unwrap();
    let mut later = secrets();
    later.insert("refresh-token", Secret::new("rt-next-1-0123456789".to_owned()));
    get(&session(&egress, REFRESH, later.kept_by(shelf.clone()), Budget::default()), USERS).await.unwrap();
    let forms: Vec<_> = exchanges(&server).into_iter().map(|seen| String::from_utf8(seen.body.to_vec()).unwrap()).collect();
    for (form, token) in forms.iter().zip([REFRESH_TOKEN, "rt-next-0-0123456789", "rt-next-1-0123456789"]) {
        assert!(form.starts_with(&format!("grant_type=refresh_token&refresh_token={token}&scope=")), "{form}");
        assert!(form.ends_with(&format!("&client_id=me%3Ayou&client_secret={CLIENT_SECRET}")), "{form}");
    }
    assert_eq!(forms.len(), 3);
}

#[tokio::test]
async fn a_replaced_refresh_token_that_cannot_be_stored_is_an_error_and_is_not_lost() {
    let server = vendor(|number| given(&numbered(number), r#","refresh_token":"rt-next-0123456789abc""#), |_| said("[]")).await;
    let shelf = Arc::new(Shelf::default());
    shelf.is_full.store(true, Ordering::Relaxed);
    let egress = Egress::new(options(&server)).unwrap();
    let gate = session(&egress, REFRESH, secrets().kept_by(shelf.clone()), Budget::default());
    let refusal = get(&gate, USERS).await.unwrap_err().to_string();
    assert!(refusal.contains("could not be stored: the disk is full"), "{refusal}");
    assert_eq!(gate.token_failure().unwrap().code, FailureCode::Unavailable);
    assert!(bearers(&server).is_empty());
    // The next session stores it first, and does not spend it.
    shelf.is_full.store(false, Ordering::Relaxed);
    get(&session(&egress, REFRESH, secrets().kept_by(shelf.clone()), Budget::default()), USERS).await.unwrap();
    assert_eq!(shelf.stored.lock().unwrap().as_deref(), Some("rt-next-0123456789abc"));
    assert_eq!(exchanges(&server).len(), 1);
    // Where nobody keeps credentials, that is said.
    let refusal = get(&gate_of(&server, REFRESH), USERS).await.unwrap_err().to_string();
    assert!(refusal.contains("this run keeps no credentials"), "{refusal}");
}

/// A vendor that takes a refresh token of another process only. `asked` is called when it is asked for a token.
async fn vendor_of_another(asked: impl Fn() + Send + Sync + 'static) -> Server {
    Server::new(move |seen| {
        let body = String::from_utf8_lossy(&seen.body).into_owned();
        match seen.uri.as_str() {
            "/v1/oauth/token" => {
                asked();
                let is_taken = body.contains("rt-of-another-process");
                if is_taken { given(&numbered(0), "") } else { problem(400, r#"{"error":"invalid_grant"}"#) }
            }
            _ => said("[]"),
        }
    })
    .await
}

#[tokio::test]
async fn a_refresh_token_that_another_process_replaced_is_not_used_again() {
    let server = vendor_of_another(|| {}).await;
    let shelf = Arc::new(Shelf::default());
    *shelf.stored.lock().unwrap() = Some("rt-of-another-process".to_owned());
    let egress = Egress::new(options(&server)).unwrap();
    get(&session(&egress, REFRESH, secrets().kept_by(shelf), Budget::default()), USERS).await.unwrap();
    // Not even once: a vendor that takes it for theft would end what the other process has.
    assert_eq!(exchanges(&server).len(), 1);
}

#[tokio::test]
async fn a_refresh_token_that_another_process_uses_up_at_that_moment_is_read_again() {
    let shelf = Arc::new(Shelf::default());
    let other = shelf.clone();
    let server = vendor_of_another(move || *other.stored.lock().unwrap() = Some("rt-of-another-process".to_owned())).await;
    let egress = Egress::new(options(&server)).unwrap();
    get(&session(&egress, REFRESH, secrets().kept_by(shelf), Budget::default()), USERS).await.unwrap();
    assert_eq!(exchanges(&server).len(), 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_does_not_lose_what_the_vendor_gave() {
    let server = vendor(|number| given(&numbered(number), r#","refresh_token":"rt-next-0123456789abc""#), |_| said("[]")).await;
    let shelf = Arc::new(Shelf::default());
    let egress = Egress::new(options(&server)).unwrap();
    let gate = session(&egress, REFRESH, secrets().kept_by(shelf.clone()), Budget::default());
    let asking = get(&gate, USERS);
    // Dropped as soon as the exchange has begun.
    tokio::select! {
        biased;
        _ = asking => panic!("it was answered at once"),
        () = async { while gate.events().len() < 2 { tokio::task::yield_now().await } } => {}
    }
    get(&gate, USERS).await.unwrap();
    assert_eq!(shelf.stored.lock().unwrap().as_deref(), Some("rt-next-0123456789abc"));
    assert_eq!(exchanges(&server).len(), 1);
}

#[tokio::test]
async fn neither_a_connectors_impatience_nor_the_end_of_its_call_loses_what_the_vendor_gave() {
    let first_byte = |wait| RequestOptions { first_byte_timeout: Some(wait), ..RequestOptions::default() };
    for options in [None, Some(first_byte(Duration::from_millis(1)))] {
        let answers = Arc::new(Semaphore::new(0));
        let allowed = answers.clone();
        let server = Server::with("api.example.com", &[b"http/1.1"], move |seen| {
            let allowed = allowed.clone();
            Box::pin(async move {
                if seen.uri != "/v1/oauth/token" {
                    return Some(said("[]"));
                }
                allowed.acquire().await.ok()?.forget();
                Some(given(&numbered(0), &format!(r#","refresh_token":"{NEXT}""#)))
            })
        })
        .await;
        let shelf = Arc::new(Shelf::default());
        let egress = Egress::new(super::options(&server)).unwrap();
        let budget = Budget { call: Duration::from_millis(200), ..Budget::default() };
        let mut hooks = session(&egress, REFRESH, secrets().kept_by(shelf.clone()), budget).hooks(Purpose::Read);
        let asked = Request::get(USERS).body(Empty::new().map_err(|never| match never {}).boxed_unsync()).unwrap();
        let sent = hooks.send_request(asked, options, Box::new(std::future::ready(Ok(()))));
        assert!(std::pin::Pin::from(sent).await.is_err());
        assert_eq!(stored(&shelf), None);
        // The vendor answers when the call is over.
        answers.add_permits(1);
        get(&session(&egress, REFRESH, secrets().kept_by(shelf.clone()), Budget::default()), USERS).await.unwrap();
        assert_eq!((exchanges(&server).len(), stored(&shelf).as_deref()), (1, Some(NEXT)));
    }
}

#[tokio::test]
async fn an_answer_with_a_token_counts_but_no_budget_breaks_it_off() {
    for budget in [Budget { received_bytes: 8, ..Budget::default() }, Budget { response_bytes: 8, ..Budget::default() }] {
        let server = vendor(|_| given(&numbered(0), &format!(r#","refresh_token":"{NEXT}""#)), |_| said("[]")).await;
        let shelf = Arc::new(Shelf::default());
        let egress = Egress::new(options(&server)).unwrap();
        let gate = session(&egress, REFRESH, secrets().kept_by(shelf.clone()), budget);
        let _ = get(&gate, USERS).await;
        assert_eq!(stored(&shelf).as_deref(), Some(NEXT));
        assert!(gate.meter().usage().received_bytes > 64);
    }
}
