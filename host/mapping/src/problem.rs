//! What is wrong with an expression, and where in it.

use std::fmt;

/// What is wrong with an expression: the place, for a person to look at, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
    /// The line that it is in.
    pub excerpt: String,
}

/// The longest excerpt and problem, in characters.
const EXCERPT: usize = 120;
const PROBLEM: usize = 300;

impl ExpressionError {
    /// An error at a character of the source, from 0.
    pub(crate) fn at(source: &str, offset: usize, problem: impl Into<String>) -> Self {
        let (mut line, mut column) = (1, 1);
        for character in source.chars().take(offset) {
            if character == '\n' {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
        }
        let excerpt = source.lines().nth(line - 1).unwrap_or_default();
        ExpressionError {
            line,
            column,
            problem: problem.into().chars().take(PROBLEM).collect(),
            excerpt: excerpt.chars().take(EXCERPT).collect(),
        }
    }

    /// An error of the expression as a whole.
    pub(crate) fn whole(source: &str, problem: impl Into<String>) -> Self {
        Self::at(source, 0, problem)
    }

    /// The line with a mark under the place.
    pub fn pointed(&self) -> String {
        format!("{}\n{}^", self.excerpt, " ".repeat(self.column.saturating_sub(1).min(EXCERPT)))
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.problem)
    }
}

impl std::error::Error for ExpressionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_at_its_place() {
        let error = ExpressionError::at("user.é +\n  lisense.id", 11, "there is no variable");
        assert_eq!((error.line, error.column), (2, 3));
        assert_eq!(error.pointed(), "  lisense.id\n  ^");
        assert_eq!(error.to_string(), "line 2, column 3: there is no variable");
        // Whatever the offset, there is a place.
        assert_eq!(ExpressionError::at("", 99, "").column, 1);
    }
}
