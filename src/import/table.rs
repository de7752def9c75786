//! Layer tables as ConfuciuX has them: columns K, C, Y, X, R, S and the kind of layer T.
//!
//! Such tables have lost strides and padding; the network made of one is not checked along its
//! edges. Numbers keep their places, so that a bound of 0 is shown where it stands in the table.

use super::csv::{self, Cell, Record};
use super::{Imported, chain, unread};
use crate::base::span::{FileId, Span};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Field, Name, NetworkStmt, Number, Value};

/// The columns, all of them required; `T` is the kind of layer.
const COLUMNS: [&str; 7] = ["K", "C", "Y", "X", "R", "S", "T"];
const KIND: usize = 6;
const HEADER: &str = "K,C,Y,X,R,S,T";

/// A mistake of a table, without its place.
pub(super) fn error(message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::TABLE, message)
}

/// Whether a text may be a table, though perhaps with mistakes: its first line has one of the columns
/// or a number in it, or is all words between commas; or there is nothing.
pub fn is_table(head: &str) -> bool {
    let records = csv::records(FileId(0), csv::first_line(head));
    let Some(header) = records.first() else {
        return true;
    };
    let cells = || header.cells.iter().map(|c| c.text.trim());
    let known = |cell: &str| COLUMNS.iter().any(|c| c.eq_ignore_ascii_case(cell));
    let number = |cell: &str| cell.parse::<f64>().is_ok();
    let sign = |c: char| c.is_alphanumeric() || matches!(c, '_' | ' ' | '.' | '(' | ')' | '-');
    let word = |cell: &str| cell.chars().all(sign);
    cells().any(|cell| known(cell) || number(cell)) || (cells().count() > 1 && cells().all(word))
}

/// That a table has no more rows than are read.
///
/// # Errors
/// If it has.
pub(super) fn too_long(file: FileId, text: &str) -> Result<(), Vec<Diagnostic>> {
    if let Some(wide) = csv::too_wide(file, text) {
        return Err(vec![
            error("a line of the table has more than 1,000 values")
                .label(wide, "begins here")
                .help("remove the columns that layers do not have"),
        ]);
    }
    csv::beyond(file, text).map_or(Ok(()), |beyond| {
        Err(vec![
            error(format!("the table has more than {} layers", csv::MOST_ROWS))
                .label(beyond, "one too many")
                .help("split it into several networks"),
        ])
    })
}

/// The layers of a table, named l1, l2, … in the order of the file, and their edges. Mistakes are
/// among the warnings; of a line with one there is what could be read, so that the rest of it can be
/// checked.
///
/// # Errors
/// That it is no table of this kind.
pub fn layers(file: FileId, text: &str) -> Result<Imported, Vec<Diagnostic>> {
    let start = Span {
        file,
        start: 0,
        end: 0,
    };
    too_long(file, text)?;
    let records = csv::records(file, text);
    let Some((header, rows)) = records.split_first() else {
        return Err(vec![
            error("the table is empty")
                .label(start, "neither a header nor a layer")
                .help(format!(
                    "begin with the header `{HEADER}`, then one layer per line"
                )),
        ]);
    };
    let mut out = Vec::new();
    let numbers = header.cells.iter().all(|c| c.text.parse::<f64>().is_ok());
    let (columns, rows) = if numbers {
        out.push(headless(header));
        // As many as there are columns are a layer in their order.
        if header.cells.len() != COLUMNS.len() {
            return Err(out);
        }
        (std::array::from_fn(Some), records.as_slice())
    } else {
        (columns(header, &mut out), rows)
    };
    if rows.is_empty() {
        out.push(
            error("the table has no layer")
                .label(header.span, "nothing follows this header")
                .help("add one layer per line, e.g. `32,3,224,224,3,3,1`"),
        );
        return Err(out);
    }
    let mut statements = Vec::new();
    let mut names: Vec<Name> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if let Some(wrong) = csv::no_layer(row, header) {
            out.push(wrong);
            continue;
        }
        statements.push(layer(i, row, &columns, header.cells.len(), &mut out));
        names.push(name(i, row));
    }
    statements.extend(chain(&names));
    Ok(Imported {
        statements,
        warnings: out,
        ..Imported::default()
    })
}

