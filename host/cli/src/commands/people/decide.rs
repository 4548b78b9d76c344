//! `headcount people link`, `unlink`, `merge` and `confirm`: what a person decides.

use headcount::ConnectionId;
use headcount::store::{Owner, PersonId};
use serde_json::json;

use super::{of_conflict, one};
use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::person::Person;
use crate::table::Grid;
use crate::words::counted;

/// Whose an account is.
#[derive(clap::Args, Debug)]
pub struct LinkArgs {
    /// The connection
    pub connection: ConnectionId,
    /// The account's id at the vendor
    pub account: String,
    /// Whose it is: number (p12), e-mail address or sync key
    #[arg(required_unless_present = "new")]
    pub person: Option<String>,
    /// A person of its own
    #[arg(long, conflicts_with = "person")]
    pub new: bool,
    #[command(flatten)]
    pub who: Person,
}

/// Which account.
#[derive(clap::Args, Debug)]
pub struct UnlinkArgs {
    /// The connection
    pub connection: ConnectionId,
    /// The account's id at the vendor
    pub account: String,
    #[command(flatten)]
    pub who: Person,
}

/// Which two.
#[derive(clap::Args, Debug)]
pub struct MergeArgs {
    /// Who stays: number (p12), e-mail address or sync key
    pub person: String,
    /// Whose accounts become theirs
    pub other: String,
    #[command(flatten)]
    pub who: Person,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

/// Which conflicts.
#[derive(clap::Args, Debug)]
pub struct ConfirmArgs {
    /// The connection
    pub connection: ConnectionId,
    /// One account; without it, all of the connection
    pub account: Option<String>,
    #[command(flatten)]
    pub who: Person,
}

/// Links an account.
pub async fn link(args: LinkArgs, context: &Context) -> anyhow::Result<Exit> {
    let decision = args.who.decision()?;
    let tenant = context.tenant().await?;
    tenant.connection(&args.connection).await?;
    let owner = match &args.person {
        Some(who) => Owner::Person(one(&tenant, who).await?.id),
        None => Owner::New,
    };
    let linked = tenant.store().link(tenant.id(), &args.connection, &args.account, owner, &decision).await;
    let person = linked.map_err(headcount::Error::from)?;
    settled(&tenant, &args.connection, decision.at).await?;
    let (connection, account) = (&args.connection, &args.account);
    if context.out.json {
        context.out.value(&json!({ "event": "linked", "connection": connection, "account": account, "person": person }))?;
    } else {
        let account = headcount::model::printable(account);
        context.out.line(format!("account {account} of {connection} is {person}'s, whatever syncs find"))?;
    }
    Ok(Exit::Done)
}

/// Unlinks an account.
pub async fn unlink(args: UnlinkArgs, context: &Context) -> anyhow::Result<Exit> {
    let decision = args.who.decision()?;
    let tenant = context.tenant().await?;
    tenant.connection(&args.connection).await?;
    let unlinked = tenant.store().unlink(tenant.id(), &args.connection, &args.account, &decision).await;
    let former = unlinked.map_err(headcount::Error::from)?;
    let (connection, account) = (&args.connection, &args.account);
    if context.out.json {
        context.out.value(&json!({ "event": "unlinked", "connection": connection, "account": account, "person": former }))?;
    } else {
        let account = headcount::model::printable(account);
        let was = former.map(|person| format!("; it was {person}'s")).unwrap_or_default();
        context.out.line(format!("account {account} of {connection} is nobody's, whatever syncs find{was}"))?;
    }
    Ok(Exit::Done)
}

/// Merges two people.
pub async fn merge(args: MergeArgs, context: &Context) -> anyhow::Result<Exit> {
    let decision = args.who.decision()?;
    let tenant = context.tenant().await?;
    let (stays, goes) = (one(&tenant, &args.person).await?, one(&tenant, &args.other).await?);
    let (person, other): (PersonId, PersonId) = (stays.id, goes.id);
    if person == other {
        return Err(Complaint::usage(format!("{} and {} are the same person, {person}", args.person, args.other)).into());
    }
    if !args.yes {
        if !context.can_ask() {
            let complaint = Complaint::usage(format!("nobody can be asked whether {other} and {person} are one person"));
            return Err(complaint.next(format!("look at headcount people show {other}, then add --yes")).into());
        }
        context.out.remark(format!(
            "{} of {} become {}'s:",
            counted(goes.accounts.len() as u64, "account"),
            named(&goes),
            named(&stays)
        ));
        for account in &goes.accounts {
            context.out.remark(format!("  {} of {}", headcount::model::printable(&account.id), account.connection));
        }
        if !ask::yes("Merge them? To take them apart again, each account is linked by hand.").await? {
            context.out.remark("nothing was merged");
            return Ok(Exit::Cancelled);
        }
    }
    let moved = tenant.store().merge(tenant.id(), person, other, &decision).await.map_err(headcount::Error::from)?;
    if context.out.json {
        context.out.value(&json!({ "event": "merged", "person": person, "other": other, "accounts": moved }))?;
    } else {
        context.out.line(format!("{} of {other} became {person}'s", counted(moved, "account")))?;
    }
    Ok(Exit::Done)
}

/// Confirms conflicts.
pub async fn confirm(args: ConfirmArgs, context: &Context) -> anyhow::Result<Exit> {
    let decision = args.who.decision()?;
    let tenant = context.tenant().await?;
    let done = tenant.confirm(&args.connection, args.account.as_deref(), &decision).await?;
    let out = context.out;
    if out.json {
        let left: Vec<_> = done.left.iter().map(of_conflict).collect();
        out.value(&json!({ "event": "confirmed", "confirmed": done.confirmed, "left": done.left_in_all, "conflicts": left }))?;
    } else {
        out.line(format!("{} confirmed", counted(done.confirmed, "account")))?;
        if done.left_in_all > 0 {
            out.line(format!(
                "\n{} not so simple: headcount people link or unlink decides each",
                counted(done.left_in_all, "account")
            ))?;
            let mut grid = Grid::new(["ACCOUNT", "WHAT", "WHY"]).indented(2);
            for conflict in &done.left {
                let object = of_conflict(conflict);
                let why = object.get("explanation").map(crate::output::text).unwrap_or_default();
                grid.row([conflict.account.clone(), conflict.doubt.as_str().to_owned(), why]);
            }
            out.grid(&mut grid)?;
        }
    }
    Ok(if done.left_in_all > 0 { Exit::Partial } else { Exit::Done })
}

/// A person by number and name.
fn named(person: &headcount::store::Person) -> String {
    let name = person.name.as_deref().or(person.email.as_deref()).unwrap_or(&person.key);
    format!("{} {}", person.id, headcount::model::printable(name)).trim_end().to_owned()
}

/// Lets what waited for a decision go on at once, rather than with the next sync.
async fn settled(tenant: &headcount::Tenant, connection: &ConnectionId, now: headcount::Timestamp) -> anyhow::Result<()> {
    tenant.store().correlate(tenant.id(), connection, now).await.map_err(headcount::Error::from)?;
    Ok(())
}
