//! `headcount users|groups|roles|apps|assets|grants`: records by filter, in portions by key.

use headcount::model::UserStatus;
use headcount::store::{Filter, LicenseFilter, Row};
use headcount::{ConnectionId, Kind, Tenant, Timestamp};
use serde_json::{Map, Value};

use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Column, Format, Sheet};
use crate::records;
use crate::words::number;

/// Rows asked of the store at once.
const PORTION: u32 = 1_000;

/// Rows that a table shows unless something else is said.
const SHOWN: u64 = 100;

/// How rows are shown.
#[derive(clap::Args, Clone, Debug)]
pub struct ShowArgs {
    /// At most so many rows [default: 100 in a table; every row with --csv or --json]
    #[arg(long, value_name = "N", conflicts_with = "all")]
    pub limit: Option<u64>,
    /// Every row
    #[arg(long)]
    pub all: bool,
    /// Write comma-separated values; cells that a spreadsheet would take for formulas get a leading quote
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// With --csv: cells exactly as the vendor sent them
    #[arg(long, requires = "csv")]
    pub raw: bool,
}

/// Which records.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Id, name or e-mail contains this
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Those that are gone, too
    #[arg(long)]
    pub gone: bool,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Which users.
#[derive(clap::Args, Clone, Debug)]
pub struct UserArgs {
    #[command(flatten)]
    pub records: Args,
    /// Of this status: active, pending, locked, suspended, inactive
    #[arg(long, value_name = "STATUS", value_parser = status)]
    pub status: Option<UserStatus>,
    /// Those who may administer the vendor's tenant
    #[arg(long)]
    pub admins: bool,
}

/// Reads a status.
pub fn status(word: &str) -> Result<UserStatus, String> {
    UserStatus::from_word(word).ok_or_else(|| "expected active, pending, locked, suspended or inactive".to_owned())
}

/// Lists users.
pub async fn users(args: UserArgs, context: &Context) -> anyhow::Result<Exit> {
    let filter = Filter {
        status: args.status.map(|status| status.as_str().to_owned()),
        administrators: args.admins,
        ..filter(&args.records)
    };
    list(Kind::User, Question::Records(filter), &args.records, context).await
}

/// Lists records of a kind that has no filters of its own.
pub async fn records(kind: Kind, args: Args, context: &Context) -> anyhow::Result<Exit> {
    list(kind, Question::Records(filter(&args)), &args, context).await
}

/// The time so many days before another.
pub fn days_before(time: Timestamp, days: u32) -> Timestamp {
    Timestamp::from_micros(time.micros().saturating_sub(i64::from(days) * 86_400_000_000))
}

/// The filter that these arguments ask for.
pub fn filter(args: &Args) -> Filter {
    Filter { connection: args.connection.clone(), text: args.text.clone(), gone: args.gone, ..Filter::default() }
}

/// What is asked of the store.
pub enum Question {
    /// Records of a kind.
    Records(Filter),
    /// Licenses by what is done with them.
    Licenses(LicenseFilter),
}

impl Question {
    fn filter(&mut self) -> &mut Filter {
        match self {
            Question::Records(filter) => filter,
            Question::Licenses(licenses) => &mut licenses.filter,
        }
    }

    async fn ask(&self, tenant: &Tenant, kind: Kind) -> Result<Vec<Row>, headcount::Error> {
        Ok(match self {
            Question::Records(filter) => tenant.store().list(tenant.id(), kind, filter).await?,
            Question::Licenses(licenses) => tenant.store().licenses(tenant.id(), licenses).await?,
        })
    }
}

/// Lists what a question finds.
pub async fn list(kind: Kind, mut question: Question, args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    if let Some(id) = &args.connection {
        // An empty list must not stand for a misspelt name.
        tenant.connection(id).await?;
    }
    let mut columns = vec![Column::both("connection", "CONNECTION")];
    columns.extend(records::columns(kind));
    if args.gone {
        columns.push(Column::both("gone-at", "GONE SINCE"));
    }
    columns.extend(["first-seen-at", "changed-at", "last-seen-in-sync-at"].map(Column::csv));
    let mut pages = Pages::new(&args.show, columns, context);
    while let Some(limit) = pages.next_limit() {
        question.filter().limit = limit;
        let rows = question.ask(&tenant, kind).await?;
        if let Some(last) = rows.last() {
            question.filter().after = Some((last.connection.to_string(), last.key.clone()));
        }
        let mapped = match kind {
            Kind::User => tenant.mapped(rows.iter().map(|row| (row.connection.clone(), row.key.clone()))).await?,
            _ => Default::default(),
        };
        pages.write(&rows, |row| match mapped.get(&(row.connection.clone(), row.key.clone())) {
            Some(account) => records::with_fields(records::of_row(row), account),
            None => records::of_row(row),
        })?;
    }
    pages.end_for(records::plural(kind), &tenant).await?;
    Ok(Exit::Done)
}

/// A list of what a question finds, of all connections or of one.
pub struct Listing<'a> {
    /// How it is shown.
    pub show: &'a ShowArgs,
    /// What is asked for.
    pub filter: Filter,
    /// What it lists, in words.
    pub what: &'a str,
    /// Where it is shown.
    pub context: &'a Context,
}