fn name(index: usize, row: &Record) -> Name {
    Name::new(format!("l{}", index + 1), row.span)
}

/// For each of [`COLUMNS`], where it stands, if it is there.
fn columns(header: &Record, out: &mut Vec<Diagnostic>) -> [Option<usize>; 7] {
    out.extend(csv::open_quote(header));
    let mut unknown: Vec<&Cell> = Vec::new();
    let mut found: [Option<usize>; 7] = [None; 7];
    for (at, cell) in header.cells.iter().enumerate() {
        let wanted = COLUMNS
            .iter()
            .position(|c| c.eq_ignore_ascii_case(&cell.text));
        match wanted {
            None => unknown.push(cell),
            Some(column) => match found[column] {
                None => found[column] = Some(at),
                Some(first) => out.push(
                    error(format!("column `{}` is given twice", COLUMNS[column]))
                        .label(cell.span, "given again here")
                        .label(header.cells[first].span, "first given here")
                        .help("remove one of the two"),
                ),
            },
        }
    }
    let missing: Vec<&str> = (0..7)
        .filter(|&c| found[c].is_none())
        .map(|c| COLUMNS[c])
        .collect();
    let meant = match (&missing[..], &unknown[..]) {
        ([missing], [_]) => format!("is it `{missing}`, which the table lacks? "),
        _ => String::new(),
    };
    for cell in &unknown {
        let short: String = cell.text.chars().take(40).collect();
        out.push(
            error(format!("a layer table has no column `{short}`"))
                .label(cell.span, "unknown column")
                .help(format!(
                    "{meant}the columns are {HEADER}; what a table cannot say is written as a `layer` of a network"
                )),
        );
    }
    if !missing.is_empty() && meant.is_empty() && header.open_quote.is_none() {
        let help = format!("the header is `{HEADER}`, in any order");
        out.push(csv::lacking(&missing, header, help));
    }
    found
}

/// That the first line is a layer already.
fn headless(first: &Record) -> Diagnostic {
    let before = Span {
        end: first.span.start,
        ..first.span
    };
    error("the table has no header")
        .label(first.span, "the first line holds numbers already")
        .help(format!("add `{HEADER}` as the first line"))
        .suggest(before, format!("{HEADER}\n"))
}

fn layer(
    index: usize,
    row: &Record,
    columns: &[Option<usize>; 7],
    width: usize,
    out: &mut Vec<Diagnostic>,
) -> NetworkStmt {
    let whole = row.cells.len() == width;
    if !whole {
        out.push(miscounted(row, width));
    }
    let mut fields = Vec::new();
    for (column, at) in columns.iter().enumerate().take(KIND) {
        fields.push(match at.and_then(|at| row.cells.get(at)) {
            Some(cell) if whole || !may_be_part(cell) => bound(COLUMNS[column], cell, out),
            _ => unread(COLUMNS[column], row.span),
        });
    }
    if !whole {
        // Numbers that may stand under other columns make no window.
        fields.push(unread("pad", row.span));
    }
    let kind = columns[KIND]
        .and_then(|at| row.cells.get(at))
        .filter(|_| whole)
        .and_then(|cell| kind(cell, out));
    // The bounds of both kinds have the same ranges.
    let kind = kind.unwrap_or_else(|| Name::new("conv".to_string(), row.span));
    if kind.node == "depthwise" {
        // One filter per channel is what is meant without K; the models tell the two apart.
        fields.retain(|f| f.name.node != "K" || !is_one(&f.value));
    }
    NetworkStmt::Layer {
        name: name(index, row),
        op: kind,
        fields,
        span: row.span,
    }
}

/// That a line has another number of values than there are columns.
pub(super) fn miscounted(row: &Record, width: usize) -> Diagnostic {
    let count = row.cells.len();
    let plural = if count == 1 { "" } else { "s" };
    error(format!(
        "this layer has {count} value{plural} instead of {width}"
    ))
    .label(row.span, "a value for each column is wanted")
    .help("every line has one value for each column of the header")
}

