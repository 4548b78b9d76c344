//! Client certificates, before a server that demands them.

use headcount_model::manifest::Placement;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;

use super::server::{said, tls_for};
use super::*;

/// Whoever vouches for clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate in DER, and PEM with it and its key.
struct Client {
    certificate: Vec<u8>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn client(&self, name: &str) -> Client {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        let pem = format!("{}{}{}", certificate.pem(), self.0.pem(), key.serialize_pem());
        Client { certificate: certificate.der().to_vec(), pem }
    }

    /// A server that lets in only those for whom this authority vouches.
    async fn server(&self, protocol: &[u8]) -> Server {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let (authority, mut config) = tls_for(&["api.example.com"], verifier);
        config.alpn_protocols = vec![protocol.to_vec()];
        Server::over(config, authority, |_| Box::pin(async { Some(said("[]")) })).await
    }
}

fn options_with(pem: &str) -> GateOptions {
    let mut manifest = manifest();
    manifest.auth = vec![Placement::ClientCertificate { secret: "api-key".to_owned() }];
    let credentials = [("api-key".to_owned(), Secret::new(pem.to_owned()))].into_iter().collect();
    GateOptions { manifest: Arc::new(manifest), credentials, ..gate_options(Budget::default()) }
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_gets_it_and_each_identity_a_connection_of_its_own() {
    let authority = Authority::new();
    let (one, two) = (authority.client("one"), authority.client("two"));
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let server = authority.server(protocol).await;
        let egress = Egress::new(options(&server)).unwrap();
        for client in [&one, &one, &two, &one, &two] {
            let gate = egress.gate(options_with(&client.pem)).unwrap();
            assert_eq!(get(&gate, USERS).await.unwrap().body(), "[]");
            assert_eq!(server.seen().last().unwrap().client.certificate.as_ref(), Some(&client.certificate));
        }
        let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [0, 0, 1, 0, 1], "one connection of one tenant, two identities");
    }
}

#[tokio::test]
async fn without_a_certificate_that_server_is_not_reached() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.server(b"http/1.1").await;
    assert!(get(&gate(&server), USERS).await.is_err());
    let egress = Egress::new(options(&server)).unwrap();
    let gate = egress.gate(options_with(&stranger.client("one").pem)).unwrap();
    assert!(get(&gate, USERS).await.is_err());
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn certificates_that_can_not_be_used_are_refused_when_the_gate_is_made_and_not_quoted() {
    let authority = Authority::new();
    let (one, two) = (authority.client("one"), authority.client("two"));
    let part = |pem: &str, label: &str| {
        let start = pem.find(&format!("-----BEGIN {label}")).unwrap();
        pem[start..].split_inclusive("-----\n").take(2).collect::<String>()
    };
    let mixed = part(&one.pem, "CERTIFICATE") + &part(&two.pem, "PRIVATE KEY");
    let broken = one.pem.replace("BEGIN PRIVATE KEY-----\nM", "BEGIN PRIVATE KEY-----\nN");
    for (pem, why) in [
        (mixed, "not its certificate's"),
        (broken, "can't be used"),
        (part(&one.pem, "CERTIFICATE"), "no PRIVATE KEY"),
        (part(&one.pem, "PRIVATE KEY"), "no CERTIFICATE"),
        ("sk-0123456789-abcdefghij".to_owned(), "no CERTIFICATE"),
        (String::new(), "is missing"),
    ] {
        let error = Egress::new(EgressOptions::default()).unwrap().gate(options_with(&pem)).err().unwrap();
        assert!(matches!(&error, EgressError::Credential { field, .. } if field == "api-key"), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        let quoted = pem.lines().filter(|line| line.len() > 20 && !line.starts_with("-----"));
        assert!(quoted.into_iter().all(|line| !error.to_string().contains(line)), "{error}");
    }
}

#[tokio::test]
async fn a_request_that_is_only_counted_carries_no_certificate() {
    let authority = Authority::new();
    let server = authority.server(b"http/1.1").await;
    let ceiling = Ceiling::parse(["https://api.example.com"]).unwrap();
    let egress = Egress::new(EgressOptions { ceiling, mode: Mode::Count, ..options(&server) }).unwrap();
    let gate = egress.gate(options_with(&authority.client("one").pem)).unwrap();
    assert!(get(&gate, USERS).await.is_ok());
    assert!(get(&gate, "https://api.example.com/beyond").await.is_err(), "it went over a connection of the certificate's");
    assert_eq!(server.seen().len(), 1);
}
