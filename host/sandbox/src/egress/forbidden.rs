//! Headers that a connector may neither set nor see, whatever its manifest says.

use http::{HeaderName, header};

/// Headers that only the host, or nobody, sets: credentials, who asks, other methods or paths than those that were judged, and parts of
/// bodies, which could cut a secret in two.
pub(super) const FORBIDDEN: [HeaderName; 25] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::FORWARDED,
    header::VIA,
    header::RANGE,
    header::IF_RANGE,
    HeaderName::from_static("request-range"),
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-original-host"),
    HeaderName::from_static("x-rewrite-url"),
    HeaderName::from_static("x-host"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-method"),
    HeaderName::from_static("trailer"),
    HeaderName::from_static("alt-used"),
];

/// Whether a name is forbidden whatever the manifest says.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name) || FORBIDDEN.contains(name)
}
