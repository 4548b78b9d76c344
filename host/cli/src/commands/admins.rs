//! `headcount admins`: who may administer what, and through what.

use headcount::model::UserStatus;
use headcount::store::{Administrator, Filter};
use headcount::{ConnectionId, Tenant};

use super::list::{Listing, ShowArgs, status};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Column;
use crate::records;
use crate::removed::Removed;

const COLUMNS: [Column; 9] = [
    Column::both("connection", "CONNECTION"),
    Column::both("person", "PERSON").otherwise("(nobody)"),
    Column::both("email", "E-MAIL"),
    Column::both("name", "NAME"),
    Column::both("status", "STATUS"),
    Column::both("last-seen-at", "LAST SEEN"),
    Column::both("through", "THROUGH"),
    Column::csv("account"),
    Column::csv("connection-removed-at"),
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
    let filter = Filter {
        connection: args.connection,
        text: args.text,
        status: args.status.map(|status| status.as_str().to_owned()),
        ..Filter::default()
    };
    let listing = Listing { show: &args.show, filter, what: "administrators", context };
    let ask = async |tenant: &Tenant, filter: &Filter| tenant.store().administrators(tenant.id(), filter).await;
    let place = |one: &Administrator| (one.connection.to_string(), one.account.clone());
    let (removed, table) = (Removed::of(&tenant).await?, !context.out.json && !args.show.csv);
    let object = |one: &Administrator| {
        let mut object = records::of(one);
        removed.tell(&mut object, table);
        object
    };
    listing.run(&tenant, COLUMNS, ask, place, object).await?;
    Ok(Exit::Done)
}
