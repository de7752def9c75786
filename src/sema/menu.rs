//! `menu` blocks: knobs, their coarse levels and refined ranges.

use super::fields::{self, did_you_mean, remedy, with_place};
use super::quantity;
use crate::base::span::Span;
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::ir::dim::Dim;
use crate::ir::menu::{Knob, Menu};
use crate::syntax::ast::{KnobDecl, MenuDecl, Name, Path, Value};
use std::collections::BTreeSet;

/// Values one knob may have; a range beyond it is a typing mistake.
const MAX_LEVELS: usize = 1 << 16;
/// The largest value of a knob.
const MAX_VALUE: u64 = super::window::MAX_EXTENT;

/// Lowers a menu. One with errors has the knobs that are named, some without levels, or is `None` if
/// it lacks `pes`. The dataflows it lets choose from are another matter:
/// see [`dataflows`].
pub fn lower(decl: &MenuDecl, out: &mut Vec<Diagnostic>) -> Option<Menu> {
    let before = out.len();
    let mut knobs: Vec<Knob> = Vec::new();
    let mut choice: Option<Span> = None;
    for knob in decl.knobs.iter().filter(|k| k.refine.is_none()) {
        if knob.name.node == "dataflow" {
            if let Some(first) = choice {
                out.push(twice("dataflow", knob.span, first));
            }
            choice = Some(choice.unwrap_or(knob.span));
            check_choice(knob, out);
            continue;
        }
        if Dim::parse(&knob.name.node).is_some() {
            out.push(
                Diagnostic::error(
                    codes::BAD_LEVELS,
                    format!("a knob cannot be called `{}`", knob.name.node),
                )
                .label(knob.name.span, "this is a dimension")
                .help(format!(
                    "call it e.g. `tile_{}`",
                    knob.name.node.to_lowercase()
                )),
            );
        }
        if let Some(first) = knobs.iter().find(|k| k.name == knob.name.node) {
            out.push(twice(&first.name, knob.span, first.span));
            continue;
        }
        if knob.name.node == "pes"
            && let Some(span) = knob.per_layer
        {
            out.push(
                Diagnostic::error(codes::BAD_LEVELS, "`pes` cannot be chosen per layer")
                    .label(span, "one engine has one array of PEs")
                    .help("only tile knobs may be `per layer`; `deploy pipelined` gives each layer its own engine"),
            );
        }
        let levels = levels(&knob.values, &knob.name.node, out).unwrap_or_default();
        knobs.push(Knob {
            name: knob.name.node.clone(),
            levels,
            refine: Vec::new(),
            per_layer: knob.per_layer.is_some(),
            span: knob.span,
        });
    }
    for refine in decl.knobs.iter().filter(|k| k.refine.is_some()) {
        refined(refine, decl, &mut knobs, out);
    }
    match knobs.iter().position(|k| k.name == "pes") {
        Some(at) => knobs[..=at].rotate_right(1),
        // `refine pes` alone was reported as refining nothing.
        None if decl.knobs.iter().any(|k| k.name.node == "pes") => {}
        None => {
            let diagnostic = Diagnostic::error(
                codes::BAD_LEVELS,
                format!("menu `{}` has no knob `pes`", decl.name.node),
            )
            .label(
                decl.name.span,
                "the number of processing elements is missing",
            );
            let meant = decl
                .knobs
                .iter()
                .find(|k| nearest(&k.name.node, ["pes"]).is_some());
            out.push(match meant {
                Some(knob) => diagnostic
                    .label(knob.name.span, "is this meant?")
                    .help(format!("call it `pes` instead of `{}`", knob.name.node))
                    .suggest(knob.name.span, "pes"),
                None => diagnostic.help("add e.g. `pes in [1, 2, 4, 8, 16, 32, 64, 128]`"),
            });
        }
    }
    let menu = Menu {
        name: decl.name.node.clone(),
        knobs,
        span: decl.name.span,
    };
    let sound = out[before..]
        .iter()
        .all(|d| d.severity == crate::diag::Severity::Warning);
    if sound {
        nothing_new(decl, &menu.knobs, out);
    }
    // With a mistake in it no design is built, and the names of its knobs are known all the same.
    let engine = menu.knobs.first().is_some_and(|k| k.name == "pes");
    (sound || engine).then_some(menu)
}

