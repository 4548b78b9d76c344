//! `headcount mapping propose`: fields that the vendor sends and the mapping does not use.

use headcount::mappings::{Confidence, Proposal};
use headcount::model::mapping::Target;
use headcount::{ConnectionId, Mapping};
use serde_json::json;

use super::written;
use crate::context::Context;
use crate::exit::Exit;
use crate::table::Grid;

/// For which connection.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// Those too of which nothing is known but the vendor's name
    #[arg(long)]
    pub all: bool,
    /// The mapping with them, as a file that `apply` reads
    #[arg(long)]
    pub toml: bool,
}

/// Proposes fields.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let (id, out) = (&args.connection, context.out);
    let tenant = context.tenant().await?;
    let mut proposals = tenant.propose_mapping(id).await?;
    let unknown = proposals.iter().filter(|proposal| proposal.confidence == Confidence::Custom).count();
    if !args.all {
        proposals.retain(|proposal| proposal.confidence != Confidence::Custom);
    }
    if args.toml {
        let (mut mapping, _) = tenant.mapping(id).await?;
        mapping.rules.extend(proposals.into_iter().map(|proposal| proposal.rule));
        out.line(written(&Mapping { rules: mapping.rules })?.trim_end())?;
        return Ok(Exit::Done);
    }
    if out.json {
        for proposal in &proposals {
            let mut value = json!(proposal);
            value["event"] = json!("mapping-proposal");
            out.value(&value)?;
        }
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["FIELD", "OF", "VALUE", "SURE", "FILLED", "EXAMPLE", "WHY"]);
    for proposal in &proposals {
        grid.row(cells(proposal));
    }
    out.grid(&mut grid)?;
    if proposals.is_empty() {
        out.remark("nothing is proposed: sync first, or the mapping uses everything that is known by name");
    } else {
        out.remark(format!("\nnext: headcount mapping propose {id} --toml > FILE, then headcount mapping apply {id} FILE"));
    }
    if unknown > 0 && !args.all {
        out.remark(format!("{unknown} more fields of the vendor's own names: --all shows them"));
    }
    Ok(Exit::Done)
}

fn cells(proposal: &Proposal) -> [String; 7] {
    let sure = match proposal.confidence {
        Confidence::High => "high",
        Confidence::Fair => "fair",
        Confidence::Custom => "own name",
    };
    [
        proposal.rule.field.clone(),
        if proposal.rule.target == Target::Person { "person" } else { "account" }.to_owned(),
        proposal.rule.value.clone(),
        sure.to_owned(),
        format!("{} of {}", proposal.filled, proposal.sampled),
        proposal.example.clone(),
        proposal.why.clone(),
    ]
}
