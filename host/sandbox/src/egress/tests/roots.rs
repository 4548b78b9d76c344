//! Whom egress trusts to vouch for vendors.

use super::*;

#[tokio::test]
async fn the_bundled_authorities_stand_beside_the_operators_and_vouch_for_no_stranger() {
    let server = Server::saying("[]").await;
    let gate_with = |extra_ca_pem: Vec<String>| {
        let options = EgressOptions { roots: Roots::Bundled, extra_ca_pem, ..options(&server) };
        Egress::new(options).unwrap().gate(gate_options(Budget::default())).unwrap()
    };
    assert_eq!(get(&gate_with(vec![server.authority.clone()]), USERS).await.unwrap().body(), "[]");
    assert!(matches!(get(&gate_with(Vec::new()), USERS).await, Err(Refusal::Tls { certificate: true, .. })));
    assert_eq!(server.seen().len(), 1);
}

/// The system's roots are found through variables of the environment, and those are a whole process's.
#[test]
fn a_machine_without_authorities_is_told_so_and_the_bundled_ones_still_work() {
    let nowhere = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    let itself = "egress::tests::roots::a_machine_without_authorities_is_told_so_and_the_bundled_ones_still_work";
    if !in_a_child(itself, &nowhere) {
        return;
    }
    let gate = |roots, extra_ca_pem| {
        let egress = Egress::new(EgressOptions { roots, extra_ca_pem, ..EgressOptions::default() }).unwrap();
        egress.gate(gate_options(Budget::default())).err()
    };
    let error = gate(Roots::System, Vec::new()).unwrap();
    assert_eq!(error, EgressError::NoRoots);
    assert!(error.to_string().contains("ca-certificates"), "{error}");
    assert_eq!(gate(Roots::Bundled, Vec::new()), None);
    let own = rcgen::generate_simple_self_signed(vec!["ca.example.com".to_owned()]).unwrap();
    assert_eq!(gate(Roots::System, vec![own.cert.pem()]), None, "the operator's own is enough");
}