impl Listing<'_> {
    /// Asks for it in portions, each after the `place` of the last one of those before, and shows them. Gives how many were shown.
    ///
    /// # Errors
    /// There is no such connection, the store failed, or standard output can't be written to.
    pub async fn run<T>(
        mut self,
        tenant: &Tenant,
        columns: impl IntoIterator<Item = Column>,
        ask: impl AsyncFn(&Tenant, &Filter) -> headcount::store::Result<Vec<T>>,
        place: impl Fn(&T) -> (String, String),
        object: impl Fn(&T) -> Map<String, Value>,
    ) -> anyhow::Result<u64> {
        if let Some(id) = &self.filter.connection {
            // An empty list must not stand for a misspelt name.
            tenant.connection(id).await?;
        }
        let mut pages = Pages::new(self.show, columns, self.context);
        while let Some(limit) = pages.next_limit() {
            self.filter.limit = limit;
            let found = ask(tenant, &self.filter).await.map_err(headcount::Error::from)?;
            self.filter.after = found.last().map(&place);
            pages.write(&found, &object)?;
        }
        pages.end_for(self.what, tenant).await?;
        Ok(pages.shown)
    }
}

/// Portions of a list, up to a limit.
pub struct Pages {
    sheet: Sheet,
    context: Context,
    left: Option<u64>,
    shown: u64,
    more: bool,
    over: bool,
}

impl Pages {
    /// Nothing shown yet.
    pub fn new(show: &ShowArgs, columns: impl IntoIterator<Item = Column>, context: &Context) -> Self {
        let format = match (context.out.json, show.csv) {
            (_, true) => Format::Csv { raw: show.raw },
            (true, false) => Format::Json,
            (false, false) => Format::Table,
        };
        let sheet = Sheet::new(columns, format, context.out);
        // A program that reads rows would take the first hundred for all of them.
        let left = show.limit.or((!show.all && format == Format::Table).then_some(SHOWN));
        Pages { sheet, context: context.clone(), left, shown: 0, more: false, over: left == Some(0) }
    }

    /// How many rows to ask for; none when there is nothing more to ask. One more than wanted tells whether there are more.
    pub fn next_limit(&self) -> Option<u32> {
        let wanted = self.left.map_or(PORTION, |left| u32::try_from(left.saturating_add(1)).unwrap_or(PORTION).min(PORTION));
        (!self.over).then_some(wanted)
    }

    /// Shows a portion.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub fn write<T>(&mut self, rows: &[T], object: impl Fn(&T) -> Map<String, Value>) -> std::io::Result<()> {
        let asked = self.next_limit().unwrap_or(0) as usize;
        let wanted = self.left.map_or(rows.len(), |left| usize::try_from(left).unwrap_or(usize::MAX).min(rows.len()));
        self.more = rows.len() > wanted;
        self.over = rows.len() < asked || self.more;
        let objects: Vec<Map<String, Value>> = rows.iter().take(wanted).map(object).collect();
        self.shown += wanted as u64;
        self.left = self.left.map(|left| left.saturating_sub(wanted as u64));
        self.sheet.rows(&objects)
    }

    /// Says whether there is more; of nothing, whether the tenant has connections at all.
    ///
    /// # Errors
    /// The store failed.
    pub async fn end_for(&self, what: &str, tenant: &Tenant) -> anyhow::Result<()> {
        self.end(what);
        if self.shown == 0 && tenant.connections().await?.is_empty() {
            let next = "next: headcount connection add, or name another with --tenant";
            self.context.out.remark(format!("the tenant {} has no connections\n{next}", tenant.id()));
        }
        Ok(())
    }

    /// Says whether there is more.
    pub fn end(&self, what: &str) {
        if self.more {
            self.context.out.remark(format!("\nthe first {} {what}; --all or --limit N shows more", number(self.shown)));
        } else if self.shown == 0 {
            self.context.out.remark(format!("no {what}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags};

    fn pages(limit: u64, all: bool) -> Pages {
        let show = ShowArgs { limit: (!all).then_some(limit), all, csv: false, raw: false };
        let config = Config::gather(&Flags { json: true, ..Flags::default() }).unwrap();
        Pages::new(&show, [Column::csv("id")], &Context::new(config))
    }

    fn read(pages: &mut Pages, stored: usize) -> usize {
        let (mut at, mut calls) = (0, 0);
        while let Some(limit) = pages.next_limit() {
            let rows: Vec<usize> = (at..stored).take(limit as usize).collect();
            at += rows.len();
            pages.write(&rows, |_| Map::new()).unwrap();
            calls += 1;
            assert!(calls < 100, "it never ends");
        }
        calls
    }

    #[test]
    fn all_rows_come_in_portions_and_stop_at_the_last() {
        let mut every = pages(0, true);
        read(&mut every, 2_500);
        assert_eq!((every.shown, every.more), (2_500, false));
    }

    #[test]
    fn a_table_is_cut_and_what_programs_read_is_not() {
        let pages = |json: bool, csv: bool| {
            let config = Config::gather(&Flags { json, ..Flags::default() }).unwrap();
            let show = ShowArgs { limit: None, all: false, csv, raw: false };
            Pages::new(&show, [Column::csv("id")], &Context::new(config)).left
        };
        assert_eq!((pages(false, false), pages(true, false), pages(false, true)), (Some(SHOWN), None, None));
    }

    #[test]
    fn a_limit_holds_and_says_whether_there_is_more() {
        let mut cut = pages(3, false);
        read(&mut cut, 10);
        assert_eq!((cut.shown, cut.more), (3, true));
        let mut exact = pages(1_500, false);
        read(&mut exact, 1_500);
        assert_eq!((exact.shown, exact.more), (1_500, false));
        assert_eq!(read(&mut pages(0, false), 10), 0);
    }
}
