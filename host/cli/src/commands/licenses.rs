//! `headcount licenses`: licenses by what is done with them, one by one or by product.

use headcount::model::LicenseState;
use headcount::store::LicenseFilter;
use headcount::{Kind, Timestamp};

use super::list::{self, Pages, Question, days_before};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Column;
use crate::records;
use crate::words::time;

/// After how many days a license counts as unused, where nothing is said.
const UNUSED_DAYS: u32 = 90;

/// The most days that can be asked for: a hundred years.
const MOST_DAYS: i64 = 36_500;

const PRODUCTS: [Column; 10] = [
    Column::both("product-name", "PRODUCT"),
    Column::both("connection", "CONNECTION"),
    Column::both("seats", "SEATS"),
    Column::both("held", "HELD"),
    Column::both("free", "FREE"),
    Column::both("expired", "EXPIRED"),
    Column::both("suspended", "SUSPENDED"),
    Column::both("unused", "UNUSED"),
    Column::csv("product-id"),
    Column::csv("licenses"),
];

/// Which licenses.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    #[command(flatten)]
    pub records: list::Args,
    /// That may be given to somebody: not expired, not suspended, and with a seat that nobody holds
    #[arg(long)]
    pub free: bool,
    /// Expired subscriptions
    #[arg(long, conflicts_with = "suspended")]
    pub expired: bool,
    /// Suspended ones
    #[arg(long)]
    pub suspended: bool,
    /// Held, and not used for so many days; where it was never used, held for so long
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(..=MOST_DAYS))]
    pub unused: Option<u32>,
    /// Add seats up by product; --unused then says after how many days one counts as unused (90 without it)
    #[arg(long, conflicts_with_all = ["free", "expired", "suspended", "text", "gone"])]
    pub by_product: bool,
}

/// Lists licenses, or products.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let now = Timestamp::now();
    if args.by_product {
        return products(&args, days_before(now, args.unused.unwrap_or(UNUSED_DAYS)), context).await;
    }
    let state = match (args.expired, args.suspended) {
        (true, _) => Some(LicenseState::Expired),
        (_, true) => Some(LicenseState::Suspended),
        _ => None,
    };
    let unused_since = args.unused.map(|days| days_before(now, days));
    if let Some(since) = unused_since {
        context.out.remark(counted_from(since));
    }
    let question = LicenseFilter { filter: list::filter(&args.records), free: args.free, state, unused_since };
    list::list(Kind::License, Question::Licenses(question), &args.records, context).await
}

async fn products(args: &Args, unused_since: Timestamp, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let connection = args.records.connection.as_ref();
    if let Some(id) = connection {
        tenant.connection(id).await?;
    }
    let found = tenant.store().products(tenant.id(), connection, unused_since).await.map_err(headcount::Error::from)?;
    let mut pages = Pages::new(&args.records.show, PRODUCTS, context);
    // The store gives all of them at once, and bounds how many.
    let shown = pages.next_limit().map_or(0, |limit| found.len().min(limit as usize));
    let mut left = found.as_slice();
    pages.write(left.get(..shown).unwrap_or_default(), records::of)?;
    while let Some(limit) = pages.next_limit() {
        left = left.get(limit as usize..).unwrap_or_default();
        pages.write(left.get(..left.len().min(limit as usize)).unwrap_or_default(), records::of)?;
    }
    pages.end("products");
    context.out.remark(counted_from(unused_since));
    Ok(Exit::Done)
}

/// What unused means, with its day: the same question finds more on a later one.
fn counted_from(since: Timestamp) -> String {
    format!("unused: held, and neither used nor given to the holder since {}", time(since))
}
