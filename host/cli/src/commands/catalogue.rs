//! `headcount catalogue`: the software that the tenant uses, and to which of it each connection belongs.

use headcount::model::{SoftwareId, printable};
use headcount::store::{AboutSoftware, Software, StoreError};
use headcount::{ConnectionId, Tenant, Timestamp};
use serde_json::json;

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::records;
use crate::table::Grid;
use crate::words::time;

/// The longest text that is kept of a software, in characters. A picture may be data.
const LONGEST: usize = 1_000;
const LONGEST_LOGO: usize = 65_536;

/// What to do with the catalogue.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the software
    List,
    /// Show one software
    Show {
        /// Its id
        software: SoftwareId,
    },
    /// Add software by hand
    Add {
        /// Its id: a-z, 0-9, - and _
        software: SoftwareId,
        #[command(flatten)]
        about: About,
    },
    /// Change what is known of a software
    Edit {
        /// Its id
        software: SoftwareId,
        #[command(flatten)]
        about: About,
    },
    /// Say to which software a connection belongs
    Assign {
        /// The connection
        connection: ConnectionId,
        /// The software
        software: SoftwareId,
    },
    /// Remove software that no connection belongs to
    Remove {
        /// Its id
        software: SoftwareId,
    },
}

/// What is known of it.
#[derive(clap::Args, Debug)]
pub struct About {
    /// What people call it
    #[arg(long)]
    pub name: Option<String>,
    /// Who makes it
    #[arg(long)]
    pub vendor: Option<String>,
    /// What kind of software: development, device-management; empty takes it away
    #[arg(long)]
    pub category: Option<String>,
    /// An https: or data:image/ URL of a picture; empty takes it away
    #[arg(long, value_name = "URL")]
    pub logo: Option<String>,
}

impl About {
    /// What was known, with what is given.
    fn over(self, known: AboutSoftware) -> Result<AboutSoftware, Complaint> {
        let optional = |given: Option<String>, known| given.map_or(known, |text| Some(text).filter(|text| !text.is_empty()));
        let about = AboutSoftware {
            name: self.name.unwrap_or(known.name),
            vendor: self.vendor.unwrap_or(known.vendor),
            category: optional(self.category, known.category),
            logo: optional(self.logo, known.logo),
        };
        let texts = [Some(&about.name), Some(&about.vendor), about.category.as_ref()];
        if texts.into_iter().flatten().any(|text| text.chars().count() > LONGEST) {
            return Err(Complaint::usage(format!("a text has {LONGEST} characters at most")));
        }
        if about.name.trim().is_empty() {
            return Err(Complaint::usage("the software needs a name").next("--name NAME"));
        }
        if let Some(logo) = &about.logo
            && !(logo.starts_with("https://") || logo.starts_with("data:image/"))
        {
            return Err(Complaint::usage("the logo must be an https: or data:image/ URL"));
        }
        if about.logo.as_ref().is_some_and(|logo| logo.len() > LONGEST_LOGO) {
            return Err(Complaint::usage(format!("the logo's URL has {LONGEST_LOGO} bytes at most")));
        }
        Ok(about)
    }
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (store, id, now) = (tenant.store(), tenant.id(), Timestamp::now());
    let (event, software) = match command {
        Command::List => return list(&tenant, context).await,
        Command::Show { software } => return show(&find(&tenant, &software).await?, context),
        Command::Add { software, about } => {
            let about = about.over(AboutSoftware::default())?;
            store.add_software(id, &software, &about, now).await.map_err(headcount::Error::from)?;
            ("added", software)
        }
        Command::Edit { software, about } => {
            let about = about.over(find(&tenant, &software).await?.about)?;
            store.edit_software(id, &software, &about, now).await.map_err(headcount::Error::from)?;
            ("changed", software)
        }
        Command::Assign { connection, software } => {
            tenant.connection(&connection).await?;
            store.assign_software(id, &connection, &software, now).await.map_err(headcount::Error::from)?;
            if !context.out.json {
                context.out.line(format!("{connection} belongs to {software}"))?;
                return Ok(Exit::Done);
            }
            ("assigned", software)
        }
        Command::Remove { software } => {
            store.remove_software(id, &software).await.map_err(headcount::Error::from)?;
            ("removed", software)
        }
    };
    if context.out.json {
        context.out.value(&json!({ "event": event, "software": software }))?;
    } else {
        context.out.line(format!("{event} {software}"))?;
    }
    Ok(Exit::Done)
}

async fn find(tenant: &Tenant, id: &SoftwareId) -> Result<Software, headcount::Error> {
    let found = tenant.store().catalogue(tenant.id()).await?.into_iter().find(|software| software.id == *id);
    found.ok_or_else(|| StoreError::NoSoftware { tenant: tenant.id().clone(), software: id.clone() }.into())
}

async fn list(tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let catalogue = tenant.store().catalogue(tenant.id()).await.map_err(headcount::Error::from)?;
    if context.out.json {
        catalogue.iter().try_for_each(|software| context.out.value(&records::of(software).into()))?;
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["SOFTWARE", "NAME", "VENDOR", "CATEGORY", "CONNECTIONS"]);
    for software in &catalogue {
        let connections: Vec<&str> = software.connections.iter().map(ConnectionId::as_str).collect();
        grid.row([
            software.id.to_string(),
            software.about.name.clone(),
            software.about.vendor.clone(),
            software.about.category.clone().unwrap_or_default(),
            connections.join(", "),
        ]);
    }
    if grid.is_empty() {
        context.out.remark("no software yet: it comes with the first connection, or with headcount catalogue add");
    }
    context.out.grid(&mut grid)?;
    Ok(Exit::Done)
}

fn show(software: &Software, context: &Context) -> anyhow::Result<Exit> {
    let out = context.out;
    if out.json {
        out.value(&records::of(software).into())?;
        return Ok(Exit::Done);
    }
    out.line(format!("{}  {}", software.id, printable(&software.about.name)))?;
    let made_by = match &software.connector {
        Some(connector) => format!("by the connector {connector}"),
        None => "by hand".to_owned(),
    };
    let connections: Vec<&str> = software.connections.iter().map(ConnectionId::as_str).collect();
    let facts = [
        ("vendor", software.about.vendor.clone()),
        ("category", software.about.category.clone().unwrap_or_default()),
        ("logo", software.about.logo.clone().unwrap_or_default().chars().take(100).collect()),
        ("connections", connections.join(", ")),
        ("added", format!("{}, {made_by}", time(software.created_at))),
    ];
    for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
        out.line(format!("  {name:<12}  {}", printable(&value)))?;
    }
    Ok(Exit::Done)
}
