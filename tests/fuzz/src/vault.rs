//! Sealed credentials: what was not sealed does not open, and what was changed in any bit opens no more.

use std::sync::LazyLock;

use headcount_model::manifest::Settings;
use headcount_model::{Manifest, Secret};
use headcount_sandbox::vault::{Binding, Overrides, Owner, Vault};

const SECRET: &str = "correct horse battery staple";
const MANIFEST: &str = r#"{"id": "example", "name": "Example", "version": "1.0.0", "vendor": {"name": "Example"},
    "base-url": "https://api.example.com", "feeds": [{"name": "users", "proves": ["user"]}],
    "config": [{"name": "api-key", "label": "API key", "type": "secret"}], "auth": [{"type": "bearer", "secret": "api-key"}]}"#;

static VAULT: LazyLock<Vault> = LazyLock::new(|| Vault::new([7; 32]));

static BINDING: LazyLock<Option<Binding>> = LazyLock::new(|| {
    let manifest = Manifest::from_json(MANIFEST.as_bytes()).ok()?;
    let settings = Settings { values: Default::default(), base_url: "https://api.example.com".to_owned(), hosts: Vec::new() };
    Some(Binding::new(
        "acme".parse().ok()?,
        Owner::Connection("example".parse().ok()?),
        &manifest,
        &settings,
        &Overrides::default(),
        "api-key",
    ))
});

pub(crate) fn run(data: &[u8]) {
    let Some(binding) = BINDING.as_ref() else { panic!("the plain manifest is refused") };
    assert!(VAULT.open(binding, data).is_err(), "what was never sealed opens");
    let Ok(sealed) = VAULT.seal(binding, &Secret::new(SECRET.to_owned())) else { panic!("nothing can be sealed") };
    // The input as damage: bits that are changed, and bytes that are added.
    let mut damaged = sealed.clone();
    damaged.resize(sealed.len().max(data.len()), 0);
    damaged.iter_mut().zip(data).for_each(|(byte, mask)| *byte ^= mask);
    match VAULT.open(binding, &damaged) {
        Ok(secret) => assert!(damaged == sealed && secret.expose() == SECRET, "damaged, and opens"),
        Err(error) => assert!(damaged != sealed, "not damaged: {error}"),
    }
    let cut = data.len() % sealed.len();
    assert!(VAULT.open(binding, sealed.get(..cut).unwrap_or_default()).is_err(), "cut at {cut}, and opens");
}
