//! Where a secret goes on a request, and how tokens are had for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Template;

/// Where one secret goes on a request. The connector never sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "type", deny_unknown_fields)]
pub enum Placement {
    /// A header of its own: `X-Api-Key: <secret>`.
    #[serde(rename_all = "kebab-case")]
    Header {
        /// The secret field.
        secret: String,
        /// The header's name.
        name: String,
        /// Text before the secret.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        prefix: String,
    },
    /// `Authorization: Bearer <secret>`.
    Bearer {
        /// The secret field.
        secret: String,
    },
    /// `Authorization: Basic <base64>`.
    Basic {
        /// The field (secret or not) with the user name; empty for none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        user: String,
        /// The secret field with the password.
        secret: String,
    },
    /// A query parameter.
    Query {
        /// The secret field.
        secret: String,
        /// The parameter's name.
        name: String,
    },
    /// `Authorization: Bearer <token>`, with a token that the host gets for the client itself (OAuth 2 client credentials).
    #[serde(rename_all = "kebab-case")]
    OauthClientCredentials {
        /// The field (secret or not) with the client's id.
        client_id: String,
        /// The secret field with the client's secret.
        secret: String,
        /// Where tokens are had: `https://{domain}/oauth/token`. The connector can't reach it.
        token_url: Template,
        /// What to ask for.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        scopes: Vec<String>,
        /// For which API, where the vendor wants to know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audience: Option<String>,
        /// How the client says who it is.
        #[serde(default)]
        auth: ClientAuth,
    },
    /// `Authorization: Bearer <token>`, with a token that the host gets for a refresh token (OAuth 2). Where the vendor replaces the
    /// refresh token, the host keeps the new one.
    #[serde(rename_all = "kebab-case")]
    OauthRefreshToken {
        /// The field (secret or not) with the client's id.
        client_id: String,
        /// The secret field with the client's secret, for a client that has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_secret: Option<String>,
        /// The secret field with the refresh token.
        secret: String,
        /// Where tokens are had. The connector can't reach it.
        token_url: Template,
        /// What to ask for; empty for all that was granted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        scopes: Vec<String>,
        /// How a client with a secret says who it is.
        #[serde(default)]
        auth: ClientAuth,
    },
    /// The client's certificate in TLS: the secret is PEM with the certificate, those that vouch for it, and the private key, which
    /// never leaves the host.
    ClientCertificate {
        /// The secret field.
        secret: String,
    },
}

/// How an OAuth client says who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// In an `Authorization: Basic` header.
    #[default]
    Basic,
    /// As `client_id` and `client_secret` in the form.
    Body,
}

impl Placement {
    /// The secret field that it places.
    pub fn secret(&self) -> &str {
        match self {
            Placement::Header { secret, .. }
            | Placement::Bearer { secret }
            | Placement::Basic { secret, .. }
            | Placement::Query { secret, .. }
            | Placement::OauthClientCredentials { secret, .. }
            | Placement::OauthRefreshToken { secret, .. }
            | Placement::ClientCertificate { secret } => secret,
        }
    }

    /// Whether it makes use of a field, be it for the secret itself or beside it.
    pub fn uses(&self, field: &str) -> bool {
        self.secret() == field
            || match self {
                Placement::Basic { user, .. } => user == field,
                Placement::OauthClientCredentials { client_id, .. } => client_id == field,
                Placement::OauthRefreshToken { client_id, client_secret, .. } => {
                    client_id == field || client_secret.as_deref() == Some(field)
                }
                _ => false,
            }
    }

    /// Where tokens are had for it.
    pub fn token_url(&self) -> Option<&Template> {
        match self {
            Placement::OauthClientCredentials { token_url, .. } | Placement::OauthRefreshToken { token_url, .. } => {
                Some(token_url)
            }
            _ => None,
        }
    }

    /// The header that it owns, which a connector may then not set.
    pub fn header(&self) -> Option<&str> {
        match self {
            Placement::Header { name, .. } => Some(name),
            Placement::Bearer { .. }
            | Placement::Basic { .. }
            | Placement::OauthClientCredentials { .. }
            | Placement::OauthRefreshToken { .. } => Some("authorization"),
            Placement::Query { .. } | Placement::ClientCertificate { .. } => None,
        }
    }
}
