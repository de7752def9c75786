//! SCALE-Sim's topology tables: convolutions, one per line, or matrix products.
//!
//! The image of a convolution is given with its padding. Columns are found by their names, with
//! blanks, case and commas at the end of lines as they come.

use super::csv::{self, Cell, Record};
use super::names::unique;
use super::table::{bound, error, too_long};
use super::{Imported, chain, number_one};
use crate::base::span::{FileId, Span, Spanned};
use crate::diag::{Diagnostic, codes};
use crate::ir::layer::Op;
use crate::syntax::ast::{Field, Name, NetworkStmt, Number, Value};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    /// A loop bound of the language.
    Bound(&'static str),
    /// Along rows and columns, or along one of them.
    Stride,
    StrideRows,
    StrideColumns,
    /// N of every M weights are there.
    Sparsity,
    /// One that is not known, which was told.
    Unknown,
}

/// Names of columns, reduced to lower-case letters and digits.
const CONVOLUTIONS: &[(&str, Column)] = &[
    ("layername", Column::Name),
    ("layer", Column::Name),
    ("name", Column::Name),
    ("ifmapheight", Column::Bound("Y")),
    ("ifmapwidth", Column::Bound("X")),
    ("filterheight", Column::Bound("R")),
    ("filterwidth", Column::Bound("S")),
    ("channels", Column::Bound("C")),
    ("channel", Column::Bound("C")),
    ("numfilter", Column::Bound("K")),
    ("numfilters", Column::Bound("K")),
    ("strides", Column::Stride),
    ("stride", Column::Stride),
    ("strideheight", Column::StrideRows),
    ("stridewidth", Column::StrideColumns),
    ("sparsity", Column::Sparsity),
];
const PRODUCTS: &[(&str, Column)] = &[
    ("layername", Column::Name),
    ("layer", Column::Name),
    ("l", Column::Name),
    ("m", Column::Bound("M")),
    ("n", Column::Bound("N")),
    ("k", Column::Bound("K")),
    ("sparsity", Column::Sparsity),
];

fn reduced(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The columns of a table by the first cells of its header, if it is one of SCALE-Sim's.
fn columns_of(header: &Record) -> Option<(Op, &'static [(&'static str, Column)])> {
    let names: Vec<String> = header.cells.iter().map(|c| reduced(&c.text)).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("ifmapheight") || has("ifmapwidth") {
        return Some((Op::Conv, CONVOLUTIONS));
    }
    let layer = names
        .first()
        .is_some_and(|n| n.starts_with("layer") || n == "l");
    (layer && has("m") && has("n") && has("k")).then_some((Op::Gemm, PRODUCTS))
}

/// Whether a text that begins like this is such a table.
pub fn is_topology(head: &str) -> bool {
    let first = csv::records(FileId(0), csv::first_line(head));
    first.first().is_some_and(|r| columns_of(r).is_some())
}

/// The layers of a table as a chain in their order; lines with mistakes are left out, and the
/// mistakes are among the warnings.
///
/// # Errors
/// That it is no table of this kind.
pub fn read(file: FileId, text: &str) -> Result<Imported, Vec<Diagnostic>> {
    too_long(file, text)?;
    let records = csv::records(file, text);
    let Some((header, rows)) = records.split_first() else {
        return Err(vec![empty(file)]);
    };
    let Some((op, known)) = columns_of(header) else {
        return Err(vec![empty(file)]);
    };
    let mut out = Vec::new();
    let (columns, complete) = columns(header, known, &mut out);
    if rows.is_empty() {
        out.push(
            error("the table has no layer")
                .label(header.span, "nothing follows this header")
                .help(match op {
                    Op::Gemm => "add one layer per line, e.g. `qkv, 128, 2304, 768,`",
                    _ => "add one layer per line, e.g. `conv1, 230, 230, 7, 7, 3, 64, 2,`",
                }),
        );
        return Err(out);
    }
    let mut written: Vec<(&str, Span)> = Vec::new();
    let mut layers = Vec::new();
    for row in rows {
        if let Some(quote) = csv::open_quote(row) {
            out.push(quote);
            continue;
        }
        let fields = layer(row, &columns, &mut written, &mut out);
        layers.extend(fields.map(|fields| (fields, row.span)));
    }
    if !complete {
        // What is wrong in the others is told with it.
        return Err(out);
    }
    let names = unique(written.iter().copied(), &mut out);
    let layers = layers.into_iter().zip(&names);
    let mut statements: Vec<NetworkStmt> = layers
        .map(|((mut fields, span), name)| {
            let op = if op == Op::Conv && by_channels(&name.node, &mut fields) {
                Op::Depthwise
            } else {
                op
            };
            NetworkStmt::Layer {
                name: name.clone(),
                op: Name::new(op.name().to_string(), name.span),
                fields,
                span,
            }
        })
        .collect();
    statements.extend(chain(&names));
    Ok(Imported {
        statements,
        warnings: out,
        ..Imported::default()
    })
}

