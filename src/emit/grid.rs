//! Columns of text that line up.

use super::markup::Markup;

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table of short texts.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these columns.
    pub fn new(columns: impl IntoIterator<Item = (impl Into<String>, Align)>) -> Self {
        Grid {
            columns: columns.into_iter().map(|(c, a)| (c.into(), a)).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; it has one text per column.
    pub fn push(&mut self, row: Vec<String>) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// The lines, header first unless all headings are empty, two blanks between columns.
    pub fn lines(&self) -> Vec<String> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(c, _)| width(c)).collect();
        for row in &self.rows {
            for (w, text) in widths.iter_mut().zip(row) {
                *w = (*w).max(width(text));
            }
        }
        let line = |cells: &mut dyn Iterator<Item = &String>| {
            let mut out = String::new();
            for ((text, (_, align)), &w) in cells.zip(&self.columns).zip(&widths) {
                if !out.is_empty() {
                    out.push_str("  ");
                }
                let blanks = " ".repeat(w - width(text));
                match align {
                    Align::Left => out.extend([text.as_str(), &blanks]),
                    Align::Right => out.extend([blanks.as_str(), text]),
                }
            }
            out.trim_end().to_string()
        };
        let mut lines = Vec::with_capacity(self.rows.len() + 1);
        if self.columns.iter().any(|(c, _)| !c.is_empty()) {
            lines.push(line(&mut self.columns.iter().map(|(c, _)| c)));
        }
        lines.extend(self.rows.iter().map(|r| line(&mut r.iter())));
        lines
    }

    /// The table in HTML. The first column names what the others are about.
    pub fn html(&self, caption: &str, m: &mut Markup) {
        m.open("table", &[]);
        m.leaf("caption", &[], caption);
        m.open("thead", &[]);
        m.open("tr", &[]);
        let class = |align: Align| match align {
            Align::Left => "words",
            Align::Right => "number",
        };
        for (name, align) in &self.columns {
            m.leaf("th", &[("scope", "col"), ("class", class(*align))], name);
        }
        m.close();
        m.close();
        m.open("tbody", &[]);
        for row in &self.rows {
            m.open("tr", &[]);
            for (i, (cell, (_, align))) in row.iter().zip(&self.columns).enumerate() {
                let class = ("class", class(*align));
                match i {
                    0 => m.open("th", &[("scope", "row"), class]),
                    _ => m.open("td", &[class]),
                }
                // A name may run from right to left; what stands around it does not.
                if *align == Align::Left {
                    m.leaf("bdi", &[], cell);
                } else {
                    m.text(cell);
                }
                m.close();
            }
            m.close();
            m.line();
        }
        m.close();
        m.close();
    }

    /// The table in GitHub's Markdown.
    pub fn markdown(&self) -> String {
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut out = row(self.columns.iter().map(|(c, _)| escaped(c)).collect());
        let rules = self.columns.iter().map(|(_, align)| match align {
            Align::Left => "---".to_string(),
            Align::Right => "---:".to_string(),
        });
        out.push_str(&row(rules.collect()));
        for cells in &self.rows {
            out.push_str(&row(cells.iter().map(|c| escaped(c)).collect()));
        }
        out
    }
}

/// Characters that show, as a stand-in for columns on the terminal: colours take no room.
fn width(text: &str) -> usize {
    let mut escape = false;
    let shows = |c: char| {
        let shown = !escape && c != '\u{1b}';
        escape = (escape || c == '\u{1b}') && c != 'm';
        shown
    };
    text.chars().map(shows).filter(|&shown| shown).count()
}

/// Text that Markdown shows as it is. Only what would be read as markup is escaped, so that the
/// report is good to read without rendering too.
pub fn escaped(text: &str) -> String {
    let stars = text.matches('*').count() > 1;
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied().unwrap_or(' ');
        let markup = match c {
            '|' | '`' | '\\' => true,
            '*' => stars,
            '<' => next.is_alphabetic() || matches!(next, '/' | '!' | '?'),
            ']' => matches!(next, '(' | '[' | ':'),
            // Between letters an underscore is no emphasis on GitHub; names are full of them.
            _ => false,
        };
        if markup {
            out.push('\\');
        }
        out.push(if matches!(c, '\n' | '\r') { ' ' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut grid = Grid::new([("layer", Align::Left), ("PEs", Align::Right)]);
        grid.push(vec!["conv1".into(), "128".into()]);
        grid.push(vec!["größe_1x1".into(), "1".into()]);
        assert_eq!(
            grid.lines(),
            ["layer      PEs", "conv1      128", "größe_1x1    1"]
        );
        assert_eq!(
            grid.markdown(),
            "| layer | PEs |\n| --- | ---: |\n| conv1 | 128 |\n| größe_1x1 | 1 |\n"
        );
    }

    #[test]
    fn names_do_not_break_a_table() {
        assert_eq!(escaped("a|b\n<c>"), "a\\|b \\<c>");
        assert_eq!(escaped("<= [1, 2] mJ*cycles"), "<= [1, 2] mJ*cycles");
        assert_eq!(escaped("[a](b) *c*"), "[a\\](b) \\*c\\*");
    }
}
