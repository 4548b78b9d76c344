//! A manifest of thousands of feeds, each of which would be read every night.

use anyhow::Result;
use headcount::model::manifest::Feed;

use super::super::component::{from_fields, manifest, with_section};

pub(in super::super) fn manifest_of_many_feeds() -> Result<Vec<u8>> {
    let mut manifest = manifest()?;
    let feed = manifest.feeds.first().cloned().into_iter();
    manifest.feeds = feed.cycle().zip(0..1_000).map(|(feed, number)| Feed { name: format!("f{number}"), ..feed }).collect();
    Ok(with_section(from_fields("(func $attack)")?, manifest.to_json().as_bytes()))
}
