//! Tokens that the host gets for a connector, out of its sight.

use anyhow::ensure;
use headcount::Manifest;
use headcount::model::manifest::{Placement, Template};

use super::super::{Attack, End, intruders};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("token_from_inside", End::Says("nothing came back"))
        .manifest(|manifest| tokens_from(manifest, "https://loopback.mallory.example/token"))
        .refused(&["127.0.0.1"]),
    Attack::check("token_by_a_redirect", End::Says("token"))
        .manifest(|manifest| tokens_from(manifest, "https://api.mallory.example/oauth/elsewhere"))
        .afterwards(|world| {
            let collected = world.vendor.requests("/oauth/collect");
            ensure!(collected.is_empty(), "the host followed the redirect: {collected:?}");
            Ok(())
        }),
    Attack::check("token_without_end", End::Says("token"))
        .manifest(|manifest| tokens_from(manifest, "https://api.mallory.example/oauth/endless")),
    Attack::intruder(
        "token_of_another_tenant",
        |world| Box::pin(intruders::token_of_another_tenant(world)),
        End::Says("asked once"),
    )
    .manifest(|manifest| tokens_from(manifest, "https://api.mallory.example/oauth/token/each")),
    Attack::check("echo_of_a_token", End::Says("********"))
        .manifest(|manifest| tokens_from(manifest, "https://api.mallory.example/oauth/token"))
        .in_glass(),
    Attack::check("ask_for_the_token_itself", End::Says("reached nothing"))
        .manifest(|manifest| tokens_from(manifest, "https://api.mallory.example/oauth/token"))
        .refused(&["only the host goes there"]),
];

/// Has the host get tokens at this place.
fn tokens_from(manifest: &mut Manifest, url: &str) {
    if let Ok(token_url) = url.parse::<Template>() {
        manifest.auth = vec![Placement::OauthClientCredentials {
            client_id: "name".to_owned(),
            secret: "api-key".to_owned(),
            token_url,
            scopes: Vec::new(),
            audience: None,
            auth: Default::default(),
        }];
    }
}
