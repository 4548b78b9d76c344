//! A vendor who colludes sends the connector somewhere else, and it goes.

use headcount_connector::contract::wasi::wasi::http::types::Scheme;
use headcount_connector::{Failure, Result};

use crate::attack::{attacks, report};
use crate::http::{Ask, reach};

attacks!(
    redirect_in_a_circle,
    redirect_out_of_the_prefix,
    redirect_to_a_user_name,
    redirect_to_an_address_inside,
    redirect_to_another_host,
    redirect_to_another_scheme,
    redirect_to_plain_text,
);

/// Lets the vendor redirect it to this URL, and goes there.
fn follow(to: &str) -> Failure {
    match redirected(to) {
        Ok(next) => reach([next]),
        Err(failure) => failure,
    }
}

/// The request that a redirection to this URL asks for.
fn redirected(to: &str) -> Result<Ask> {
    let answer = Ask::vendor("/redirect").header("x-to", to).send().map_err(report)?;
    let location = answer.headers.iter().find(|(name, _)| name == "location").ok_or_else(|| report("no location"))?;
    let location = String::from_utf8_lossy(&location.1).into_owned();
    let (scheme, rest) = location.split_once("://").ok_or_else(|| report("a strange location"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = match scheme {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    };
    Ok(Ask::get(authority, path).scheme(scheme))
}
