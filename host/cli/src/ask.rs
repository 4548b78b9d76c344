//! Questions to a person at the terminal. They wait on a thread of their own, so that nothing else stands still.

use headcount::model::Secret;
use headcount::model::printable;

use crate::exit::Complaint;

/// Asks for a line of text; an empty answer takes the default, where there is one.
///
/// # Errors
/// The terminal went away.
pub async fn text(prompt: &str, default: Option<String>) -> anyhow::Result<String> {
    let prompt = printable(prompt).into_owned();
    asked(move || {
        let mut input = dialoguer::Input::<String>::new().with_prompt(prompt).allow_empty(true);
        if let Some(default) = default {
            input = input.default(default);
        }
        input.interact_text()
    })
    .await
}

/// Asks to choose one of some labels; gives its index.
///
/// # Errors
/// The terminal went away.
pub async fn choice(prompt: &str, labels: Vec<String>, default: usize) -> anyhow::Result<usize> {
    let prompt = printable(prompt).into_owned();
    let labels: Vec<String> = labels.iter().map(|label| printable(label).into_owned()).collect();
    asked(move || dialoguer::Select::new().with_prompt(prompt).items(labels).default(default).interact()).await
}

/// Asks for a secret, without showing it.
///
/// # Errors
/// The terminal went away.
pub async fn secret(prompt: &str) -> anyhow::Result<Secret> {
    let prompt = format!("{} (not shown)", printable(prompt));
    asked(move || dialoguer::Password::new().with_prompt(prompt).allow_empty_password(true).interact().map(Secret::new)).await
}

/// Asks for a yes, as a whole line; anything but a plain yes is a no.
///
/// # Errors
/// The terminal went away.
pub async fn yes(prompt: &str) -> anyhow::Result<bool> {
    Ok(agrees(&text(&format!("{prompt} [y/N]"), None).await?))
}

fn agrees(answer: &str) -> bool {
    ["y", "yes"].iter().any(|yes| answer.trim().eq_ignore_ascii_case(yes))
}

async fn asked<T: Send + 'static>(question: impl FnOnce() -> dialoguer::Result<T> + Send + 'static) -> anyhow::Result<T> {
    let answer = tokio::task::spawn_blocking(question).await?;
    answer.map_err(|error| Complaint::failed(format!("the terminal gave no answer: {error}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_agrees() {
        assert!(["y", "Y", "yes", "YES", " yes "].into_iter().all(agrees));
        assert!(!["", "n", "no", "hey, no", "yes, but", "yy", "ye", "\u{1b}y"].into_iter().any(agrees));
    }
}
