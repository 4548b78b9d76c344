//! `headcount admins`: who may administer what, and through what.

use headcount::ConnectionId;
use headcount::model::UserStatus;
use headcount::store::Filter;

use super::list::{Pages, ShowArgs, status};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Column;
use crate::records;

const COLUMNS: [Column; 8] = [
    Column::both("connection", "CONNECTION"),
    Column::both("person", "PERSON").otherwise("(nobody)"),
    Column::both("email", "E-MAIL"),
    Column::both("name", "NAME"),
    Column::both("status", "STATUS"),
    Column::both("last-seen-at", "LAST SEEN"),
    Column::both("through", "THROUGH"),
    Column::csv("account"),
];

/// Which administrators.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Id, name or e-mail contains this
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Of this status: active, pending, locked, suspended, inactive
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<UserStatus>,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Lists administrators.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    if let Some(id) = &args.connection {
        tenant.connection(id).await?;
    }
    let mut filter = Filter {
        connection: args.connection.clone(),
        text: args.text.clone(),
        status: args.status.map(|status| status.as_str().to_owned()),
        ..Filter::default()
    };
    let mut pages = Pages::new(&args.show, COLUMNS, context);
    while let Some(limit) = pages.next_limit() {
        filter.limit = limit;
        let found = tenant.store().administrators(tenant.id(), &filter).await.map_err(headcount::Error::from)?;
        filter.after = found.last().map(|last| (last.connection.to_string(), last.account.clone()));
        pages.write(&found, records::of)?;
    }
    pages.end("administrators");
    Ok(Exit::Done)
}