fn twice(name: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        codes::DUPLICATE_NAME,
        format!("knob `{name}` is declared twice"),
    )
    .label(again, "declared again here")
    .label(first, "first declared here")
    .help("keep one list; a finer range for the second stage is written `refine name in …`")
}

/// `refine pes in 1..=128`
fn refined(decl: &KnobDecl, menu: &MenuDecl, knobs: &mut [Knob], out: &mut Vec<Diagnostic>) {
    if decl.name.node == "dataflow" {
        out.push(
            Diagnostic::error(codes::BAD_LEVELS, "a choice of dataflows cannot be refined")
                .label(decl.span, "there is nothing between two dataflows")
                .help("list them all: `dataflow in [nvdla, eyeriss]`"),
        );
        return;
    }
    let names: Vec<String> = knobs.iter().map(|k| k.name.clone()).collect();
    let Some(knob) = knobs.iter_mut().find(|k| k.name == decl.name.node) else {
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        // No other knob can be called `pes`, so the coarse one is misspelt.
        let coarse = nearest(&decl.name.node, known.iter().copied());
        let coarse = coarse.filter(|_| decl.name.node == "pes");
        let coarse = menu
            .knobs
            .iter()
            .find(|k| Some(k.name.node.as_str()) == coarse);
        if let Some(coarse) = coarse {
            let message = format!(
                "`pes` is refined, and the coarse levels are those of `{}`",
                coarse.name.node
            );
            let diagnostic = Diagnostic::error(codes::UNKNOWN_KNOB, message)
                .label(coarse.name.span, "not called `pes`")
                .label(decl.name.span, "refined here");
            out.push(did_you_mean(diagnostic, coarse.name.span, "pes"));
            return;
        }
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_KNOB,
            format!(
                "menu `{}` has no knob `{}` to refine",
                menu.name.node, decl.name.node
            ),
        )
        .label(decl.name.span, "no coarse levels are given for it");
        let place_of = |near: &str| {
            let knob = knobs.iter().find(|k| k.name == near);
            knob.map(|k| k.span)
        };
        out.push(with_place(remedy(diagnostic, &decl.name, &known), place_of));
        return;
    };
    if let Some(span) = decl.per_layer {
        out.push(
            Diagnostic::error(
                codes::BAD_LEVELS,
                "`per layer` stands with the coarse levels",
            )
            .label(span, "not in the refined range")
            .help(format!("write `{} in … per layer`", decl.name.node)),
        );
    }
    if !knob.refine.is_empty() {
        out.push(
            Diagnostic::error(
                codes::DUPLICATE_NAME,
                format!("knob `{}` is refined twice", knob.name),
            )
            .label(decl.span, "refined again here")
            .label(knob.span, "its coarse levels")
            .help("keep one refined range"),
        );
        return;
    }
    let Some(values) = levels(&decl.values, &knob.name, out) else {
        return;
    };
    let fine: BTreeSet<u64> = values.iter().copied().collect();
    let lost: Vec<String> = knob
        .levels
        .iter()
        .filter(|l| !fine.contains(l))
        .map(u64::to_string)
        .collect();
    if !lost.is_empty() {
        out.push(
            Diagnostic::warning(
                codes::REFINE_GAP,
                format!(
                    "the refined range of `{}` lacks some of its coarse levels",
                    knob.name
                ),
            )
            .label(decl.span, format!("does not hold {}", shown(&lost)))
            .label(knob.span, "the coarse levels")
            .help(
                "the refining stage may use coarse levels all the same; widen the range to say so",
            ),
        );
    }
    knob.refine = values;
}

/// A menu of which no refined range has a value that is not among the coarse levels. Beside one that
/// has, such a range says that the levels of its knob stay.
fn nothing_new(menu: &MenuDecl, knobs: &[Knob], out: &mut Vec<Diagnostic>) {
    let set = |values: &[u64]| values.iter().copied().collect::<BTreeSet<u64>>();
    let mut refined = knobs.iter().filter(|k| !k.refine.is_empty());
    let Some(knob) = refined.clone().next() else {
        return;
    };
    if refined.any(|k| set(&k.refine) != set(&k.levels)) {
        return;
    }
    let own = |k: &&KnobDecl| k.refine.is_some() && k.name.node == knob.name;
    let place = menu.knobs.iter().find(own).map_or(knob.span, |k| k.span);
    out.push(
        Diagnostic::warning(
            codes::REFINED_FOR_NOTHING,
            format!("refining `{}` adds nothing", knob.name),
        )
        .label(place, "no level that is not there")
        .label(knob.span, "the coarse levels")
        .help("leave it out, or give fewer coarse levels: a search tries those first"),
    );
}

