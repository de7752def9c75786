//! SCALE-Sim's topology tables: convolutions, one per line, or matrix products.
//!
//! The image of a convolution is given with its padding. Columns are found by their names, with
//! blanks, case and commas at the end of lines as they come. SCALE-Sim goes by position and skips
//! the first line, whatever it is; older versions also skip lines that are too short, such as
//! headings.

use super::csv::{self, Cell, Record};
use super::names::unique;
use super::table::{bound, error, may_be_part, miscounted, too_long};
use super::{Imported, chain, number_one, unread};
use crate::base::span::{FileId, Span, Spanned};
use crate::diag::{Diagnostic, Severity, codes};
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
    /// Images at a time, one if left out.
    Batch,
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
    ("batchsize", Column::Batch),
    ("batch", Column::Batch),
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

/// SCALE-Sim's own headers, in the order of its columns.
const HEADER: &str = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides";
const HEADER_OF_PRODUCTS: &str = "Layer, M, N, K";

fn reduced(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The kind of a table by the first cells of its header, if it is one of SCALE-Sim's.
fn of_header(header: &Record) -> Option<Op> {
    let names: Vec<String> = header.cells.iter().map(|c| reduced(&c.text)).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("ifmapheight") || has("ifmapwidth") {
        return Some(Op::Conv);
    }
    let layer = names
        .first()
        .is_some_and(|n| n.starts_with("layer") || n == "l");
    (layer && has("m") && has("n") && has("k")).then_some(Op::Gemm)
}

/// The kind of a table that has no header, by its first layer: a name, and as many numbers as
/// SCALE-Sim reads.
fn without_header(first: &Record) -> Option<Op> {
    let number = |cell: &&Cell| cell.text.parse::<f64>().is_ok();
    let cells = match &first.cells[..] {
        [cells @ .., last] if of_sparsity(&last.text).is_some() => cells,
        cells => cells,
    };
    let numbers = cells.iter().skip(1).filter(number).count();
    match cells.len() {
        // Some may be damaged.
        8 if numbers >= 4 => Some(Op::Conv),
        4 if numbers == 3 => Some(Op::Gemm),
        _ => None,
    }
}

/// A line of one word between layers.
fn is_heading(row: &Record) -> bool {
    matches!(&row.cells[..], [cell] if cell.text.parse::<f64>().is_err())
}

/// Headings, then a header or a layer.
fn beginning(records: &[Record]) -> Option<(&[Record], &Record, Op)> {
    let at = records.iter().position(|r| !is_heading(r))?;
    let first = &records[at];
    let op = of_header(first).or_else(|| without_header(first))?;
    Some((&records[..at], first, op))
}

/// Whether a text that begins like this is such a table.
pub fn is_topology(head: &str) -> bool {
    beginning(&csv::records(FileId(0), head)).is_some()
}

/// The layers of a table as a chain in their order; lines with mistakes are left out, and the
/// mistakes are among the warnings.
///
/// # Errors
/// That it is no table of this kind.
pub fn read(file: FileId, text: &str) -> Result<Imported, Vec<Diagnostic>> {
    too_long(file, text)?;
    let records = csv::records(file, text);
    let Some((headings, header, op)) = beginning(&records) else {
        return Err(vec![empty(file)]);
    };
    let mut out: Vec<Diagnostic> = headings.iter().map(heading).collect();
    let rows = &records[headings.len()..];
    let (columns, rows) = if of_header(header).is_some() {
        (columns(header, op, &mut out), &rows[1..])
    } else {
        // The first line is skipped in any case.
        if headings.is_empty() {
            out.push(headless(header, op));
        }
        let (own, known) = own(op);
        let columns = own.split(", ").filter_map(|name| column(known, name));
        (columns.collect(), rows)
    };
    // A column of paddings is one that SCALE-Sim does not have: images are given with theirs.
    let mut lacking: Vec<Field> = Vec::new();
    if op == Op::Conv
        && header
            .cells
            .iter()
            .any(|c| reduced(&c.text).contains("pad"))
    {
        lacking.push(unread("pad", header.span));
    }
    if op == Op::Conv && !has_stride(&columns) {
        lacking.push(unread("stride", header.span));
    }
    for (_, column) in own(op).1 {
        if let Column::Bound(name) = column
            && !columns.contains(column)
            && !lacking.iter().any(|f| f.name.node == *name)
        {
            lacking.push(unread(name, header.span));
        }
    }
    if rows.is_empty() {
        out.push(no_layer(header.span, "nothing follows this header", op));
        return Err(out);
    }
    let mut written: Vec<(&str, Span)> = Vec::new();
    let mut layers = Vec::new();
    for row in rows {
        if let Some(wrong) = csv::no_layer(row, header) {
            out.push(wrong);
        } else if is_heading(row) {
            out.push(heading(row));
        } else {
            let name = columns.iter().position(|c| *c == Column::Name);
            let name = name.and_then(|at| row.cells.get(at));
            let mut fields = layer(row, op, &columns, &mut out);
            let given = |f: &&Field| !fields.iter().any(|g| g.name.node == f.name.node);
            fields.extend(lacking.iter().filter(given).cloned().collect::<Vec<_>>());
            // Of a line with too many values the name may go on behind a comma.
            let name = name.filter(|_| row.cells.len() <= columns.len() + 1);
            written.push(name.map_or(("", row.span), |cell| (&cell.text, cell.span)));
            layers.push((fields, row.span));
        }
    }
    if layers.is_empty() && out.iter().all(|d| d.severity != Severity::Error) {
        out.push(no_layer(rows[0].span, "only headings stand here", op));
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
    let split = name.contains("DP");
    if split {
        fields.retain(|f| f.name.node != "K" || !is_one(f));
    }
    split
}

fn is_one(field: &Field) -> bool {
    matches!(&field.value, Value::Number(n) if n.integer == Some(1))
}

fn no_layer(at: Span, label: &str, op: Op) -> Diagnostic {
    error("the table has no layer")
        .label(at, label)
        .help(match op {
            Op::Gemm => "add one layer per line, e.g. `qkv, 128, 2304, 768,`",
            _ => "add one layer per line, e.g. `conv1, 230, 230, 7, 7, 3, 64, 2,`",
        })
}

fn heading(row: &Record) -> Diagnostic {
    Diagnostic::warning(codes::NO_EFFECT, "this line is no layer and is skipped")
        .label(row.span, "one value, as in a heading")
        .help("remove it, or give its layer all values")
}

/// That the first line is a layer already.
fn headless(first: &Record, op: Op) -> Diagnostic {
    let (header, _) = own(op);
    let sparse = first.cells.last().and_then(|c| of_sparsity(&c.text));
    let sparsity = sparse.map_or("", |_| ", Sparsity");
    let before = Span {
        end: first.span.start,
        ..first.span
    };
    error("the table has no header")
        .label(first.span, "a layer, which SCALE-Sim skips")
        .help(format!("add `{header}{sparsity},` as the first line"))
        .suggest(before, format!("{header}{sparsity},\n"))
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

/// Whether there are steps of the window in any form.
fn has_stride(columns: &[Column]) -> bool {
    let of_stride = |c: &Column| {
        matches!(
            c,
            Column::Stride | Column::StrideRows | Column::StrideColumns
        )
    };
    columns.iter().any(of_stride)
}

/// For each column of the table what it holds.
fn columns(header: &Record, op: Op, out: &mut Vec<Diagnostic>) -> Vec<Column> {
    out.extend(csv::open_quote(header));
    let (own, known) = own(op);
    let mut columns = Vec::new();
    let mut unknown: Vec<&Cell> = Vec::new();
    let mut found: Vec<(Column, Span)> = Vec::new();
    for (cell, name) in header.cells.iter().zip(names_of(header)) {
        let Some(column) = column(known, &name) else {
            unknown.push(cell);
            columns.push(Column::Unknown);
            continue;
        };
        if let Some((_, first)) = found.iter().find(|(c, _)| *c == column) {
            out.push(
                error(format!("column `{}` is given twice", cell.text))
                    .label(cell.span, "given again here")
                    .label(*first, "first given here")
                    .help("remove one of the two"),
            );
            columns.push(Column::Unknown);
            continue; // so that there are no more than there are names
        }
        found.push((column, cell.span));
        columns.push(column);
    }
    let lacks = |name: &&str| {
        let column = column(known, name);
        match column {
            Some(Column::Stride) => !has_stride(&columns),
            Some(c @ (Column::Name | Column::Bound(_))) => !columns.contains(&c),
            _ => false,
        }
    };
    let missing: Vec<&str> = own.split(", ").filter(lacks).collect();
    let meant = match (&missing[..], &unknown[..]) {
        ([missing], [_]) => Some(format!("is it `{missing}`, which the table lacks?")),
        _ => None,
    };
    for cell in unknown {
        let short: String = cell.text.chars().take(40).collect();
        let help = meant
            .as_deref()
            .unwrap_or("a table with other columns has the names of `docs/import.md`");
        out.push(
            error(format!("a topology table has no column `{short}`"))
                .label(cell.span, "unknown column")
                .help(help),
        );
    }
    if !missing.is_empty() && meant.is_none() && header.open_quote.is_none() {
        let help = format!("SCALE-Sim's header is `{own}`; any order will do");
        out.push(csv::lacking(&missing, header, help));
    }
    columns
}

/// SCALE-Sim's own header, and the names of all columns.
fn own(op: Op) -> (&'static str, &'static [(&'static str, Column)]) {
    match op {
        Op::Gemm => (HEADER_OF_PRODUCTS, PRODUCTS),
        _ => (HEADER, CONVOLUTIONS),
    }
}

fn column(known: &[(&str, Column)], name: &str) -> Option<Column> {
    let name = reduced(name);
    known.iter().find(|(n, _)| *n == name).map(|(_, c)| *c)
}

fn layer(row: &Record, op: Op, columns: &[Column], out: &mut Vec<Diagnostic>) -> Vec<Field> {
    let optional = |c: &Column| matches!(c, Column::Sparsity | Column::Batch | Column::Unknown);
    let needed = columns.iter().rposition(|c| !optional(c)).unwrap_or(0);
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
    let whole = cells.len() <= columns.len() && cells.len() > needed;
    let surplus = cells.len().saturating_sub(columns.len());
    if !whole {
        out.push(miscounted(row, columns.len()));
    }
    let mut fields = Vec::new();
    let mut strides: [Option<Number>; 2] = [None, None];
    let mut place = None;
    if let Some(cell) = sparse {
        sparsity(cell, out);
    }
    // What stands beside a value that is missing or too much may belong to the next column.
    let moved = |at: usize, cell: &Cell| {
        let of_name = columns[at.saturating_sub(surplus)..at].contains(&Column::Name);
        let number = cell.text.parse::<f64>().is_ok();
        !whole && (of_sparsity(&cell.text).is_some() || may_be_part(cell) || of_name && !number)
    };
    for (at, column) in columns.iter().enumerate() {
        let cell = cells.get(at).filter(|cell| !moved(at, cell));
        let Some(cell) = cell else {
            if let (Column::Bound(name), false) = (column, whole) {
                fields.push(unread(name, row.span));
            }
            continue;
        };
        match column {
            Column::Name => {
                if cell.text.is_empty() {
                    out.push(
                        error("this layer has no name")
                            .label(row.span, "its name is empty")
                            .help("write a name into the first column"),
                    );
                }
            }
            Column::Bound(name) => fields.push(bound(name, cell, out)),
            Column::Sparsity if whole => sparsity(cell, out),
            Column::Batch if whole && !cell.text.is_empty() => {
                let batch = bound("N", cell, out);
                // One image is what a layer has without it.
                fields.extend(Some(batch).filter(|f| !is_one(f)));
            }
            Column::Sparsity | Column::Batch | Column::Unknown => {}
            Column::Stride | Column::StrideRows | Column::StrideColumns => {
                let number = match bound("stride", cell, out).value {
                    Value::Number(number) => Some(number),
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
    if !whole && op == Op::Conv {
        // Numbers that may stand under other columns make no window.
        fields.push(unread("pad", row.span));
    }
    fields
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
