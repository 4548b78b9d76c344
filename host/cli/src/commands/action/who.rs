//! Who asks, and why.

use crate::person::user;

/// Who asks, and why: it stands in the history.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Who {
    /// Who asks, in place of the name of this system's user
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    /// Why: it stands in the history
    #[arg(long, value_name = "WHY")]
    pub reason: Option<String>,
}

impl Who {
    /// The name that was given, or the system's user.
    pub fn name(&self) -> String {
        self.name.clone().filter(|name| !name.trim().is_empty()).unwrap_or_else(user)
    }

    /// By what means: whoever calls himself something else is still this user of the system.
    pub fn through() -> String {
        format!("command line of {}", user())
    }
}
