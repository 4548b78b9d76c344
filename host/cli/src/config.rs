//! What the operator set: flags go before the environment, the environment before the file, the file before what is taken for granted.

mod file;
mod flags;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use headcount::sandbox::egress::{AllowRule, Ceiling, Mode};
use headcount::store::Guard;
use headcount::{ActionRule, AuditOptions, Budget, ChangesOptions, TenantId};

use self::file::{File, parse};
pub use self::flags::Flags;
use crate::engine::Engine;
use crate::exit::Complaint;
use crate::pairs::Pair;
use crate::serving::{Mail, Serve};

/// Where data is kept unless something else is said.
pub const DEFAULT_DATA: &str = "headcount-data";

/// What holds after flags, environment and file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder, where one was named.
    pub named_data: Option<PathBuf>,
    /// The name of the key in the operating system's keyring, where one was given.
    pub keyring: Option<String>,
    /// Whose records.
    pub tenant: TenantId,
    /// Whether somebody said so.
    pub tenant_named: bool,
    /// JSON lines instead of tables.
    pub json: bool,
    /// Addresses for hosts.
    pub resolve: BTreeMap<String, SocketAddr>,
    /// Files with further certificate authorities.
    pub ca: Vec<PathBuf>,
    /// Whether loopback may be reached.
    pub allow_loopback: bool,
    /// Hosts that webhooks may reach at whatever address.
    pub allow_webhook: Vec<String>,
    /// Hosts that settings may name.
    pub allow_hosts: Vec<String>,
    /// The proxy that vendors are reached through, with its user before an `@`.
    pub proxy: Option<String>,
    /// Whether the bundled certificate authorities are trusted in place of this machine's.
    pub bundled_roots: bool,
    /// What connectors may reach at most.
    pub ceiling: Ceiling,
    /// What becomes of requests that a manifest denies.
    pub mode: Mode,
    /// Actions that are forbidden, whatever tenants and connections permit.
    pub forbid_actions: Vec<ActionRule>,
    /// How much to tell: 0 to 3.
    pub verbose: u8,
    /// What one session may use.
    pub budget: Budget,
    /// How much of the audit trail is kept.
    pub audit: AuditOptions,
    /// How much of each tenant's changes is kept.
    pub changes: ChangesOptions,
    /// How long records are kept that have gone.
    pub gone: Option<Duration>,
    /// When removals wait for a person.
    pub guard: Guard,
    /// What else of the engine.
    pub engine: Engine,
    /// How runs are made.
    pub serve: Serve,
    /// The mail server.
    pub mail: Option<Mail>,
}

impl Config {
    /// Reads the file that the flags name, if any, and puts both together.
    ///
    /// # Errors
    /// The file can't be read or understood, or a value is malformed.
    pub fn gather(flags: &Flags) -> Result<Self, Complaint> {
        let (file, folder) = match &flags.config {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| Complaint::file(path, &error))?;
                let folder = path.parent().map(Path::to_owned).unwrap_or_default();
                (parse(&text).map_err(|problem| Complaint::usage(format!("{}: {problem}", path.display())))?, folder)
            }
            None => (File::default(), PathBuf::new()),
        };
        merge(flags, file, &folder)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.named_data.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA))
    }
}