/// Whether a value of a line with too many may be the rest of the one before, as in `1,000`.
pub(super) fn may_be_part(cell: &Cell) -> bool {
    cell.text.len() == 3 && cell.text.starts_with('0')
}

fn is_one(value: &Value) -> bool {
    matches!(value, Value::Number(n) if n.value == 1.0)
}

/// A loop bound (or other number) as a field of the language; whether it is in range is checked
/// with all others.
pub(super) fn bound(column: &str, cell: &Cell, out: &mut Vec<Diagnostic>) -> Field {
    let value = cell
        .text
        .parse::<f64>()
        .ok()
        .filter(|v| v.is_finite() && *v >= 0.0);
    let Some(value) = value else {
        out.push(
            error(format!("`{column}` must be a whole number"))
                .label(
                    cell.span,
                    match cell.text.as_str() {
                        "" => "nothing is here".to_string(),
                        other => format!("`{other}` is none"),
                    },
                )
                .help("write the extent in elements, e.g. `32`"),
        );
        return unread(column, cell.span);
    };
    Field {
        name: Name::new(column.to_string(), cell.span),
        value: Value::Number(Number {
            value,
            integer: cell.text.parse().ok(),
            unit: None,
            expr: None,
            span: cell.span,
        }),
        span: cell.span,
    }
}

fn kind(cell: &Cell, out: &mut Vec<Diagnostic>) -> Option<Name> {
    let kind = match cell.text.as_str() {
        "1" | "1.0" => "conv",
        "2" | "2.0" => "depthwise",
        _ => {
            out.push(
                error(format!("there is no kind of layer `{}`", cell.text))
                    .label(cell.span, "the value of `T`")
                    .help("`T` is 1 for a convolution or 2 for a depthwise convolution"),
            );
            return None;
        }
    };
    Some(Name::new(kind.to_string(), cell.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_in_any_order_and_case() {
        let text = "t,s,r,x,y,c,k\n1,3,3,16,16,8,4\n2,3,3,14,14,4,1\n";
        let statements = layers(FileId(0), text).expect("a table").statements;
        let NetworkStmt::Layer {
            name, op, fields, ..
        } = &statements[0]
        else {
            panic!("a layer is first");
        };
        assert_eq!((name.node.as_str(), op.node.as_str()), ("l1", "conv"));
        assert!(fields.iter().any(|f| f.name.node == "K"));
        let NetworkStmt::Layer { op, fields, .. } = &statements[1] else {
            panic!("a layer is second");
        };
        assert_eq!(op.node, "depthwise");
        assert!(fields.iter().all(|f| f.name.node != "K"));
        assert!(matches!(&statements[2], NetworkStmt::Edges { chain, .. } if chain.len() == 2));
    }

    #[test]
    fn one_layer_has_no_edges() {
        let read = layers(FileId(0), "K,C,Y,X,R,S,T\n4,8,16,16,3,3,1").expect("sound");
        assert_eq!((read.statements.len(), read.warnings.len()), (1, 0));
    }

    #[test]
    fn every_mistake_is_told() {
        let text = "K,C,Y,X,R,S,T\n4,x,16,,3,3,7\n1,2\n-1,2,3,4,5,6,1\n4,\"8,16\n";
        let read = layers(FileId(0), text).expect("a table");
        assert_eq!(read.warnings.len(), 6, "{:#?}", read.warnings);
        assert_eq!(read.statements.len(), 4); // to check the rest of it
        assert_eq!(layers(FileId(0), " \n").expect_err("empty").len(), 1);
        let told = |text| layers(FileId(0), text).expect("rows").warnings.len();
        assert_eq!(told("1,2,3,4,5,6,1"), 1); // no header
        let lacking = "K,Q,K\n1,2,3\nfour,5,6\n";
        assert_eq!(told(lacking), 4);
    }
}
