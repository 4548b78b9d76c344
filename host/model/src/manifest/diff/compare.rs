//! Compares two manifests, part by part.

use std::collections::BTreeSet;

use super::{Asks, News};
use crate::Kind;
use crate::manifest::{Action, ConfigField, Feed, FieldType, Manifest, Placement, Rate, RequestRule, Template};

impl Manifest {
    /// What this manifest asks for that the accepted one did not.
    pub fn asks_beyond(&self, accepted: &Manifest) -> Asks {
        let mut news = Vec::new();
        if self.id != accepted.id {
            news.push(News::Id(self.id.clone()));
        }
        let names = [("itself", &accepted.name, &self.name), ("its vendor", &accepted.vendor.name, &self.vendor.name)];
        for (whom, was, now) in names {
            if was != now {
                news.push(News::Name { whom, was: was.clone(), now: now.clone() });
            }
        }
        self.destinations(accepted, &mut news);
        self.fields(accepted, &mut news);
        self.requests(accepted, &mut news);
        rates(&self.rate, &accepted.rate, &mut news);
        self.records(accepted, &mut news);
        Asks { news, enter_again: self.enter_again(accepted) }
    }

    fn destinations(&self, accepted: &Manifest, news: &mut Vec<News>) {
        if self.base_url != accepted.base_url {
            news.push(News::BaseUrl { was: accepted.base_url.to_string(), now: self.base_url.to_string() });
        }
        let hosts = self.hosts.iter().filter(|host| !accepted.hosts.contains(host) && **host != accepted.base_url);
        news.extend(hosts.map(|host| News::Host(host.to_string())));
    }

