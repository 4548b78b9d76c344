//! What the operator set of serving: the configuration file's tables `[serve]` and `[mail]`.

use std::net::SocketAddr;
use std::time::Duration;

use headcount::model::{Secret, Unit};
use headcount::sandbox::vault::mail_password;
use headcount::{CourierOptions, MailLogin, MailOptions, Security, WorkerOptions};
use serde::{Deserialize, Deserializer};

use crate::exit::Complaint;

/// The variable that holds the password for the mail server.
pub const MAIL_PASSWORD: &str = "HEADCOUNT_MAIL_PASSWORD";

/// How runs are made and messages sent; the rest stays as the library has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Serve {
    at_once: Option<u16>,
    each_tenant: Option<u16>,
    #[serde(deserialize_with = "time")]
    grace: Option<Duration>,
    #[serde(deserialize_with = "time")]
    catch_up: Option<Duration>,
    #[serde(deserialize_with = "time")]
    overrun: Option<Duration>,
    #[serde(deserialize_with = "time")]
    deadline: Option<Duration>,
    #[serde(deserialize_with = "time")]
    drain: Option<Duration>,
    messages_an_hour: Option<u32>,
}

impl Serve {
    /// Sets it.
    pub fn set(&self, options: &mut WorkerOptions) {
        let at_least_one = |number: Option<u16>, otherwise: usize| number.map_or(otherwise, |number| usize::from(number.max(1)));
        options.at_once = at_least_one(self.at_once, options.at_once);
        options.each_tenant = at_least_one(self.each_tenant, options.each_tenant);
        options.grace = self.grace.unwrap_or(options.grace);
        options.catch_up = self.catch_up.unwrap_or(options.catch_up);
        options.overrun = self.overrun.unwrap_or(options.overrun);
        options.sync.deadline = self.deadline(options.sync.deadline);
        options.drain = self.drain.unwrap_or(options.drain);
    }

    /// How long a session may take, of whoever runs it.
    pub fn deadline(&self, otherwise: Duration) -> Duration {
        self.deadline.unwrap_or(otherwise)
    }

    /// Sets what concerns messages.
    pub fn set_courier(&self, options: &mut CourierOptions) {
        options.an_hour = self.messages_an_hour.unwrap_or(options.an_hour).max(1);
    }
}

/// The operator's mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Mail {
    host: String,
    port: Option<u16>,
    #[serde(default)]
    security: Security,
    from: String,
    user: Option<String>,
}

impl Mail {
    /// The server's name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The settings as the library takes them, with the password from its variable.
    ///
    /// # Errors
    /// A user is named, and the password is missing.
    pub fn options(
        &self,
        address: Option<SocketAddr>,
        extra_ca_pem: Vec<String>,
        password: Option<String>,
    ) -> Result<MailOptions, Complaint> {
        let login = match (&self.user, password) {
            (None, _) => None,
            (Some(user), Some(password)) => {
                Some(MailLogin { user: user.clone(), password: mail_password(&Secret::new(password)) })
            }
            (Some(user), None) => {
                let problem = format!("the password of {user} for the mail server {} is missing", self.host);
                return Err(Complaint::usage(problem).next(format!("put it into {MAIL_PASSWORD}")));
            }
        };
        let standard = match self.security {
            Security::Tls => 465,
            Security::Starttls => 587,
        };
        Ok(MailOptions {
            host: self.host.clone(),
            port: self.port.unwrap_or(standard),
            security: self.security,
            from: self.from.clone(),
            login,
            address,
            extra_ca_pem,
            patience: Duration::from_secs(60),
        })
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Unit::Millis.parse(&text).map(|millis| Some(Duration::from_millis(millis))).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_reaches_the_worker_and_the_rest_stays() {
        let serve: Serve = toml::from_str("at-once = 3\neach-tenant = 0\noverrun = '2 h'\ndeadline = '3 h'").unwrap();
        let mut options = WorkerOptions::default();
        let before = options.grace;
        assert!(options.overrun < options.sync.deadline, "that it takes long is told before it is ended");
        serve.set(&mut options);
        assert_eq!((options.at_once, options.each_tenant, options.overrun.as_secs()), (3, 1, 7_200));
        assert_eq!((options.grace, options.sync.deadline.as_secs()), (before, 10_800));
        let (serve, mut options): (Serve, _) = (toml::from_str("messages-an-hour = 60").unwrap(), CourierOptions::default());
        serve.set_courier(&mut options);
        assert_eq!(options.an_hour, 60);
        assert!(toml::from_str::<Serve>("overrrun = '2 h'").is_err() && toml::from_str::<Serve>("grace = 5").is_err());
    }

    #[test]
    fn a_mail_servers_password_comes_from_the_environment_alone() {
        let mail: Mail = toml::from_str("host = 'mail.example.com'\nfrom = 'h@example.com'\nuser = 'h'").unwrap();
        assert!(mail.options(None, Vec::new(), None).is_err());
        let options = mail.options(None, Vec::new(), Some("hunter2".to_owned())).unwrap();
        assert_eq!((options.port, options.security), (465, Security::Tls));
        assert!(toml::from_str::<Mail>("host = 'm'\nfrom = 'h@m'\npassword = 'x'").is_err(), "never in the file");
        assert!(toml::from_str::<Mail>("host = 'm'\nfrom = 'h@m'\nsecurity = 'plain'").is_err(), "never without TLS");
    }
}
