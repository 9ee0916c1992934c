//! Plain tables for the terminal: columns two spaces apart, numbers to the right.

/// What one cell may take up; longer texts end in an ellipsis. `--json` has them whole.
const CELL_MAX: usize = 48;

/// Rows under a header.
pub struct Table {
    rows: Vec<Vec<String>>,
    numeric: Vec<bool>,
}

impl Table {
    /// A table with these column names.
    pub fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        let header: Vec<String> = header.into_iter().map(|name| clip(&name.into())).collect();
        let numeric = vec![true; header.len()];
        Self { rows: vec![header], numeric }
    }

    /// Adds a row; it has as many cells as the header.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let cells: Vec<String> = cells.into_iter().map(|cell| clip(&cell.into())).collect();
        for (numeric, cell) in self.numeric.iter_mut().zip(&cells) {
            *numeric &= matches!(&**cell, "" | "-") || number(cell).parse::<f64>().is_ok();
        }
        self.rows.push(cells);
    }

    /// The table as text, without a line break at its end.
    pub fn render(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| length(cell)).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths)).collect();
        lines.join("\n")
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).zip(&self.numeric).map(|((cell, width), numeric)| {
            let space = " ".repeat(width - length(cell));
            if *numeric { format!("{space}{cell}") } else { format!("{cell}{space}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

/// A number without what stands beside it.
fn number(cell: &str) -> &str {
    cell.trim_start_matches(['<', '>']).trim_end_matches(['%', '*', '+'])
}

fn length(cell: &str) -> usize {
    cell.chars().count()
}

/// Whether a letter does something to the terminal, or turns the rest of the line around (Unicode's explicit formatting of directions).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line, of bounded length, that cannot steer the terminal.
fn clip(cell: &str) -> String {
    let mut letters = cell.chars().map(|c| if steers(c) { ' ' } else { c });
    let text: String = letters.by_ref().take(CELL_MAX).collect();
    if letters.next().is_none() { text } else { text.chars().take(CELL_MAX - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_long_texts_are_cut() {
        let mut table = Table::new(["source", "customers"]);
        table.row(["producthunt", "412"]);
        table.row(["a\u{1b}\u{202e}31m", "9+"]);
        table.row(["x".repeat(60).as_str(), "<1%*"]);
        let expected = format!(
            "{:<48}  customers\n{:<48}  {:>9}\n{:<48}  {:>9}\n{}…  {:>9}",
            "source",
            "producthunt",
            "412",
            "a  31m",
            "9+",
            "x".repeat(47),
            "<1%*"
        );
        assert_eq!(table.render(), expected);
    }
}
