//! `headcount connection preferences`: what syncs of a connection write, and what they take away.

use clap::ValueEnum;
use headcount::ConnectionId;
use headcount::store::{Deactivate, Extent, Writes};

use crate::context::Context;
use crate::exit::Exit;
use crate::table::Grid;

/// Which connection, and what to change; nothing to show.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Its id
    pub id: ConnectionId,
    /// Which records are written
    #[arg(long, value_enum, value_name = "WHICH")]
    pub writes: Option<WritesWord>,
    /// What takes a record out of use
    #[arg(long, value_enum, value_name = "WHEN")]
    pub deactivate: Option<DeactivateWord>,
    /// Whose records
    #[arg(long, value_enum, value_name = "WHOSE")]
    pub extent: Option<ExtentWord>,
}

/// Which records are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum WritesWord {
    /// New ones come in, known ones are updated
    CreateAndUpdate,
    /// New ones come in; known ones stay as they are
    CreateOnly,
    /// Known ones are updated; new ones are left out
    UpdateOnly,
}

/// What takes a record out of use.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DeactivateWord {
    /// That it is missing, or that the vendor marks it inactive
    Missing,
    /// Only that the vendor marks it inactive
    Inactive,
    /// Nothing
    Never,
}

/// Whose records.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExtentWord {
    /// Users, and all that they hold
    PeopleAndAccounts,
    /// Users alone
    PeopleOnly,
}

/// Shows or changes them.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let before = tenant.preferences(&args.id).await?;
    let mut preferences = before;
    if let Some(writes) = args.writes {
        preferences.writes = match writes {
            WritesWord::CreateAndUpdate => Writes::CreateAndUpdate,
            WritesWord::CreateOnly => Writes::CreateOnly,
            WritesWord::UpdateOnly => Writes::UpdateOnly,
        };
    }
    if let Some(deactivate) = args.deactivate {
        preferences.deactivate = match deactivate {
            DeactivateWord::Missing => Deactivate::Missing,
            DeactivateWord::Inactive => Deactivate::Inactive,
            DeactivateWord::Never => Deactivate::Never,
        };
    }
    if let Some(extent) = args.extent {
        preferences.extent = match extent {
            ExtentWord::PeopleAndAccounts => Extent::PeopleAndAccounts,
            ExtentWord::PeopleOnly => Extent::PeopleOnly,
        };
    }
    if preferences != before {
        tenant.set_preferences(&args.id, &preferences).await?;
    }
    if context.out.json {
        context.out.value(&serde_json::to_value(preferences)?)?;
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["PREFERENCE", "VALUE", "WHAT IT MEANS"]);
    let writes = match preferences.writes {
        Writes::CreateAndUpdate => ("create-and-update", "new records come in, known ones are updated"),
        Writes::CreateOnly => ("create-only", "new records come in; known ones stay as they are"),
        Writes::UpdateOnly => ("update-only", "known records are updated; new ones are left out"),
    };
    let deactivate = match preferences.deactivate {
        Deactivate::Missing => ("missing", "what is proven to be missing is removed; users get the status the vendor gives them"),
        Deactivate::Inactive => ("inactive", "what is missing stays; users get the status the vendor gives them"),
        Deactivate::Never => ("never", "what is missing stays, and users keep the status that let them in"),
    };
    let extent = match preferences.extent {
        Extent::PeopleAndAccounts => ("people-and-accounts", "users, and all that they may hold"),
        Extent::PeopleOnly => ("people-only", "users alone; other kinds are left as they are"),
    };
    for (name, (value, meaning)) in [("writes", writes), ("deactivate", deactivate), ("extent", extent)] {
        grid.row([name, value, meaning]);
    }
    context.out.grid(&mut grid)?;
    if preferences != before {
        context.out.remark(format!("from the next sync on; to see what it would do: headcount sync {} --test", args.id));
    }
    Ok(Exit::Done)
}
