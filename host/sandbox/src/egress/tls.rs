//! TLS towards vendors: the system's or the bundled roots and the operator's, one provider, HTTP/2 or HTTP/1.1.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use rustls_platform_verifier::Verifier;

use super::{EgressError, Roots};
use crate::vault::ClientCertificate;

/// Sessions that one connection remembers, to resume them.
const RESUMED: usize = 8;

/// Reads the operator's certificate authorities.
pub(crate) fn authorities(pems: &[String]) -> Result<Vec<CertificateDer<'static>>, EgressError> {
    let mut authorities = Vec::new();
    for pem in pems {
        let before = authorities.len();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            authorities.push(certificate.map_err(|error| EgressError::Authority(error.to_string()))?);
        }
        if authorities.len() == before {
            return Err(EgressError::Authority("there is no CERTIFICATE in it".to_owned()));
        }
    }
    Ok(authorities)
}

/// What every connection's TLS starts from. The system's roots are read from its files, which blocks for some milliseconds.
pub(crate) fn config(roots: Roots, authorities: &[CertificateDer<'static>]) -> Result<ClientConfig, EgressError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = verifier(roots, authorities, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| EgressError::Authority(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn verifier(
    roots: Roots,
    authorities: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, EgressError> {
    let unusable = |error: &dyn std::fmt::Display| EgressError::Authority(error.to_string());
    match roots {
        Roots::System => match Verifier::new_with_extra_roots(authorities.iter().cloned(), provider.clone()) {
            Ok(verifier) => Ok(Arc::new(verifier)),
            Err(rustls::Error::General(_)) => Err(EgressError::NoRoots),
            Err(error) => Err(unusable(&error)),
        },
        Roots::Bundled => {
            let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            for authority in authorities {
                store.add(authority.clone()).map_err(|error| unusable(&error))?;
            }
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
            Ok(verifier.map_err(|error| unusable(&error))?)
        }
    }
}

/// The same for one connection, with its certificate, and with a session memory of its own: a resumed session would link two tenants.
pub(crate) fn apart(
    config: &ClientConfig,
    certificate: Option<&(String, ClientCertificate)>,
) -> Result<Arc<ClientConfig>, EgressError> {
    let mut config = config.clone();
    config.resumption = Resumption::in_memory_sessions(RESUMED);
    if let Some((field, certificate)) = certificate {
        let wrong = |why: &str| EgressError::Credential { field: field.clone(), why: why.to_owned() };
        // What these errors say is left out: it may quote what they are about.
        let key = PrivateKeyDer::try_from(certificate.key()).ok().and_then(|key| any_supported_type(&key).ok());
        let key = key.ok_or_else(|| wrong("holds a private key of a kind that can't be used"))?;
        let chain = certificate.chain().map(|certificate| CertificateDer::from(certificate.to_vec())).collect();
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(wrong("holds a private key that is not its certificate's")),
            Err(_) => return Err(wrong("holds a certificate that can't be read")),
        }
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    }
    Ok(Arc::new(config))
}
