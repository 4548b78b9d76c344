//! Connections and sessions of TLS that another tenant made.

use crate::attack::attacks;

attacks!(connection_of_another_tenant, ticket_of_another_tenant, two_hosts_over_one_connection,);
