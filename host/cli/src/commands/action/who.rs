//! Who asks, and why.

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

/// The name of this system's user, or else its number.
fn user() -> String {
    let id = uid();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = id.as_deref().and_then(|id| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let (name, number) = (fields.next()?, fields.nth(1)?);
            (number == id).then(|| name.to_owned())
        })
    });
    match (name, id) {
        (Some(name), _) => name,
        (None, Some(id)) => format!("user {id}"),
        (None, None) => "an unknown user".to_owned(),
    }
}

/// Who this process runs as: the environment could say anything.
fn uid() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").ok().map(|own| own.uid().to_string())
}
