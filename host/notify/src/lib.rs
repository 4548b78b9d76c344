//! What people are told, in words and in JSON; e-mail; and when something that did not arrive is sent again. Knows no tables, and
//! opens no socket but through the library that speaks to the operator's mail server.

mod letter;
mod mail;
mod retry;

pub use letter::Letter;
pub use mail::{MailError, MailLogin, MailOptions, Mailer, Recipient, Security, check_address};
pub use retry::{ATTEMPTS, again};
