//! What a command works with: the operator's configuration, the output, and the host opened from them.

use std::io::IsTerminal;
use std::sync::Arc;

use headcount::model::Secret;
use headcount::sandbox::egress::{EgressOptions, Proxy, Roots};
use headcount::{Builder, Headcount, MailOptions, Tenant};

use crate::compiler::compiler;
use crate::config::Config;
use crate::exit::Complaint;
use crate::output::Out;
use crate::serving::MAIL_PASSWORD;

/// The variable that holds the password of the proxy's user.
const PROXY_PASSWORD: &str = "HEADCOUNT_PROXY_PASSWORD";

/// What a command works with.
#[derive(Clone)]
pub struct Context {
    /// What the operator set.
    pub config: Arc<Config>,
    /// Where results go.
    pub out: Out,
}

impl Context {
    /// A context for one run of the program.
    pub fn new(config: Config) -> Self {
        let out = Out { json: config.json };
        Context { config: Arc::new(config), out }
    }

    /// Makes sure that there is a data folder: a question must not make an empty one where its name is misspelt, or of another folder.
    ///
    /// # Errors
    /// There is none.
    pub fn has_data(&self) -> Result<(), Complaint> {
        let data = self.config.data();
        // Whatever else is wrong with it is told where it is opened.
        if data.join("headcount.db").try_exists().unwrap_or(true) {
            return Ok(());
        }
        let missing = Complaint::not_found(format!("there is no data folder {}", data.display()));
        Err(missing.next("name the one there is with --data FOLDER; `headcount connector add FILE` makes a new one"))
    }

    /// Whether there is a person who can be asked.
    pub fn can_ask(&self) -> bool {
        !self.out.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// The operator's side of egress.
    ///
    /// # Errors
    /// A file with certificate authorities can't be read, or the proxy's password is missing.
    pub async fn egress(&self) -> anyhow::Result<EgressOptions> {
        let mut egress = EgressOptions::default();
        egress.resolve.clone_from(&self.config.resolve);
        egress.allow_loopback = self.config.allow_loopback;
        egress.message_hosts.extend(self.config.allow_webhook.iter().cloned());
        if self.config.bundled_roots {
            egress.roots = Roots::Bundled;
        }
        egress.proxy =
            self.config.proxy.as_deref().map(|proxy| proxy_of(proxy, std::env::var(PROXY_PASSWORD).ok())).transpose()?;
        egress.ceiling = self.config.ceiling.clone();
        egress.mode = self.config.mode;
        for path in &self.config.ca {
            let pem = tokio::fs::read_to_string(path).await.map_err(|error| Complaint::file(path, &error))?;
            egress.extra_ca_pem.push(pem);
        }
        Ok(egress)
    }

    /// The operator's mail server, if there is one.
    ///
    /// # Errors
    /// A file with certificate authorities can't be read, or the password is missing.
    pub async fn mail(&self) -> anyhow::Result<Option<MailOptions>> {
        let Some(mail) = &self.config.mail else { return Ok(None) };
        let egress = self.egress().await?;
        let address = egress.resolve.get(&mail.host().to_ascii_lowercase()).copied();
        Ok(Some(mail.options(address, egress.extra_ca_pem, std::env::var(MAIL_PASSWORD).ok())?))
    }

    /// A host in the data folder, with its key where the operator has it.
    pub fn builder(&self) -> Builder {
        let builder = Headcount::builder(self.config.data());
        self.config.keyring.iter().fold(builder, Builder::keyring)
    }

    /// Opens the host.
    ///
    /// # Errors
    /// The data folder, the store, the key or the engine can't be used.
    pub async fn host(&self) -> anyhow::Result<Headcount> {
        let mut builder = self
            .builder()
            .egress(self.egress().await?)
            .budget(self.config.budget.clone())
            .audit(self.config.audit)
            .changes(self.config.changes)
            .compiler(compiler()?);
        if let Some(age) = self.config.gone {
            builder = builder.keep_gone(age);
        }
        for rule in &self.config.forbid_actions {
            builder = builder.forbid_actions(rule.clone());
        }
        for host in &self.config.allow_hosts {
            builder = builder.allow_host(host.clone());
        }
        Ok(self.config.engine.set(builder).open().await?)
    }

    /// Opens the tenant's side of the host.
    ///
    /// # Errors
    /// As [`host`](Self::host).
    pub async fn tenant(&self) -> anyhow::Result<Tenant> {
        let host = self.host().await?;
        Ok(self.tenant_of(&host))
    }

    /// The tenant's side of a host that is open, on behalf of whoever runs the program.
    pub fn tenant_of(&self, host: &Headcount) -> Tenant {
        // As the system knows them; it is a name to show, and no proof of anything.
        let person = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
        let person: String = person.chars().filter(|c| !c.is_control()).take(64).collect();
        host.tenant(self.config.tenant.clone()).acting_for(&person)
    }

    /// Whether the operator allows a host that ends in none of a manifest's suffixes.
    pub fn allows_host(&self, host: &str) -> bool {
        self.config.ceiling.lists(host) || self.config.allow_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

fn proxy_of(text: &str, password: Option<String>) -> Result<Proxy, Complaint> {
    let Some((user, address)) = text.rsplit_once('@') else {
        return Ok(Proxy { address: text.to_owned(), login: None });
    };
    if user.contains(':') {
        let problem = format!("the proxy {address} is given with a password, which others may read there");
        return Err(Complaint::usage(problem).next(format!("write USER@HOST:PORT, and put the password into {PROXY_PASSWORD}")));
    }
    let password = password.ok_or_else(|| {
        Complaint::usage(format!("the password of {user} for the proxy {address} is missing"))
            .next(format!("put it into {PROXY_PASSWORD}"))
    })?;
    Ok(Proxy { address: address.to_owned(), login: Some((user.to_owned(), Secret::new(password))) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_password_comes_from_the_environment_alone() {
        let password = || Some("hunter2".to_owned());
        assert!(proxy_of("proxy:3128", password()).unwrap().login.is_none());
        let proxy = proxy_of("ana@example.com@proxy:3128", password()).unwrap();
        assert_eq!((proxy.address.as_str(), proxy.login.unwrap().0.as_str()), ("proxy:3128", "ana@example.com"));
        assert!(proxy_of("ana@proxy:3128", None).is_err());
        let refused = proxy_of("ana:hunter2@proxy:3128", password()).unwrap_err().to_string();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
