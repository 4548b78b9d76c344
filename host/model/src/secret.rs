//! The one type for secrets: no `Debug`, no `Display`, no `Serialize`, zeroed on drop.

use zeroize::Zeroizing;

/// A secret value on its way from a person to the vault, or from the vault onto a request.
///
/// It can't be printed by accident:
///
/// ```compile_fail
/// let secret = headcount_model::Secret::new("hunter2".to_owned());
/// println!("{secret:?}");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller should not keep a copy.
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// The secret itself. Only the sandbox's credential code has a reason to call this.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
