//! Sends notices to people: webhooks and e-mail.