    fn fields(&self, accepted: &Manifest, news: &mut Vec<News>) {
        let in_urls: Vec<&str> = self.urls().flat_map(Template::fields).collect();
        for field in &self.config {
            let Some(before) = accepted.field(&field.name) else {
                let secret = field.r#type == FieldType::Secret;
                news.push(if secret { News::Secret(field.name.clone()) } else { News::Setting(field.name.clone()) });
                continue;
            };
            let bare = |field: &ConfigField| (field.r#type, field.required && field.default.is_none());
            let (was, now) = (bare(before), bare(field));
            if was.0 != now.0 || now.1 && !was.1 {
                let secret = was.0 != now.0 && now.0 == FieldType::Secret;
                news.push(if secret { News::Secret(field.name.clone()) } else { News::Setting(field.name.clone()) });
            }
            for suffix in field.host_suffixes.iter().filter(|suffix| !before.host_suffixes.contains(suffix)) {
                news.push(News::HostSuffix { field: field.name.clone(), suffix: suffix.clone() });
            }
            if in_urls.contains(&field.name.as_str()) {
                let known = |value: &str| before.choices.iter().any(|choice| choice.value == value);
                for choice in field.choices.iter().filter(|choice| !known(&choice.value)) {
                    news.push(News::Choice { field: field.name.clone(), value: choice.value.clone() });
                }
            }
        }
        for placement in self.auth.iter().filter(|placement| !accepted.auth.contains(placement)) {
            news.push(News::Placed { secret: placement.secret().to_owned(), at: place(placement) });
        }
    }

    fn requests(&self, accepted: &Manifest, news: &mut Vec<News>) {
        let rules = self.read_requests.iter().filter(|rule| !accepted.read_requests.contains(rule));
        news.extend(rules.map(|rule| News::ReadRequest(rule.clone())));
        for action in &self.actions {
            let before = accepted.action(&action.name);
            if before.is_none() {
                news.push(News::Action(action.name.clone()));
            }
            let known = |rule: &&RequestRule| before.is_some_and(|before| before.requests.contains(rule));
            for request in action.requests.iter().filter(|rule| !known(rule)) {
                news.push(News::ActionRequest { action: action.name.clone(), request: request.clone() });
            }
            let milder = |before: &Action| before.destructive && !action.destructive || !before.read_only && action.read_only;
            if before.is_some_and(milder) {
                news.push(News::Unasked(action.name.clone()));
            }
        }
        let permissions = self.setup.permissions.iter().filter(|permission| !accepted.setup.permissions.contains(permission));
        news.extend(permissions.map(|permission| News::Permission(permission.clone())));
    }

    fn records(&self, accepted: &Manifest, news: &mut Vec<News>) {
        for feed in &self.feeds {
            let Some(before) = accepted.feed(&feed.name) else {
                news.push(News::Feed(feed.name.clone()));
                continue;
            };
            let name = || feed.name.clone();
            for kind in feed.kinds().filter(|kind| !before.kinds().any(|known| known == *kind)) {
                news.push(News::Carries { feed: name(), kind });
            }
            for kind in feed.proves.iter().filter(|kind| !before.proves.contains(kind)) {
                news.push(News::Proves { feed: name(), kind: *kind });
            }
            for kind in
                before.repeats.iter().filter(|kind| !feed.repeats.contains(kind) && feed.kinds().any(|kept| kept == **kind))
            {
                news.push(News::Unrepeated { feed: name(), kind: *kind });
            }
            if before.required && !feed.required {
                news.push(News::Optional(name()));
            }
        }
        let dropped = accepted.feeds.iter().filter(|feed| self.feed(&feed.name).is_none());
        news.extend(dropped.map(|feed| News::Dropped(feed.name.clone())));
        let proves = |manifest: &Manifest, kind: Kind| manifest.feeds.iter().any(|feed: &Feed| feed.proves.contains(&kind));
        let unproven = Kind::ALL.into_iter().filter(|kind| proves(accepted, *kind) && !proves(self, *kind));
        news.extend(unproven.map(News::Unproven));
        let kept = accepted.never_kept.iter().filter(|field| !self.never_kept.contains(field));
        news.extend(kept.map(|field| News::Kept(field.clone())));
    }

    /// Every URL that requests go to, those for tokens too.
    fn urls(&self) -> impl Iterator<Item = &Template> {
        std::iter::once(&self.base_url).chain(&self.hosts).chain(self.auth.iter().filter_map(Placement::token_url))
    }

    /// Secrets are sealed to where they go; see the vault's binding.
    fn enter_again(&self, accepted: &Manifest) -> Vec<String> {
        let urls = |manifest: &Manifest| manifest.urls().map(ToString::to_string).collect::<BTreeSet<_>>();
        let moved = urls(self) != urls(accepted);
        let places = |manifest: &Manifest, field: &str| -> Vec<Placement> {
            manifest.auth.iter().filter(|placement| placement.uses(field)).cloned().collect()
        };
        let held = |field: &&ConfigField| accepted.secret_fields().any(|before| before.name == field.name);
        let elsewhere = |field: &&ConfigField| moved || places(self, &field.name) != places(accepted, &field.name);
        self.secret_fields().filter(held).filter(elsewhere).map(|field| field.name.clone()).collect()
    }
}

/// Where a placement puts its secret, for people.
fn place(placement: &Placement) -> String {
    match placement {
        Placement::Header { name, .. } => format!("the header {name}"),
        Placement::Bearer { .. } => "the header Authorization, as a bearer token".to_owned(),
        Placement::Basic { .. } => "the header Authorization, as a password".to_owned(),
        Placement::Query { name, .. } => format!("the query parameter {name}"),
        Placement::ClientCertificate { .. } => "TLS, as the client's certificate and key".to_owned(),
        Placement::OauthClientCredentials { token_url, scopes, .. } | Placement::OauthRefreshToken { token_url, scopes, .. } => {
            let scopes = if scopes.is_empty() { String::new() } else { format!(" for {}", scopes.join(" ")) };
            format!("requests for tokens at {token_url}{scopes}")
        }
    }
}

fn rates(now: &Rate, was: &Rate, news: &mut Vec<News>) {
    for (per, was, now) in [
        ("a second", was.per_second, now.per_second),
        ("a minute", was.per_minute, now.per_minute),
        ("an hour", was.per_hour, now.per_hour),
        ("at once", was.concurrent, now.concurrent),
    ] {
        if now.unwrap_or(u32::MAX) > was.unwrap_or(u32::MAX) {
            news.push(News::Rate { per, was, now });
        }
    }
}
