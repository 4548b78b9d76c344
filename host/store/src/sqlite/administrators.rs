//! Who may administer: the holders of roles that do, through groups within groups too.

use headcount_model::TenantId;
use sqlx::{QueryBuilder, Sqlite};

/// Opens the query with a table `administrators (connection, kind, id)` of users and groups. `UNION` ends every cycle.
pub(super) fn with_administrators(tenant: &TenantId) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "WITH RECURSIVE administrators (connection, kind, id) AS (
            SELECT held.connection, held.principal_kind, held.principal_id
            FROM roles CROSS JOIN grants AS held ON held.tenant = roles.tenant AND held.connection = roles.connection
                AND held.target_id = roles.id AND held.target_kind = 'role' AND held.gone_at IS NULL
            WHERE roles.administrator = 1 AND roles.gone_at IS NULL AND roles.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query.push(
        " UNION
            SELECT held.connection, held.principal_kind, held.principal_id
            FROM roles CROSS JOIN grants AS held ON held.tenant = roles.tenant AND held.connection = roles.connection
                AND held.role = roles.id AND held.gone_at IS NULL
            WHERE roles.administrator = 1 AND roles.gone_at IS NULL AND roles.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query.push(
        " UNION
            SELECT member.connection, member.principal_kind, member.principal_id
            FROM administrators CROSS JOIN grants AS member ON member.connection = administrators.connection
                AND member.target_id = administrators.id AND member.target_kind = 'group' AND member.gone_at IS NULL
            WHERE administrators.kind = 'group' AND member.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
    query.push(") ");
    query
}

/// That the user of the row `row` may administer.
pub(super) const MAY_ADMINISTER: &str = "(row.administrator = 1 OR (row.connection, row.id) IN
    (SELECT administrators.connection, administrators.id FROM administrators WHERE administrators.kind = 'user'))";
