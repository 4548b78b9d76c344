//! Tables for people: every cell is made printable here, so that no caller can forget it.

use std::io::IsTerminal;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use headcount::model::printable;

/// A table: a header and rows of cells.
#[derive(Clone, Debug)]
pub struct Grid {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    widths: Vec<u16>,
    indent: usize,
}

impl Grid {
    /// A table with this header and no rows.
    pub fn new<'a>(header: impl IntoIterator<Item = &'a str>) -> Self {
        Grid { header: header.into_iter().map(str::to_owned).collect(), rows: Vec::new(), widths: Vec::new(), indent: 0 }
    }

    /// Moves the table to the right.
    pub fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| printable(&cell.into()).into_owned()).collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table with its header.
    pub fn render(&mut self) -> String {
        self.lay_out(true)
    }

    /// The rows alone, as wide as what was rendered before: the next portion of a long table.
    pub fn render_more(&mut self) -> String {
        self.lay_out(false)
    }

    /// Drops the rows and keeps the widths.
    pub fn forget_rows(&mut self) {
        self.rows.clear();
    }

    fn lay_out(&mut self, with_header: bool) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        // A pipe gets every cell whole; a terminal, what fits.
        let arrangement =
            if std::io::stdout().is_terminal() { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(arrangement);
        if with_header {
            table.set_header(self.header.iter().map(String::as_str));
        }
        table.add_rows(self.rows.iter().map(|row| row.iter().map(String::as_str)));
        table.discover_columns();
        for (at, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if let Some(width) = self.widths.get(at).filter(|_| !with_header) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width.saturating_add(2))));
            }
        }
        self.widths = table.column_max_content_widths();
        let margin = " ".repeat(self.indent);
        let lines: Vec<String> = table.lines().map(|line| format!("{margin}{}", line.trim_end())).collect();
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_under_their_header() {
        let mut grid = Grid::new(["NAME", "SEATS"]).indented(2);
        grid.row(["All Products Pack", "12"]);
        grid.row(["DataGrip", "3"]);
        assert_eq!(grid.render(), "  NAME               SEATS\n  All Products Pack  12\n  DataGrip           3");
    }

    #[test]
    fn a_later_portion_keeps_the_widths_of_the_first() {
        let mut grid = Grid::new(["NAME", "SEATS"]);
        grid.row(["All Products Pack", "12"]);
        grid.render();
        grid.forget_rows();
        grid.row(["Go", "1"]);
        assert_eq!(grid.render_more(), "Go                 1");
    }

    #[test]
    fn terminal_escapes_in_a_cell_are_shown_not_obeyed() {
        let mut grid = Grid::new(["NAME"]);
        grid.row(["Eve\u{1b}]0;owned\u{7}\nroot"]);
        assert_eq!(grid.render(), "NAME\nEve\\u{1b}]0;owned\\u{7}\\u{a}root");
    }
}