/// The first few.
fn shown(all: &[String]) -> String {
    match all.len() {
        0..=12 => all.join(", "),
        n => format!("{} and {} more", all[..12].join(", "), n - 12),
    }
}

/// The numbers of a list or range, in the order written.
fn levels(value: &Value, knob: &str, out: &mut Vec<Diagnostic>) -> Option<Vec<u64>> {
    let mut values: Vec<(u64, Span)> = Vec::new();
    let items = match value {
        Value::List(list) => list.node.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut sound = true;
    for item in items {
        match item {
            Value::Number(n) => {
                match quantity::whole(n, 1, MAX_VALUE, &format!("a level of `{knob}`"), out) {
                    Some(level) => values.push((level, n.span)),
                    None => sound = false,
                }
            }
            Value::Range(range) => {
                let what = format!("a bound of the range of `{knob}`");
                let start = quantity::whole(&range.start, 1, MAX_VALUE, &what, out);
                let end = quantity::whole(&range.end, 1, MAX_VALUE, &what, out);
                let step = match &range.step {
                    Some(n) => quantity::whole(n, 1, MAX_VALUE, "a step", out),
                    None => Some(1),
                };
                // What waits for arguments has no value yet; how the range is written is known.
                let open = [Some(&range.start), Some(&range.end), range.step.as_ref()];
                let open = open.into_iter().flatten().any(|n| n.expr.is_some());
                if open && !range.inclusive {
                    out.push(
                        Diagnostic::error(
                            codes::BAD_LEVELS,
                            "a range must say that its end belongs to it",
                        )
                        .label(range.span, "`..` leaves it open")
                        .help("write `..=` instead of `..`")
                        .suggest(between(range.start.span, range.end.span), "..="),
                    );
                }
                if let (Some(start), Some(end)) = (start, end)
                    && start > end
                    && open
                {
                    let bounds = range.start.span.to(range.end.span);
                    let turned = backwards(range.span, start, end);
                    out.push(turned.suggest(bounds, format!("{end}..={start}")));
                }
                let (Some(start), Some(end), Some(step)) = (start, end, step) else {
                    sound = false;
                    continue;
                };
                if !range.inclusive {
                    let step = match step {
                        1 => String::new(),
                        step => format!(" step {step}"),
                    };
                    let written = format!("{start}..={end}{step}");
                    out.push(
                        Diagnostic::error(
                            codes::BAD_LEVELS,
                            "a range must say that its end belongs to it",
                        )
                        .label(range.span, "`..` leaves it open")
                        .help(format!("write `{written}`"))
                        .suggest(range.span, written),
                    );
                    sound = false;
                } else if start > end {
                    let step = match step {
                        1 => String::new(),
                        step => format!(" step {step}"),
                    };
                    let written = format!("{end}..={start}{step}");
                    out.push(backwards(range.span, start, end).suggest(range.span, written));
                    sound = false;
                } else if (end - start) / step >= (MAX_LEVELS - values.len().min(MAX_LEVELS)) as u64
                {
                    out.push(
                        Diagnostic::error(
                            codes::BAD_LEVELS,
                            format!("more than {MAX_LEVELS} levels"),
                        )
                        .label(range.span, format!("{} values", (end - start) / step + 1))
                        .help("narrow the range or add `step`"),
                    );
                    sound = false;
                } else {
                    values.extend(
                        (start..=end)
                            .step_by(step as usize)
                            .map(|v| (v, range.span)),
                    );
                }
            }
            other => {
                out.push(fields::wrong(
                    other.span(),
                    &format!("a level of `{knob}`"),
                    "a number or a range",
                    "1..=12",
                ));
                sound = false;
            }
        }
    }
    if sound && values.is_empty() {
        out.push(
            Diagnostic::error(codes::BAD_LEVELS, format!("knob `{knob}` has no levels"))
                .label(value.span(), "an empty list")
                .help("write e.g. `[1, 2, 4, 8]` or `1..=12`"),
        );
        return None;
    }
    let mut sorted: Vec<u64> = values.iter().map(|v| v.0).collect();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|w| w[0] == w[1]) {
        let places: Vec<Span> = values
            .iter()
            .filter(|v| v.0 == twice[0])
            .map(|v| v.1)
            .collect();
        let diagnostic = Diagnostic::error(
            codes::BAD_LEVELS,
            format!("level {} of `{knob}` is given twice", twice[0]),
        )
        .label(places[1], "given again here")
        .label(places[0], "first given here")
        .help("remove one of the two");
        // A level of a range cannot be taken out; one that stands alone goes with the comma before it.
        let alone = |place: &Span| values.iter().filter(|v| v.1 == *place).count() == 1;
        let before = places
            .get(1)
            .filter(|place| alone(place))
            .and_then(|place| {
                let at = values.iter().position(|v| v.1 == *place)?;
                Some((values.get(at.checked_sub(1)?)?.1, *place))
            });
        out.push(match before {
            Some((before, place)) => {
                let comma = between(before, place);
                let removed = Span {
                    end: place.end,
                    ..comma
                };
                diagnostic.suggest(removed, "")
            }
            None => diagnostic,
        });
        return None;
    }
    sound.then(|| values.into_iter().map(|v| v.0).collect())
}

