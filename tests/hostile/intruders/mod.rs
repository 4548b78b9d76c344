//! What somebody does from outside of a connector: who ships it, who writes to the host's disk, who fills in its settings.

mod artefact_of_another_host;
mod connection_by_another_tenants_name;
mod connection_of_another_tenant;
mod damaged_artefact;
mod host_typed_into_a_setting;
mod longer_than_the_jail_waits;
mod more_than_the_jail_holds;
mod moved_digest;
mod moved_host;
mod outcome_about_others;
mod pattern_that_backtracks;
mod planted_artefact;
mod proxy_of_the_environment;
mod rights_that_outlive_an_action;
mod swapped_component;
mod ticket_of_another_tenant;
mod token_of_another_tenant;
mod wider_manifest;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use headcount::model::manifest::{ConfigField, Placement};
use headcount::sandbox::egress::Egress;
use headcount::sandbox::{Compiler, LoadedFrom, Runtime, RuntimeOptions};
use headcount::{Draft, Manifest, Package};
use serde_json::json;

use super::World;
use super::component::{from_fields, packed};
use super::seen::{Ended, Seen};

pub(super) use artefact_of_another_host::artefact_of_another_host;
pub(super) use connection_by_another_tenants_name::connection_by_another_tenants_name;
pub(super) use connection_of_another_tenant::connection_of_another_tenant;
pub(super) use damaged_artefact::damaged_artefact;
pub(super) use host_typed_into_a_setting::host_typed_into_a_setting;
pub(super) use longer_than_the_jail_waits::longer_than_the_jail_waits;
pub(super) use more_than_the_jail_holds::more_than_the_jail_holds;
pub(super) use moved_digest::moved_digest;
pub(super) use moved_host::moved_host;
pub(super) use outcome_about_others::outcome_about_others;
pub(super) use pattern_that_backtracks::pattern_that_backtracks;
pub(super) use planted_artefact::planted_artefact;
pub(super) use proxy_of_the_environment::proxy_of_the_environment;
pub(super) use rights_that_outlive_an_action::rights_that_outlive_an_action;
pub(super) use swapped_component::swapped_component;
pub(super) use ticket_of_another_tenant::ticket_of_another_tenant;
pub(super) use token_of_another_tenant::token_of_another_tenant;
pub(super) use wider_manifest::wider_manifest;

/// The file in which a host keeps what it compiled from a component.
fn artefact(data: &Path, component: &[u8]) -> Result<PathBuf> {
    let digest = Package::read(component.to_vec())?.digest.hex();
    let mut files = std::fs::read_dir(data.join("compiled"))?.flatten().map(|entry| entry.path());
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&digest));
    files.find(named).context("the host keeps no compiled code")
}

/// Starts a host on this folder, which must compile the component anew, and then run it as it was accepted.
async fn compiled_anew(world: &World, data: &Path, component: Vec<u8>, started: Instant) -> Result<Seen> {
    let host = world.another_host(data).await?;
    let loaded = host.runtime().load(&Package::read(component)?).await?;
    ensure!(loaded.loaded_from() == LoadedFrom::Compiler, "the artefact was loaded");
    let tenant = host.tenant("victim".parse()?);
    let connection = tenant.connect(Draft::new("module".parse()?, "module".parse()?)).await?;
    tenant.check(&connection.id).await?;
    Ok(Seen::only(Ended::Answered, started.elapsed()))
}

/// Has a component compiled in a jail with a tighter limit (in words of `ulimit`) than its own, so that a bomb need not be large. The
/// jail must be fit for an honest component afterwards.
async fn compiled_within(world: &World, limit: &str, bomb: Vec<u8>) -> Result<Seen> {
    let mut options = RuntimeOptions::new(Egress::new(world.egress())?);
    let script = format!("ulimit {limit} && exec \"$0\" compile-worker");
    let args = vec!["-c".into(), script.into(), crate::program()?.into_os_string()];
    options.compiler = Compiler::Worker { program: "/bin/sh".into(), args };
    let runtime = Runtime::new(options)?;
    let (bomb, honest) = (Package::read(bomb)?, Package::read(packed(&from_fields("(func $attack)")?)?)?);
    let started = Instant::now();
    let ended = runtime.load(&bomb).await.map_or_else(Ended::from, |_| Ended::Answered);
    let took = started.elapsed();
    runtime.load(&honest).await.context("the jail takes no honest component afterwards")?;
    Ok(Seen::only(ended, took))
}

/// A manifest that asks for a secret.
fn with_secret(mut manifest: Manifest) -> Result<Manifest> {
    manifest.config.push(serde_json::from_value(json!({ "name": "api-key", "label": "API key", "type": "secret" }))?);
    manifest.auth.push(Placement::Bearer { secret: "api-key".to_owned() });
    Ok(manifest)
}

/// A setting that takes hosts of the attacker's domain.
fn host_field(name: &str) -> Result<ConfigField> {
    let field = json!({ "name": name, "label": "Domain", "type": "host", "host-suffixes": [".mallory.example"] });
    Ok(serde_json::from_value(field)?)
}
