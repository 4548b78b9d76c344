//! When removals wait for a person, as the operator set it, in the configuration file's table `[guard]`.

use headcount::store::{Guard, Threshold};
use serde::Deserialize;

/// What was set; the rest stays as the library has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Own {
    users: Bounds,
    others: Bounds,
    grants: Bounds,
    keys: Bounds,
    all_from: Option<u64>,
    holders_from: Option<u64>,
}

/// How much of one kind may be lost, as far as it was set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
struct Bounds {
    most: Option<u64>,
    least: Option<u64>,
    percent: Option<u64>,
    unconfirmed_percent: Option<u64>,
}

impl Own {
    /// The guard.
    ///
    /// # Errors
    /// A share is none, or trusts a list without a total more than one with it: says of which key.
    pub fn guard(&self) -> Result<Guard, String> {
        let usual = Guard::default();
        Ok(Guard {
            users: self.users.set("users", usual.users)?,
            others: self.others.set("others", usual.others)?,
            grants: self.grants.set("grants", usual.grants)?,
            keys: self.keys.set("keys", usual.keys)?,
            all_from: self.all_from.unwrap_or(usual.all_from),
            holders_from: self.holders_from.unwrap_or(usual.holders_from),
        })
    }
}

impl Bounds {
    fn set(&self, name: &str, usual: Threshold) -> Result<Threshold, String> {
        for (key, share) in [("percent", self.percent), ("unconfirmed-percent", self.unconfirmed_percent)] {
            if let Some(share) = share.filter(|share| *share > 100) {
                return Err(format!("guard.{name}.{key} is {share}: a share is 0 to 100"));
            }
        }
        let percent = self.percent.unwrap_or(usual.percent);
        // Without a word of its own, it is as much smaller as it can be, or follows the other.
        let follows = usual.unconfirmed_percent == usual.percent;
        let otherwise = if follows { percent } else { usual.unconfirmed_percent.min(percent) };
        let unconfirmed_percent = self.unconfirmed_percent.unwrap_or(otherwise);
        if unconfirmed_percent > percent {
            return Err(format!(
                "guard.{name}.unconfirmed-percent is {unconfirmed_percent}: where no total was confirmed, no more may be lost than \
                 where one was, {percent}"
            ));
        }
        let (most, least) = (self.most.or(usual.most), self.least.unwrap_or(usual.least));
        Ok(Threshold { most, least, percent, unconfirmed_percent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(text: &str) -> Result<Guard, String> {
        toml::from_str::<Own>(text).map_err(|error| error.message().to_owned())?.guard()
    }

    #[test]
    fn what_is_not_set_stays_as_it_is() {
        let usual = Guard::default();
        assert_eq!(guard(""), Ok(usual.clone()));
        let set = guard("all-from = 2\n[users]\nmost = 50\npercent = 4\n[grants]\npercent = 30").unwrap();
        let users = Threshold { most: Some(50), least: 3, percent: 4, unconfirmed_percent: 4 };
        let grants = Threshold { percent: 30, unconfirmed_percent: 30, ..usual.grants };
        assert_eq!(set, Guard { users, grants, all_from: 2, ..usual });
        assert_eq!(guard("[users]\npercent = 20").unwrap().users.unconfirmed_percent, 5);
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_key() {
        for (wrong, key) in [
            ("user = { least = 1 }", "`user`"),
            ("users = { percents = 1 }", "`percents`"),
            ("users = { percent = 101 }", "guard.users.percent"),
            ("grants = { unconfirmed-percent = 21 }", "guard.grants.unconfirmed-percent"),
            ("all-from = -1", "-1"),
        ] {
            let refused = guard(wrong).unwrap_err();
            assert!(refused.contains(key), "{wrong}: {refused}");
        }
    }
}
