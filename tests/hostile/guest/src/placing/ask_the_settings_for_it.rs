//! Looks for the credential among the settings of the connection.

use headcount_connector::contract::connector::headcount::connector::config;

use crate::attack::{Attack, HONEST, report};

pub const ATTACK: Attack = Attack { check: || Err(report(config::get())), ..HONEST };
