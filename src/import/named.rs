//! Tables with named columns: loop bounds, strides, padding and the kind of each layer.
//!
//! A cell that is empty is not given. Nothing else is left out silently: a column that is not
//! known is a mistake, and so is a value that the layer's kind has no use for.

use super::csv::{self, Cell, Record};
use super::names::unique;
use super::table::{bound, error, may_be_part, too_long};
use super::{Imported, chain, number_one, unread};
use crate::base::span::{FileId, Span, Spanned};
use crate::diag::Diagnostic;
use crate::diag::nearest::nearest;
use crate::ir::layer::Op;
use crate::syntax::ast::{Field, Name, NetworkStmt, Number, Value};
use std::collections::BTreeMap;

/// Bounds and the other columns; names are read without regard to case.
pub const COLUMNS: [&str; 22] = [
    "name",
    "op",
    "N",
    "G",
    "M",
    "K",
    "C",
    "Y",
    "X",
    "R",
    "S",
    "stride",
    "stride_y",
    "stride_x",
    "pad",
    "pad_y",
    "pad_x",
    "dilation",
    "dilation_y",
    "dilation_x",
    "groups",
    "output_pad",
];

/// What other tools call the kinds of layers.
const KINDS: &[(&str, Op)] = &[
    ("conv2d", Op::Conv),
    ("dwconv", Op::Depthwise),
    ("depthwise_conv", Op::Depthwise),
    ("group_conv", Op::GroupedConv),
    ("conv_transpose", Op::TransposedConv),
    ("fc", Op::Dense),
    ("linear", Op::Dense),
    ("matmul", Op::Gemm),
];

fn column(text: &str) -> Option<&'static str> {
    COLUMNS.into_iter().find(|c| c.eq_ignore_ascii_case(text))
}

/// Whether a text that begins like this is such a table: its header names columns, and not only
/// those that tables without strides have.
pub fn is_named(head: &str) -> bool {
    let records = csv::records(FileId(0), csv::first_line(head));
    let Some(header) = records.first() else {
        return false;
    };
    let known: Vec<&str> = header
        .cells
        .iter()
        .filter_map(|c| column(&c.text))
        .collect();
    let own = |name: &&str| name.len() > 1 || matches!(*name, "N" | "M" | "G");
    known.len() >= 2 && known.iter().any(own)
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
        return Err(Vec::new());
    };
    let mut out = Vec::new();
    out.extend(csv::open_quote(header));
    let columns = columns(header, &mut out);
    // What a layer seems to lack may stand in a column that is not known: it is one with the header.
    let whole_header = out.is_empty();
    let has = |name| columns.contains(&Some(name));
    let padding_known = whole_header || has("pad") || has("pad_y") && has("pad_x");
    if rows.is_empty() {
        out.push(
            error("the table has no layer")
                .label(header.span, "nothing follows this header")
                .help("add one layer per line, with a value or nothing for each column"),
        );
        return Err(out);
    }
    let mut layers = Vec::new();
    let mut written: Vec<(String, Span)> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if let Some(wrong) = csv::no_layer(row, header) {
            out.push(wrong);
            continue;
        }
        let surplus = row.cells.len().saturating_sub(columns.len());
        if surplus > 0 {
            out.push(
                error(format!(
                    "this layer has {} values instead of {}",
                    row.cells.len(),
                    columns.len()
                ))
                .label(row.span, "more values than the header has columns")
                .help("remove what is too much, or name its column in the header"),
            );
        }
        let sure = |at: usize, cell: &Cell| {
            let beside = &columns[at.saturating_sub(surplus)..=at];
            let same = |column: &Option<&str>| range(*column) == range(columns[at]);
            surplus == 0 || !may_be_part(cell) && beside.iter().all(same)
        };
        let cells: BTreeMap<&str, &Cell> = columns
            .iter()
            .zip(&row.cells)
            .enumerate()
            .filter(|(at, (_, cell))| sure(*at, cell))
            .filter_map(|(_, (column, cell))| Some(((*column)?, cell)))
            .filter(|(_, cell)| !cell.text.is_empty())
            .collect();
        let (name, place) = match cells.get("name") {
            Some(cell) => (cell.text.clone(), cell.span),
            None => (format!("l{}", i + 1), row.span),
        };
        let padding_known = padding_known && surplus == 0;
        layers.push(layer(row, &cells, padding_known, &mut out));
        written.push((name, place));
    }
    let names = unique(written.iter().map(|(n, s)| (n.as_str(), *s)), &mut out);
    let mut statements = Vec::new();
    for (name, (op, fields, span)) in names.iter().zip(layers) {
        statements.push(NetworkStmt::Layer {
            name: name.clone(),
            op,
            fields,
            span: if whole_header {
                span
            } else {
                header.span.to(span)
            },
        });
    }
    statements.extend(chain(&names));
    Ok(Imported {
        statements,
        warnings: out,
        ..Imported::default()
    })
}

