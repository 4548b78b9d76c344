//! What people sign in to: SSO applications, LDAP and RADIUS servers.

use super::JumpCloud;
use crate::company::{Moment, Purpose};

/// How an application signs people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// SAML 2.0: its configuration holds a private key.
    Saml,
    /// OpenID Connect.
    Oidc,
    /// A link.
    Bookmark,
}

impl Protocol {
    /// As the vendor writes it.
    pub fn word(self) -> &'static str {
        match self {
            Protocol::Saml => "saml",
            Protocol::Oidc => "oidc",
            Protocol::Bookmark => "bookmark",
        }
    }
}

/// One SSO application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The connector's name at the vendor.
    pub name: String,
    /// "" for none.
    pub display_name: String,
    /// What people see.
    pub display_label: String,
    /// Where it signs in.
    pub sso_url: String,
    /// How.
    pub protocol: Protocol,
    /// Switched on.
    pub active: bool,
    /// The picture's address, "" for none.
    pub logo: String,
    /// When it was made.
    pub created: Moment,
    /// The private key in a SAML application's configuration. Nobody may ever keep it.
    pub private_key: Option<String>,
}

/// An LDAP or RADIUS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The name.
    pub name: String,
    /// A RADIUS server's secret. Nobody may ever keep it.
    pub shared_secret: Option<String>,
}

const NAMES: &[&str] = &[
    "Salesforce",
    "Slack",
    "GitHub",
    "Zoom",
    "Notion",
    "Jira",
    "Figma",
    "Datadog",
    "PagerDuty",
    "Workday",
    "Miro",
    "Sentry",
    "Tableau",
    "Box",
    "Intranet",
];

impl JumpCloud {
    /// How many SSO applications there are: 15 of 1,000 people, 2 at least, 200 at most.
    pub fn application_count(&self) -> u32 {
        (self.company.people() * 15 / 1_000).clamp(2, 200)
    }

    /// One SSO application.
    pub fn application(&self, number: u32) -> Application {
        let draw = self.company.draw(Purpose::JumpCloudApp, number);
        let base = NAMES.get(number as usize % NAMES.len()).copied().unwrap_or("");
        let label = if (number as usize) < NAMES.len() { base.to_owned() } else { format!("{base} {number}") };
        let slug = label.to_ascii_lowercase().replace(' ', "-");
        let protocol = match number % 7 {
            6 => Protocol::Bookmark,
            2 | 5 => Protocol::Oidc,
            _ => Protocol::Saml,
        };
        Application {
            id: self.ids(12).object(number),
            name: if protocol == Protocol::Bookmark { "bookmark".to_owned() } else { slug.clone() },
            display_name: if number % 4 == 3 { String::new() } else { base.to_owned() },
            display_label: label,
            sso_url: format!("https://sso.jumpcloud.com/{}2/{slug}", protocol.word()),
            protocol,
            active: number % 11 != 10,
            logo: if number % 5 == 4 { String::new() } else { format!("https://cdn.acme.example/logos/{slug}.png") },
            created: self.company.evolve(0).now().minus_days(30 + draw % 1_500).to_millis(),
            private_key: (protocol == Protocol::Saml)
                .then(|| format!("-----BEGIN PRIVATE KEY-----\nNOT-A-KEY-{draw:016x}\n-----END PRIVATE KEY-----\n")),
        }
    }

    /// The number of an application's id.
    pub fn application_number(&self, id: &str) -> Option<u32> {
        self.ids(12).of_object(id).filter(|number| *number < self.application_count())
    }

    /// How many LDAP servers there are.
    pub fn ldap_count(&self) -> u32 {
        if self.company.people() < 100 { 1 } else { 2 }
    }

    /// One LDAP server.
    pub fn ldap(&self, number: u32) -> Server {
        let name = if number == 0 { "JumpCloud LDAP" } else { "Legacy LDAP" };
        Server { id: self.ids(13).object(number), name: name.to_owned(), shared_secret: None }
    }

    /// The number of an LDAP server's id.
    pub fn ldap_number(&self, id: &str) -> Option<u32> {
        self.ids(13).of_object(id).filter(|number| *number < self.ldap_count())
    }

    /// How many RADIUS servers there are.
    pub fn radius_count(&self) -> u32 {
        if self.company.people() < 500 { 1 } else { 2 }
    }

    /// One RADIUS server.
    pub fn radius(&self, number: u32) -> Server {
        let name = if number == 0 { "Office Wi-Fi" } else { "VPN gateway" };
        let secret = self.company.draw(Purpose::JumpCloudApp, 1_000 + number);
        Server { id: self.ids(14).object(number), name: name.to_owned(), shared_secret: Some(format!("shared-{secret:016x}")) }
    }

    /// The number of a RADIUS server's id.
    pub fn radius_number(&self, id: &str) -> Option<u32> {
        self.ids(14).of_object(id).filter(|number| *number < self.radius_count())
    }
}
