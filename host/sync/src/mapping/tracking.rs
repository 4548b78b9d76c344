//! Where a connection's accounts come from, for fields that say so: which organisation, and read with which credential.

use headcount_mapping::Tracking;
use headcount_store::{Connection, Session, Store, StoreError};

/// What is known of where a connection's accounts come from: the credential is that of the newest session that was applied, whether
/// or not anything may be removed under its scope.
///
/// # Errors
/// The store failed.
pub async fn tracking(store: &dyn Store, connection: &Connection) -> Result<Tracking, StoreError> {
    let session = match &connection.baseline {
        Some(baseline) => store.last_applied(&connection.tenant, &connection.id, &baseline.organization).await?,
        None => None,
    };
    Ok(tracking_of(connection, session.as_ref()))
}

/// The same, where the session is known. Without one, as where it was forgotten, the credential is that of the baseline.
pub(super) fn tracking_of(connection: &Connection, session: Option<&Session>) -> Tracking {
    let baseline = connection.baseline.as_ref();
    let read = session.and_then(|session| session.scope.as_ref()).or(baseline);
    Tracking {
        connection: connection.id.to_string(),
        name: connection.name.clone(),
        connector: connection.connector.to_string(),
        organization: baseline.map(|scope| scope.organization.clone()),
        credential: read.map(|scope| scope.label.clone()),
        credential_name: match session {
            Some(session) => name(session),
            None => connection.credential.as_ref().map(ToString::to_string),
        },
    }
}

/// What the credential of a session is called: a connection's own is named after the connection, which says nothing, so its fields do.
fn name(session: &Session) -> Option<String> {
    let fields = session.basis.iter().flat_map(|basis| &basis.credentials).map(|one| one.field.as_str()).collect::<Vec<_>>();
    let used = session.credential.as_ref().map(|used| used.name.as_str());
    match used {
        Some(used) if fields.is_empty() || used != session.connection.as_str() => Some(used.to_owned()),
        _ => (!fields.is_empty()).then(|| fields.join(", ")),
    }
}
