//! Reading manifests: the author's TOML, and the JSON that travels with a component. Errors point at the line and the field.

use super::Manifest;
use super::check::Problem;

/// The longest manifest that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// The deepest nesting that is read. The schemas of actions have a level for each level of what they describe.
pub const MAX_DEPTH: usize = 32;

/// Why a manifest can't be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Longer than [`MAX_BYTES`].
    #[error("the manifest is {0} bytes long; at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the manifest is nested too deeply; at most {MAX_DEPTH} levels are read")]
    TooDeep,
    /// Not UTF-8.
    #[error("the manifest is not UTF-8 text")]
    NotText,
    /// Not TOML or JSON of the right shape.
    #[error("line {line}, column {column}{}: {problem}", named(.field))]
    Malformed {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The path of the field: `feeds[2].parent`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Of the right shape, but something in it can't be.
    #[error("{}", .0.iter().map(|(line, problem)| match line { Some(line) => format!("line {line}, {problem}"), None => problem.to_string() }).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<(Option<usize>, Problem)>),
}

/// `, field NAME`; nothing where the mistake is in no field: a missing one at the top, or text that is no TOML.
fn named(field: &str) -> String {
    if matches!(field, "" | "." | "(none)") { String::new() } else { format!(", field {field}") }
}

impl Manifest {
    /// Reads and checks an author's manifest file.
    ///
    /// # Errors
    /// It is too long, not TOML, lacks a field or has an unknown one, or says something that can't be.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        if text.len() > MAX_BYTES {
            return Err(ManifestError::TooLong(text.len()));
        }
        let malformed = |field: String, error: &toml::de::Error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            ManifestError::Malformed { line, column, field, problem: error.message().trim().to_owned() }
        };
        let reader = toml::Deserializer::parse(text).map_err(|error| malformed("(none)".to_owned(), &error))?;
        let manifest: Manifest =
            serde_path_to_error::deserialize(reader).map_err(|error| malformed(error.path().to_string(), error.inner()))?;
        let problems = manifest.check();
        if problems.is_empty() {
            return Ok(manifest);
        }
        let spans = toml::de::DeTable::parse(text).ok();
        let locate = |problem: &Problem| {
            let span = locate(spans.as_ref()?.get_ref(), &problem.field)?;
            Some(position(text, span).0)
        };
        Err(ManifestError::Wrong(problems.into_iter().map(|problem| (locate(&problem), problem)).collect()))
    }

    /// Reads and checks the manifest that travels with a component.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml), for JSON.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MAX_BYTES {
            return Err(ManifestError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::NotText)?;
        if is_deep(bytes) {
            return Err(ManifestError::TooDeep);
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let manifest: Manifest = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let inner = error.inner();
            ManifestError::Malformed {
                line: inner.line(),
                column: inner.column(),
                field: error.path().to_string(),
                problem: inner.to_string(),
            }
        })?;
        reader.end().map_err(|error| ManifestError::Malformed {
            line: error.line(),
            column: error.column(),
            field: "(end)".to_owned(),
            problem: error.to_string(),
        })?;
        let problems = manifest.check();
        if problems.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Wrong(problems.into_iter().map(|p| (None, p)).collect()))
        }
    }

    /// The JSON that travels with a component: one line, the same for the same manifest.
    pub fn to_json(&self) -> String {
        serde_json::to_value(self).map(|value| value.to_string()).unwrap_or_default()
    }
}

/// Whether JSON is nested deeper than is read. Brackets in strings don't count.
fn is_deep(json: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    json.iter().any(|byte| {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_DEPTH
    })
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |tail| tail.chars().count()) + 1;
    (line, column)
}

/// The byte offset of `feeds[2].parent` in parsed TOML; of the nearest thing around it where it isn't written.
fn locate(table: &toml::de::DeTable<'_>, path: &str) -> Option<usize> {
    let mut at = None;
    let mut segments = path.split(['.', '[', ']']).filter(|segment| !segment.is_empty());
    let first = segments.next()?;
    let (key, mut value) = table.iter().find(|(key, _)| key.get_ref().as_ref() == first)?;
    at = at.or(Some(key.span().start));
    for segment in segments {
        let next = match value.get_ref() {
            toml::de::DeValue::Array(array) => segment.parse::<usize>().ok().and_then(|index| array.get(index)),
            toml::de::DeValue::Table(table) => {
                let entry = table.iter().find(|(key, _)| key.get_ref().as_ref() == segment);
                if let Some((key, _)) = entry {
                    at = Some(key.span().start);
                }
                entry.map(|(_, value)| value)
            }
            _ => None,
        };
        let Some(next) = next else { break };
        if matches!(value.get_ref(), toml::de::DeValue::Array(_)) {
            at = Some(next.span().start);
        }
        value = next;
    }
    at
}