/// What a column may hold: values of one range may stand under each other's names by mistake.
fn range(column: Option<&str>) -> u8 {
    match column {
        None => 0,
        Some("name") => 1,
        Some("op") => 2,
        Some("pad" | "pad_y" | "pad_x" | "output_pad") => 3,
        Some(_) => 4,
    }
}

/// The name of each column; `None` for one that is not known or given again.
fn columns(header: &Record, out: &mut Vec<Diagnostic>) -> Vec<Option<&'static str>> {
    let mut columns = Vec::new();
    let mut found: Vec<(&str, Span)> = Vec::new();
    for cell in &header.cells {
        let Some(name) = column(&cell.text) else {
            let short: String = cell.text.chars().take(40).collect();
            let help = match nearest(&short, COLUMNS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the columns are {}", COLUMNS.join(", ")),
            };
            out.push(
                error(format!("a table has no column `{short}`"))
                    .label(cell.span, "unknown column")
                    .help(help),
            );
            columns.push(None);
            continue;
        };
        if let Some((_, first)) = found.iter().find(|(n, _)| *n == name) {
            out.push(
                error(format!("column `{name}` is given twice"))
                    .label(cell.span, "given again here")
                    .label(*first, "first given here")
                    .help("remove one of the two"),
            );
            columns.push(None);
            continue; // so that there are no more than there are names
        }
        found.push((name, cell.span));
        columns.push(Some(name));
    }
    columns
}

/// Kind, fields and place of a layer.
type Read = (Name, Vec<Field>, Span);

/// A layer as far as it can be read. Unless it is known how it is padded, its window is not judged.
fn layer(
    row: &Record,
    cells: &BTreeMap<&str, &Cell>,
    mut padding_known: bool,
    out: &mut Vec<Diagnostic>,
) -> Read {
    let before = out.len();
    let (op, place) = kind(row, cells, out);
    let sure = out.len() == before;
    padding_known &= sure;
    let mut fields: Vec<Field> = Vec::new();
    for name in ["N", "G", "M", "K", "C", "Y", "X", "R", "S", "output_pad"] {
        if let Some(cell) = cells.get(name) {
            fields.push(bound(name, cell, out));
        }
    }
    for (name, rows, columns, default) in [
        ("stride", "stride_y", "stride_x", 1),
        ("pad", "pad_y", "pad_x", 0),
        ("dilation", "dilation_y", "dilation_x", 1),
    ] {
        let (both, rows, columns) = (cells.get(name), cells.get(rows), cells.get(columns));
        if let (Some(both), Some(one)) = (both, rows.or(columns)) {
            out.push(
                error(format!("`{name}` is given twice"))
                    .label(one.span, "along one axis")
                    .label(both.span, "along both")
                    .help("give either the one or the others"),
            );
        } else if let Some(cell) = both {
            fields.push(bound(name, cell, out));
        } else if let Some(place) = rows.or(columns) {
            let left_out = Number {
                value: f64::from(default),
                integer: u64::try_from(default).ok(),
                ..number_one(place.span)
            };
            let numbers =
                [rows, columns].map(|cell| match cell.map(|c| bound(name, c, out).value) {
                    Some(Value::Number(number)) => number,
                    None if name != "pad" || padding_known => left_out.clone(),
                    _ => Number::unread(place.span),
                });
            fields.push(Field {
                name: Name::new(name.to_string(), place.span),
                value: Value::Pair(Spanned::new(numbers, place.span)),
                span: place.span,
            });
        }
    }
    let op = match cells.get("groups") {
        // With wrong groups, or none for a kind that is not known, the rest of the layer is looked
        // at as it stands.
        Some(cell) if sure || matches!(op, Op::Conv | Op::TransposedConv) => {
            groups(op, cell, &mut fields, out).unwrap_or(op)
        }
        _ => op,
    };
    if !padding_known && op.slides() && !fields.iter().any(|f| f.name.node == "pad") {
        fields.push(unread("pad", row.span));
    }
    (Name::new(op.name().to_string(), place), fields, row.span)
}