/// What stands between two places.
fn between(first: Span, second: Span) -> Span {
    Span {
        file: first.file,
        start: first.end,
        end: second.start,
    }
}

fn backwards(range: Span, start: u64, end: u64) -> Diagnostic {
    Diagnostic::error(codes::BAD_LEVELS, "an empty range")
        .label(range, format!("{start} is larger than {end}"))
        .help(format!("write `{end}..={start}`"))
}

/// `dataflow in [nvdla, eyeriss]` inside a menu: what is wrong with its form.
fn check_choice(knob: &KnobDecl, out: &mut Vec<Diagnostic>) {
    if let Some(span) = knob.per_layer {
        out.push(
            Diagnostic::error(
                codes::BAD_LEVELS,
                "a dataflow is chosen for each layer in any case",
            )
            .label(span, "changes nothing here")
            .help("leave `per layer` out"),
        );
    }
    let Value::List(list) = &knob.values else {
        out.push(fields::wrong(
            knob.values.span(),
            "`dataflow in`",
            "a list of dataflows",
            "dataflow in [nvdla, eyeriss]",
        ));
        return;
    };
    if list.node.is_empty() {
        out.push(no_dataflow(list.span));
    }
    for item in &list.node {
        if !matches!(item, Value::Path(_)) {
            out.push(fields::wrong(
                item.span(),
                "a choice of `dataflow in`",
                "the name of a dataflow",
                "nvdla",
            ));
        }
    }
}

/// A choice of dataflows without any.
pub fn no_dataflow(span: Span) -> Diagnostic {
    Diagnostic::error(codes::MISSING_FIELD, "no dataflow to choose from")
        .label(span, "an empty list")
        .help("write e.g. `dataflow in [nvdla, eyeriss, shidiannao]`")
}

/// The dataflows that a menu lets each layer choose from, and where it does; what is no name in
/// the list was reported by [`lower`].
pub fn dataflows(decl: &MenuDecl) -> Option<(Vec<Path>, Span)> {
    let knob = decl
        .knobs
        .iter()
        .find(|k| k.refine.is_none() && k.name.node == "dataflow")?;
    let list = match &knob.values {
        Value::List(list) => list.node.as_slice(),
        _ => &[],
    };
    let paths = list.iter().filter_map(|item| match item {
        Value::Path(path) => Some(path.clone()),
        _ => None,
    });
    Some((paths.collect(), knob.name.span))
}

/// A knob by name among those of a menu, or a diagnostic.
pub fn find_knob(menu: &Menu, name: &Name, out: &mut Vec<Diagnostic>) -> Option<usize> {
    let found = menu.find(&name.node);
    if found.is_none() {
        let mut known: Vec<&str> = menu.knobs.iter().map(|k| k.name.as_str()).collect();
        known.push("dataflow");
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_KNOB,
            format!("menu `{}` has no knob `{}`", menu.name, name.node),
        )
        .label(name.span, "not a knob")
        .label(menu.span, "the design's menu");
        out.push(remedy(diagnostic, name, &known));
    }
    found
}
