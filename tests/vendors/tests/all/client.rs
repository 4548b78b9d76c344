//! A plain HTTP/1.1 client that trusts the servers' authority and resolves the vendors' names to loopback.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headcount_vendors::{Company, Options, Reach, Servers, Vendor};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The servers of a company.
pub async fn start(people: u32) -> Servers {
    Servers::start(Company::new(7, people), Options::default()).await.unwrap()
}

/// The headers that a key needs.
pub fn credential(servers: &Servers, vendor: Vendor, reach: Reach) -> Vec<(&'static str, String)> {
    let key = servers.key(vendor, reach);
    match vendor {
        Vendor::JetBrains => vec![("x-api-key", key), ("x-customer-code", servers.customer_code(reach))],
        Vendor::Tines | Vendor::Kandji => vec![("authorization", format!("Bearer {key}"))],
        Vendor::JumpCloud => vec![("x-api-key", key)],
    }
}

/// GET with the main key.
pub async fn get(servers: &Servers, vendor: Vendor, target: &str) -> Answer {
    ask(servers, vendor, Reach::Full, Method::GET, target, "").await
}

/// Any request with the key of a reach.
pub async fn ask(servers: &Servers, vendor: Vendor, reach: Reach, method: Method, target: &str, body: &str) -> Answer {
    send(servers, vendor, vendor.host(), method, target, &credential(servers, vendor, reach), body).await.unwrap()
}

/// Any request with any headers; the error is the connection's.
pub async fn send(
    servers: &Servers,
    vendor: Vendor,
    host: &str,
    method: Method,
    target: &str,
    headers: &[(&str, String)],
    body: &str,
) -> Result<Answer, Box<dyn std::error::Error>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(servers.ca_pem().as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(servers.addr(vendor)).await?;
    let stream = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host.to_owned())?, stream).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let mut request = http::Request::builder().method(method).uri(target).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    };
    let answer = tokio::time::timeout(Duration::from_secs(20), exchange).await?;
    connection.abort();
    answer
}

/// All rows of a list that is paged by skip, offset or page.
pub async fn all_rows(servers: &Servers, vendor: Vendor, target: &str, size: usize) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let joint = if target.contains('?') { '&' } else { '?' };
    for page in 0..1_000 {
        let place = match vendor {
            Vendor::JetBrains => format!("perPage={size}&page={}", page + 1),
            Vendor::Tines => format!("per_page={size}&page={}", page + 1),
            Vendor::Kandji => format!("limit={size}&offset={}", page * size),
            Vendor::JumpCloud => format!("limit={size}&skip={}", page * size),
        };
        let answer = get(servers, vendor, &format!("{target}{joint}{place}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let list = match &body {
            Value::Object(fields) => fields.values().find(|value| value.is_array()).unwrap(),
            list => list,
        };
        let list = list.as_array().unwrap();
        rows.extend(list.iter().cloned());
        if list.len() < size {
            return rows;
        }
    }
    panic!("{target} never ends");
}

/// All Kandji users, by cursor.
pub async fn kandji_users(servers: &Servers) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let mut target = "/api/v1/users".to_owned();
    loop {
        let body = get(servers, Vendor::Kandji, &target).await.json();
        rows.extend(body["results"].as_array().unwrap().iter().cloned());
        let Some(next) = body["next"].as_str() else { return rows };
        let query = next.split_once('?').unwrap().1;
        target = format!("/api/v1/users?{query}");
    }
}