fn merge(flags: &Flags, file: File, folder: &Path) -> Result<Config, Complaint> {
    let (ceiling, mode) = egress(flags, &file)?;
    let tenant = flags.tenant.clone().or(file.tenant);
    let tenant_named = tenant.is_some();
    let tenant = tenant.unwrap_or_else(|| "default".to_owned());
    let mut resolve = BTreeMap::new();
    let from_file = file.resolve.iter().map(|text| text.parse::<Pair>().map_err(|problem| (text.clone(), problem)));
    // Flags come last, and so win for the same host.
    for pair in from_file.chain(flags.resolve.iter().cloned().map(Ok)) {
        let pair = pair.map_err(|(text, problem)| Complaint::usage(format!("resolve {text:?}: {problem}")))?;
        resolve.insert(pair.key.to_ascii_lowercase(), address(&pair)?);
    }
    let mut budget = Budget::default();
    budget.set(&file.budget);
    let own = file.forbid_actions.iter().map(|rule| rule.parse::<ActionRule>());
    let forbid_actions = own.chain(flags.forbid_actions.iter().cloned().map(Ok)).collect::<Result<Vec<_>, _>>();
    let forbid_actions = forbid_actions.map_err(|problem| Complaint::usage(format!("forbid-actions: {problem}")))?;
    let kept = AuditOptions::default();
    let age = file.audit.days.map_or(kept.age, |days| Duration::from_secs(u64::from(days) * 86_400));
    let audit = AuditOptions { records: file.audit.records.unwrap_or(kept.records), age };
    let kept = ChangesOptions::default();
    let age = file.changes.days.map_or(kept.age, |days| Duration::from_secs(u64::from(days) * 86_400));
    let changes = ChangesOptions { records: file.changes.records.unwrap_or(kept.records), age };
    Ok(Config {
        named_data: flags.data.clone().or(file.data.map(|data| folder.join(data))),
        keyring: flags.keyring.clone().or(file.keyring),
        tenant: tenant.parse().map_err(|error: headcount::model::InvalidId| Complaint::usage(error.to_string()))?,
        tenant_named,
        json: flags.json || file.json,
        resolve,
        ca: file.ca.iter().map(|path| folder.join(path)).chain(flags.ca.iter().cloned()).collect(),
        allow_loopback: flags.allow_loopback || file.allow_loopback,
        allow_webhook: file.allow_webhook.into_iter().chain(flags.allow_webhook.iter().cloned()).collect(),
        allow_hosts: file.allow_host.into_iter().chain(flags.allow_host.iter().cloned()).collect(),
        proxy: flags.proxy.clone().or(file.proxy),
        bundled_roots: flags.bundled_roots || file.bundled_roots,
        ceiling,
        mode,
        forbid_actions,
        verbose: flags.verbose.max(file.verbose),
        budget,
        audit,
        changes,
        gone: file.gone.days.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
        guard: file.guard.guard().map_err(Complaint::usage)?,
        engine: file.engine,
        serve: file.serve,
        mail: file.mail,
    })
}

fn egress(flags: &Flags, file: &File) -> Result<(Ceiling, Mode), Complaint> {
    let own = file.allow_egress.iter().flatten().map(|rule| rule.parse::<AllowRule>());
    let rules: Vec<AllowRule> = own
        .chain(flags.allow_egress.iter().cloned().map(Ok))
        .collect::<Result<_, _>>()
        .map_err(|error| Complaint::usage(error.to_string()).next("write it like https://api.example.com/v1"))?;
    let has_rules = file.allow_egress.is_some() || !flags.allow_egress.is_empty();
    let ceiling = if has_rules { Ceiling::Rules(rules) } else { Ceiling::Manifest };
    let counts = flags.let_denied_requests_out || file.let_denied_requests_out;
    if counts && !has_rules {
        let problem = "let-denied-requests-out lets nothing out without rules of your own";
        return Err(Complaint::usage(problem).next("name what may be reached with --allow-egress"));
    }
    Ok((ceiling, if counts { Mode::Count } else { Mode::Enforce }))
}

