//! `headcount connector schema`: the JSON Schema of manifests, as it stands in `docs/manifest.schema.json`.

use headcount::Manifest;

use crate::context::Context;
use crate::exit::Exit;

/// Prints the schema.
pub fn run(context: &Context) -> anyhow::Result<Exit> {
    context.out.line(text())?;
    Ok(Exit::Done)
}

fn text() -> String {
    format!("{:#}", Manifest::json_schema())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_in_the_documentation_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manifest.schema.json");
        let written = std::fs::read_to_string(path).unwrap();
        let current = super::text();
        assert!(written.trim_end() == current, "run: headcount connector schema > docs/manifest.schema.json");
    }
}
