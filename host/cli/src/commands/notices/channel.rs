//! `headcount notices channel`: where notices are sent.

use std::path::PathBuf;

use headcount::model::printable;
use headcount::sandbox::vault::print_signing_secret;
use headcount::store::{Channel, ChannelTarget};
use headcount::{ChannelId, ConnectionId, Tenant, Tested};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::secrets;
use crate::table::Grid;
use crate::words::time;

/// What to do with channels.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Send notices somewhere, too
    #[command(subcommand)]
    Add(Kind),
    /// List where notices are sent
    List,
    /// Send a test message there now, told as such, and print what came of it
    Test {
        /// Which
        channel: ChannelId,
        /// For e-mail: to the contacts of this connection, too
        #[arg(long, value_name = "ID")]
        connection: Option<ConnectionId>,
    },
    /// Send no more there; what is still on its way is dropped
    Remove {
        /// Which
        channel: ChannelId,
    },
}

/// What kind of place.
#[derive(Debug, clap::Subcommand)]
pub enum Kind {
    /// A URL, which gets each notice as JSON, signed by Standard Webhooks. Unless you bring the signing secret (whsec_…), it is
    /// made and shown once
    Webhook {
        /// What to call the channel
        channel: ChannelId,
        /// Where to
        url: String,
        /// Read the signing secret from a file
        #[arg(long, value_name = "PATH", conflicts_with = "secret_stdin")]
        secret_file: Option<PathBuf>,
        /// Read the signing secret from standard input
        #[arg(long)]
        secret_stdin: bool,
    },
    /// E-mail to the contacts of each connection, and to these addresses
    Email {
        /// What to call the channel
        channel: ChannelId,
        /// Further addresses
        to: Vec<String>,
    },
}

/// Runs one of them.
pub async fn run(command: Command, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let out = context.out;
    match command {
        Command::Add(Kind::Webhook { channel, url, secret_file, secret_stdin }) => {
            let secret = match (secret_file, secret_stdin) {
                (Some(path), _) => Some(secrets::from_file(&path).await?),
                (None, true) => Some(secrets::from_stdin().await?),
                (None, false) => None,
            };
            let made = tenant.add_webhook(&channel, &url, secret).await?;
            if let Some(made) = &made {
                out.remark(format!(
                    "notices are signed with this secret; give it to the receiver, it is not shown again (tenant {})",
                    tenant.id()
                ));
                // Alone on its line, so that it can be piped to where it belongs.
                print_signing_secret(made, &mut std::io::stdout())?;
            } else {
                out.remark(format!("notices of tenant {} go to {channel} from now on", tenant.id()));
            }
        }
        Command::Add(Kind::Email { channel, to }) => {
            tenant.add_email(&channel, to).await?;
            out.remark(format!("notices of tenant {} go to {channel} from now on", tenant.id()));
            if context.config.mail.is_none() {
                out.remark("no mail server is set yet: add a table [mail] with host, from and user to the file of --config");
            }
        }
        Command::List => list(&tenant.channels().await?, context)?,
        // It needs the mail server, too.
        Command::Test { .. } => {}
        Command::Remove { channel } => {
            tenant.remove_channel(&channel).await?;
            out.remark(format!("nothing goes to {channel} any more"));
        }
    }
    Ok(())
}

/// Sends a test message over a channel.
///
/// # Errors
/// There is no such channel or connection, or the channel has nobody to send to.
pub async fn test(channel: &ChannelId, connection: Option<&ConnectionId>, context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let tenant = context.tenant_of(&host);
    let courier = host.courier(super::courier_options(context).await?)?;
    let tested = courier.test_channel(&tenant, channel, connection).await?;
    let out = context.out;
    for Tested { to, problem } in &tested {
        if out.json {
            let accepted = problem.is_none();
            out.value(&json!({ "event": "tested", "channel": channel, "to": to, "accepted": accepted, "problem": problem }))?;
        } else {
            let what = problem.as_ref().map_or_else(|| "was accepted".to_owned(), |problem| format!("did not arrive: {problem}"));
            out.line(printable(&format!("{channel}: the test message to {to} {what}")))?;
        }
    }
    Ok(if tested.iter().all(|one| one.problem.is_none()) { Exit::Done } else { Exit::Failed })
}

fn list(channels: &[Channel], context: &Context) -> std::io::Result<()> {
    let told = channels.iter().map(|channel| match &channel.target {
        ChannelTarget::Webhook { url } => (channel, "webhook", url.clone()),
        ChannelTarget::Email { to } if to.is_empty() => (channel, "e-mail", "the connection's contacts".to_owned()),
        ChannelTarget::Email { to } => (channel, "e-mail", format!("the connection's contacts, {}", to.join(", "))),
    });
    let mut grid = Grid::new(["CHANNEL", "KIND", "TO", "SINCE"]);
    for (channel, kind, to) in told {
        let since = time(channel.created_at);
        if context.out.json {
            context.out.value(&json!({ "event": "channel", "channel": channel.id, "target": channel.target, "since": since }))?;
        } else {
            grid.row([channel.id.to_string(), kind.to_owned(), to, since]);
        }
    }
    if channels.is_empty() {
        context.out.remark("notices are only listed, not sent: headcount notices channel add webhook NAME URL");
    }
    context.out.grid(&mut grid)
}
