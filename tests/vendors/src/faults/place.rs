//! Which page of its list a request asks for, whatever the vendor counts pages by.

use std::collections::HashMap;

use super::spoil::PAGING;
use crate::guarded::Guarded;
use crate::wire::Request;

/// How many lists are remembered.
const LISTS: usize = 4_096;

/// The pages that were asked for, by list.
#[derive(Debug, Default)]
pub(super) struct Places(Guarded<HashMap<String, Vec<String>>>);

impl Places {
    /// The page, from 1: pages of a list are told apart by what is asked with, and counted as they first come.
    pub(super) fn page(&self, request: &Request) -> u32 {
        let is_place = |pair: &&str| PAGING.contains(&pair.split('=').next().unwrap_or(""));
        let (place, list): (Vec<&str>, Vec<&str>) = request.raw_query.split('&').partition(is_place);
        let mut lists = self.0.write();
        if lists.len() >= LISTS {
            lists.clear();
        }
        let pages = lists.entry(format!("{}?{}", request.path, list.join("&"))).or_default();
        let place = place.join("&");
        let at = pages.iter().position(|page| *page == place).unwrap_or_else(|| {
            pages.push(place);
            pages.len() - 1
        });
        u32::try_from(at + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn clear(&self) {
        self.0.write().clear();
    }
}