/// Whether SCALE-Sim makes a layer of each channel, as it does of a layer with `DP` in its name. Its
/// filters are then those of one channel.
fn by_channels(name: &str, fields: &mut Vec<Field>) -> bool {
    let one = |f: &Field| matches!(&f.value, Value::Number(n) if n.integer == Some(1));
    let split = name.contains("DP");
    if split {
        fields.retain(|f| f.name.node != "K" || !one(f));
    }
    split
}

fn empty(file: FileId) -> Diagnostic {
    let start = Span {
        file,
        start: 0,
        end: 0,
    };
    error("the table is empty")
        .label(start, "neither a header nor a layer")
        .help("begin with SCALE-Sim's header, then one layer per line")
}

/// The names in a header. Tables of SCALE-Sim's own, which it reads by position, call rows and
/// columns by the same name.
fn names_of(header: &Record) -> Vec<String> {
    let mut names: Vec<String> = header.cells.iter().map(|c| reduced(&c.text)).collect();
    for (height, width) in [
        ("ifmapheight", "ifmapwidth"),
        ("filterheight", "filterwidth"),
    ] {
        let places = |name: &str| -> Vec<usize> {
            let all = names.iter().enumerate();
            all.filter(|(_, n)| *n == name).map(|(at, _)| at).collect()
        };
        match (&places(height)[..], &places(width)[..]) {
            ([], &[first, _]) => names[first] = height.to_string(),
            (&[_, second], []) => names[second] = width.to_string(),
            _ => {}
        }
    }
    names
}

/// For each column of the table what it holds, and whether all that are needed are there.
fn columns(
    header: &Record,
    known: &[(&str, Column)],
    out: &mut Vec<Diagnostic>,
) -> (Vec<Column>, bool) {
    let mut columns = Vec::new();
    let mut found: Vec<(Column, Span)> = Vec::new();
    for (cell, name) in header.cells.iter().zip(names_of(header)) {
        let Some((_, column)) = known.iter().find(|(n, _)| *n == name) else {
            let short: String = cell.text.chars().take(40).collect();
            out.push(
                error(format!("a topology table has no column `{short}`"))
                    .label(cell.span, "unknown column")
                    .help("a table with other columns has the names of `docs/import.md`"),
            );
            columns.push(Column::Unknown);
            continue;
        };
        if let Some((_, first)) = found.iter().find(|(c, _)| c == column) {
            out.push(
                error(format!("column `{}` is given twice", cell.text))
                    .label(cell.span, "given again here")
                    .label(*first, "first given here")
                    .help("remove one of the two"),
            );
            columns.push(Column::Unknown);
            continue; // so that there are no more than there are names
        }
        found.push((*column, cell.span));
        columns.push(*column);
    }
    let mut complete = true;
    for (name, column) in known {
        let needed = matches!(column, Column::Name | Column::Bound(_));
        if needed && !found.iter().any(|(c, _)| c == column) {
            // Several names stand for one column.
            if !std::mem::replace(&mut complete, false) {
                continue;
            }
            out.push(
                error(format!("the table lacks a column for `{name}`"))
                    .label(header.span, "the header")
                    .help("add the column; the header is SCALE-Sim's own, in any order"),
            );
        }
    }
    (columns, complete)
}