fn address(pair: &Pair) -> Result<SocketAddr, Complaint> {
    let text = pair.value.trim();
    let address = text.parse::<SocketAddr>().or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 443)));
    address.map_err(|_| {
        Complaint::usage(format!("{text:?} is no address for {}", pair.key)).next("write it like 127.0.0.1:8443 or [::1]:8443")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_go_before_the_file_and_the_file_before_the_defaults() {
        let file =
            parse("data = 'from-file'\nkeyring = 'acme'\ntenant = 'acme'\nresolve = ['a.example=127.0.0.1:1', 'b.example=::1']")
                .unwrap();
        let flags = Flags {
            tenant: Some("umbrella".into()),
            resolve: vec!["A.example=127.0.0.1:9".parse().unwrap()],
            ..Flags::default()
        };
        let config = merge(&flags, file, Path::new("/etc/headcount")).unwrap();
        assert_eq!(config.tenant.as_str(), "umbrella");
        assert_eq!(config.data(), PathBuf::from("/etc/headcount/from-file"));
        assert_eq!(config.keyring.as_deref(), Some("acme"));
        assert_eq!(config.resolve["a.example"], "127.0.0.1:9".parse().unwrap());
        assert_eq!(config.resolve["b.example"], "[::1]:443".parse().unwrap());
        let plain = merge(&Flags::default(), File::default(), Path::new("")).unwrap();
        assert_eq!((plain.tenant.as_str(), plain.data()), ("default", PathBuf::from(DEFAULT_DATA)));
    }

    #[test]
    fn how_long_gone_records_are_kept_stands_in_the_file() {
        let gone = |file: &str| merge(&Flags::default(), parse(file).unwrap(), Path::new("")).unwrap().gone;
        assert_eq!((gone(""), gone("[gone]\ndays = 30")), (None, Some(Duration::from_secs(30 * 86_400))));
        assert!(parse("[gone]\nrecords = 30").is_err());
    }

    #[test]
    fn the_operators_budget_stands_in_the_file() {
        let file = parse("[budget]\nmemory = '1 GiB'\nrequests-per-minute = 60\ncall = '2 min'").unwrap();
        let budget = merge(&Flags::default(), file, Path::new("")).unwrap().budget;
        assert_eq!((budget.memory, budget.requests_per_minute, budget.call.as_secs()), (1 << 30, Some(60), 120));
        assert_eq!(budget.requests, Budget::default().requests);
        for wrong in ["[budget]\nmemroy = 1", "[budget]\ncall = 300", "[budget]\nmemory = '-1'", "[budget]\nhandles = 1"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_connectors_may_reach_adds_up_from_file_and_flags_and_none_differs_from_an_empty_list() {
        let ceiling = |file: &str, flags: &[&str]| {
            let allow_egress = flags.iter().map(|rule| rule.parse().unwrap()).collect();
            merge(&Flags { allow_egress, ..Flags::default() }, parse(file).unwrap(), Path::new("")).map(|config| config.ceiling)
        };
        assert_eq!(ceiling("", &[]).unwrap(), Ceiling::Manifest);
        assert_eq!(ceiling("allow-egress = []", &[]).unwrap(), Ceiling::Rules(Vec::new()));
        let both = ceiling("allow-egress = ['https://a.example.com']", &["GET https://*.example.org"]).unwrap();
        assert_eq!(both, Ceiling::parse(["https://a.example.com", "GET https://*.example.org"]).unwrap());
        let refused = ceiling("allow-egress = ['https://a.example.com', 'https://*']", &[]).unwrap_err().to_string();
        assert!(refused.contains("https://*") && refused.contains("whole label"), "{refused}");
    }

    #[test]
    fn denied_requests_are_let_out_only_when_asked_for_and_only_under_rules_of_the_operator() {
        let mode = |file: &str| merge(&Flags::default(), parse(file).unwrap(), Path::new("")).map(|config| config.mode);
        assert_eq!(mode("allow-egress = ['https://a.example.com']").unwrap(), Mode::Enforce);
        let both = "let-denied-requests-out = true\nallow-egress = ['https://a.example.com']";
        assert_eq!(mode(both).unwrap(), Mode::Count);
        assert!(mode("let-denied-requests-out = true").is_err());
    }

    #[test]
    fn the_bound_of_the_audit_trail_stands_in_the_file() {
        let audit = |file: &str| merge(&Flags::default(), parse(file).unwrap(), Path::new("")).unwrap().audit;
        assert_eq!(audit(""), AuditOptions::default());
        let both = AuditOptions { records: 10, age: Duration::from_secs(7 * 86_400) };
        assert_eq!(audit("[audit]\nrecords = 10\ndays = 7"), both);
        assert!(parse("[audit]\nrecords = -1").is_err() && parse("[audit]\nweeks = 1").is_err());
    }

    #[test]
    fn when_removals_wait_stands_in_the_file() {
        let guard = |file: &str| merge(&Flags::default(), parse(file).unwrap(), Path::new("")).map(|config| config.guard);
        assert_eq!(guard("").unwrap(), Guard::default());
        let own = guard("[guard]\nusers = { least = 0, percent = 2 }\nholders-from = 5").unwrap();
        assert_eq!((own.users.least, own.users.percent, own.holders_from, own.all_from), (0, 2, 5, 3));
        let refused = guard("[guard]\nkeys.percent = 500").unwrap_err().to_string();
        assert!(refused.contains("guard.keys.percent"), "{refused}");
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_line() {
        let refused = parse("tenant = 'acme'\nresolv = []").unwrap_err();
        assert!(refused.starts_with("line 2: unknown field `resolv`"), "{refused}");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        let flags = Flags { resolve: vec!["a.example=localhost".parse().unwrap()], ..Flags::default() };
        assert!(merge(&flags, File::default(), Path::new("")).is_err());
    }
}