/// The kind of a layer: as given, or what its bounds make it. Of a kind that there is not, the one
/// that was probably meant, so that what else is wrong with the layer can be told.
fn kind(row: &Record, cells: &BTreeMap<&str, &Cell>, out: &mut Vec<Diagnostic>) -> (Op, Span) {
    let has = |name: &&str| cells.contains_key(name);
    let of_bounds = if has(&"M") {
        Op::Gemm
    } else if has(&"output_pad") {
        Op::TransposedConv
    } else if has(&"G") {
        Op::GroupedConv
    } else if ["Y", "X", "R", "S"].iter().any(has) {
        Op::Conv
    } else {
        Op::Dense
    };
    let Some(cell) = cells.get("op") else {
        return (of_bounds, row.span);
    };
    let text = cell.text.to_ascii_lowercase();
    let other = KINDS.iter().find(|(name, _)| *name == text);
    let op = Op::parse(&text).or(other.map(|(_, op)| *op));
    let op = op.unwrap_or_else(|| {
        let short: String = cell.text.chars().take(40).collect();
        let known = Op::ALL.map(|op| op.name());
        let near = nearest(&short, known);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the kinds are {}", known.join(", ")),
        };
        out.push(
            error(format!("there is no kind of layer `{short}`"))
                .label(cell.span, "the value of `op`")
                .help(help),
        );
        near.and_then(Op::parse).unwrap_or(of_bounds)
    });
    (op, cell.span)
}

/// `groups` of a convolution whose K and C count the channels of all groups, as models have it. With
/// one channel per group it is a depthwise one.
fn groups(op: Op, cell: &Cell, fields: &mut Vec<Field>, out: &mut Vec<Diagnostic>) -> Option<Op> {
    let field = bound("groups", cell, out);
    if field.is_unread() {
        return None;
    }
    let Some(count) = whole(&field).filter(|count| *count > 0) else {
        out.push(
            error("`groups` must be a whole number from 1")
                .label(cell.span, "the number of groups")
                .help("leave it out for a layer without groups"),
        );
        return None;
    };
    if !matches!(op, Op::Conv | Op::TransposedConv) {
        out.push(
            error(format!("`groups` of a `{}` layer", op.name()))
                .label(cell.span, "only convolutions are given in groups")
                .help("leave it out, or write `conv` under `op`"),
        );
        return None;
    }
    let get = |name: &str| fields.iter().find(|f| f.name.node == name).and_then(whole);
    let (Some(k), Some(c)) = (get("K"), get("C")) else {
        return Some(op); // what is missing is reported with the layer
    };
    if k % count != 0 || c % count != 0 {
        out.push(
            error(format!("{count} groups do not divide K = {k} and C = {c}"))
                .label(cell.span, "the number of groups")
                .help("K and C count the channels of all groups"),
        );
        return None;
    }
    if count == 1 {
        return Some(op);
    }
    if count == c && op == Op::Conv {
        // One filter per channel is what is meant without K.
        fields.retain(|f| f.name.node != "K" || k != c);
        set(fields, "K", k / count);
        return Some(Op::Depthwise);
    }
    set(fields, "K", k / count);
    set(fields, "C", c / count);
    fields.push(Field {
        name: Name::new("G".to_string(), cell.span),
        ..field
    });
    Some(match op {
        Op::TransposedConv => op,
        _ => Op::GroupedConv,
    })
}

fn whole(field: &Field) -> Option<u64> {
    match &field.value {
        Value::Number(number) => number.integer.or_else(|| {
            let exact = number.value.fract() == 0.0 && number.value < 9e15;
            exact.then_some(number.value as u64)
        }),
        _ => None,
    }
}

fn set(fields: &mut [Field], name: &str, value: u64) {
    for field in fields.iter_mut().filter(|f| f.name.node == name) {
        if let Value::Number(number) = &mut field.value {
            number.integer = Some(value);
            number.value = value as f64;
        }
    }
}