fn layer<'r>(
    row: &'r Record,
    columns: &[Column],
    written: &mut Vec<(&'r str, Span)>,
    out: &mut Vec<Diagnostic>,
) -> Option<Vec<Field>> {
    let optional = |c: &Column| matches!(c, Column::Sparsity | Column::Unknown);
    let needed = columns.iter().rposition(|c| !optional(c));
    // A remark behind the last comma is dropped, and the sparsity of a product needs no column.
    let mut cells = row.cells.as_slice();
    let mut sparse = None;
    if let [all @ .., last] = cells
        && all.len() == columns.len()
    {
        if last.text.starts_with('#') {
            cells = all;
        } else if !columns.contains(&Column::Sparsity) && of_sparsity(&last.text).is_some() {
            (cells, sparse) = (all, Some(last));
        }
    }
    if cells.len() > columns.len() || cells.len() <= needed.unwrap_or(0) {
        out.push(
            error(format!(
                "this layer has {} values instead of {}",
                row.cells.len(),
                columns.len()
            ))
            .label(row.span, "a value for each column is wanted")
            .help("every line has one value for each column of the header"),
        );
        return None;
    }
    let mut fields = Vec::new();
    let mut strides: [Option<Number>; 2] = [None, None];
    let mut place = None;
    if let Some(cell) = sparse {
        sparsity(cell, out);
    }
    for (cell, column) in cells.iter().zip(columns) {
        match column {
            Column::Name => {
                if cell.text.is_empty() {
                    out.push(
                        error("this layer has no name")
                            .label(row.span, "its name is empty")
                            .help("write a name into the first column"),
                    );
                }
                written.push((&cell.text, cell.span));
            }
            Column::Bound(name) => fields.extend(bound(name, cell, out)),
            Column::Sparsity => sparsity(cell, out),
            Column::Unknown => {}
            Column::Stride | Column::StrideRows | Column::StrideColumns => {
                let number = match bound("stride", cell, out).map(|f| f.value) {
                    Some(Value::Number(number)) => Some(number),
                    _ => None,
                };
                place = Some(cell.span);
                for (axis, only) in [(0, Column::StrideColumns), (1, Column::StrideRows)] {
                    if *column != only {
                        strides[axis] = number.clone();
                    }
                }
            }
        }
    }
    if let Some(span) = place {
        let [rows, columns] = strides.map(|s| s.unwrap_or_else(|| number_one(span)));
        if [&rows, &columns].iter().any(|n| n.integer != Some(1)) {
            fields.push(Field {
                name: Name::new("stride".to_string(), span),
                value: Value::Pair(Spanned::new([rows, columns], span)),
                span,
            });
        }
    }
    Some(fields)
}

/// Whether `N:M` leaves all weights there; `None` if it is of another form.
fn of_sparsity(text: &str) -> Option<bool> {
    let (n, m) = text.split_once(':')?;
    match (n.trim().parse::<u64>(), m.trim().parse::<u64>()) {
        (Ok(n), Ok(m)) if n > 0 && n <= m => Some(n == m),
        _ => None,
    }
}

/// `2:4`: weights that are not there are counted all the same.
fn sparsity(cell: &Cell, out: &mut Vec<Diagnostic>) {
    let dense = match cell.text.as_str() {
        "" => Some(true),
        text => of_sparsity(text),
    };
    match dense {
        Some(true) => {}
        Some(false) => out.push(
            Diagnostic::warning(codes::NO_EFFECT, "sparse weights are counted as dense ones")
                .label(cell.span, "this layer has fewer weights than are counted")
                .help("its figures are those of a dense layer: an upper bound"),
        ),
        None => out.push(
            error("sparsity is written N:M, N of every M weights")
                .label(cell.span, "not of this form")
                .help("write e.g. `2:4`, or `1:1` for a dense layer"),
        ),
    }
}
