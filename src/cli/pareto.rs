//! `cfxc pareto`: what the objective costs in a budget, limit by limit.

use super::console::Console;
use super::exit::Exit;
use super::progress::Steps;
use super::stop::{Stopper, TimeLimit};
use super::{build, designs, infeasible, output};
use crate::base::span::{SourceMap, Span, Spanned};
use crate::certify::pareto::{self, Front};
use crate::diag::nearest::nearest;
use crate::diag::{Diagnostic, codes};
use crate::emit::{chart, front, json};
use crate::ir::metric::Metric;
use crate::ir::problem::{Limit, Problem};
use crate::sema;
use crate::space::Space;
use crate::syntax::ast::Number;
use std::path::Path;
use std::time::Instant;

/// Show the best possible under a row of budgets, without any search
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc pareto spec.cfx --over area
  cfxc pareto spec.cfx --over area --from 5% --to 100% --points 40
  cfxc pareto spec.cfx --over latency --from 5ms --to 20ms --format csv
  cfxc pareto spec.cfx --over power --format svg -o front.svg

Limits are spaced evenly. A percentage is a share of the span between the menu's smallest and largest
design, as in a budget. The design's other budgets and its pins hold; a budget on the same metric is
replaced. Every step is solved by the solver of the certificates, over the values that the design's
search may use, and says how far it is from the best possible; a limit within which nothing fits is said to be one.")]
pub struct Args {
    /// Specification
    spec: String,
    /// Which design, if there are several
    #[arg(long, value_name = "NAME")]
    design: Option<String>,
    /// The metric whose budget moves: area, power, latency, energy or throughput
    #[arg(long, value_name = "METRIC")]
    over: String,
    /// The first limit, a share or an amount
    #[arg(
        long,
        value_name = "LIMIT",
        default_value = "5%",
        allow_hyphen_values = true
    )]
    from: String,
    /// The last limit
    #[arg(
        long,
        value_name = "LIMIT",
        default_value = "100%",
        allow_hyphen_values = true
    )]
    to: String,
    /// Number of limits, the first and the last among them
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(2..=1000))]
    points: u32,
    /// Partial designs the solver may look at for each limit
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    states: u32,
    /// Stop the solver after this time and keep what it has proved
    #[arg(long, value_name = "DURATION")]
    time_limit: Option<TimeLimit>,
    /// What is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// A file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// Threads; 0 takes all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    jobs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// Comma-separated values
    Csv,
    /// One document
    Json,
    /// A picture
    Svg,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    let start = Instant::now();
    super::use_threads(args.jobs);
    let (mut loaded, problem) = match designs::only(&args.spec, args.design.as_deref(), console) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    if console.denied() {
        return Exit::Done;
    }
    let asked = match asked(args, &problem, &mut loaded.sources) {
        Ok(asked) => asked,
        Err(diagnostics) => {
            console.show(&diagnostics, &loaded.sources);
            return Exit::Usage;
        }
    };
    console.show(&asked.warnings, &loaded.sources);
    if console.denied() {
        return Exit::Done;
    }
    let refined = problem.stages.iter().any(|s| s.refines);
    let space = match Space::new(&problem, refined) {
        Ok(space) => space,
        Err(error) => {
            let diagnostic = infeasible::no_space(&problem, &error, &loaded.sources);
            console.show(&[diagnostic], &loaded.sources);
            return Exit::Wrong;
        }
    };
    let limits = match limits(&space, &asked, args.points) {
        Ok(limits) => limits,
        Err(diagnostic) => {
            console.show(&[*diagnostic], &loaded.sources);
            return Exit::Usage;
        }
    };
    let stopper = Stopper::new(args.time_limit.as_ref(), start);
    let bar = Steps::new("limits", limits.len(), console.progress);
    let front = pareto::front(
        &space,
        asked.over,
        &limits,
        &[],
        args.states as usize,
        stopper.flag(),
        &|| bar.done(),
    );
    drop(bar);
    let stopped_by = front.stopped.then(|| stopper.by());
    let exit = write(args, &problem, &front, stopped_by.as_deref(), console);
    match stopper.by_user() {
        true => build::worse(exit, Exit::Interrupted),
        false => exit,
    }
}

fn write(
    args: &Args,
    problem: &Problem,
    front: &Front,
    stopped_by: Option<&str>,
    console: &Console,
) -> Exit {
    if let Some(by) = stopped_by {
        console.remark(&format!(
            "stopped by {by}; gaps are what was proved until then"
        ));
    }
    let text = match args.format {
        Format::Table => front::table(problem, front),
        Format::Csv => front::csv(problem, front),
        Format::Json => json::text(&front::json(problem, front, stopped_by)),
        Format::Svg => chart::front::draw(problem, front, None, true).finish() + "\n",
    };
    let Some(path) = &args.output else {
        return console.print(&text);
    };
    match output::write_file(Path::new(path), &text) {
        Ok(()) => {
            console.remark(&format!("wrote {path}"));
            Exit::Done
        }
        Err(diagnostic) => {
            console.fail(diagnostic);
            Exit::Files
        }
    }
}

/// What the command line asks for.
struct Asked {
    over: Metric,
    from: Spanned<Limit>,
    to: Spanned<Limit>,
    warnings: Vec<Diagnostic>,
}

/// An argument as a text of its own, in which diagnostics point.
fn placed(option: &str, text: &str, sources: &mut SourceMap) -> Span {
    Span {
        file: sources.add(option, text),
        start: 0,
        end: text.len() as u32,
    }
}

fn asked(
    args: &Args,
    problem: &Problem,
    sources: &mut SourceMap,
) -> Result<Asked, Vec<Diagnostic>> {
    let over = over(args, problem, sources).map_err(|d| vec![*d])?;
    let mut found = Vec::new();
    let mut end = |option: &str, text: &str| {
        let span = placed(option, text, sources);
        let number = number(text, span, &mut found)?;
        let clock = problem.technology.clock_hz();
        let limit = sema::limit(&number, over, clock, &mut found)?;
        Some(Spanned::new(limit, span))
    };
    let (from, to) = (end("--from", &args.from), end("--to", &args.to));
    match (from, to) {
        (Some(from), Some(to)) => Ok(Asked {
            over,
            from,
            to,
            warnings: found,
        }),
        _ => Err(found),
    }
}

/// The metric that may be limited and is not itself what is optimised.
fn over(
    args: &Args,
    problem: &Problem,
    sources: &mut SourceMap,
) -> Result<Metric, Box<Diagnostic>> {
    let span = placed("--over", &args.over, sources);
    let can = Metric::ALL.into_iter().filter(|m| m.can_be_budget());
    let names: Vec<&str> = can.map(Metric::name).collect();
    let Some(metric) = Metric::parse(&args.over) else {
        let near = nearest(&args.over, names.iter().copied());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is: {}", names.join(", ")),
        };
        let message = format!("there is no metric `{}`", args.over);
        return Err(Box::new(
            Diagnostic::error(codes::UNKNOWN_NAME, message)
                .label(span, "not a metric")
                .help(help),
        ));
    };
    let wrong = |message: String, label: &str| {
        let others: Vec<&str> = names
            .iter()
            .copied()
            .filter(|n| *n != problem.objective.metric.name())
            .collect();
        Box::new(
            Diagnostic::error(codes::BAD_LIMIT, message)
                .label(span, label)
                .help(format!("budgets that can move: {}", others.join(", "))),
        )
    };
    if !metric.can_be_budget() {
        let message = format!("`{}` cannot be a budget", metric.name());
        return Err(wrong(message, "no budget limits this"));
    }
    if metric == problem.objective.metric {
        let message = format!("`{}` is what `{}` optimises", metric.name(), problem.design);
        return Err(wrong(
            message,
            "the front of a metric with itself is a line",
        ));
    }
    Ok(metric)
}

/// A number with its unit, as it would stand in a specification.
fn number(text: &str, span: Span, out: &mut Vec<Diagnostic>) -> Option<Number> {
    let trimmed = text.trim();
    let value = |digits: &str| digits.replace('_', "").parse::<f64>().ok();
    let starts = |digits: &str| {
        let digits = digits.strip_prefix('-').unwrap_or(digits);
        digits.starts_with(|c: char| c.is_ascii_digit())
    };
    // The longest beginning that is a number: `5e3cycles` has an exponent, `5e` has none.
    let ends = trimmed.char_indices().map(|(i, c)| i + c.len_utf8()).rev();
    let end = ends
        .filter(|&end| starts(&trimmed[..end]))
        .find(|&end| value(&trimmed[..end]).is_some());
    let number = end.and_then(|end| Some((value(&trimmed[..end])?, trimmed[end..].trim())));
    let Some((value, unit)) = number else {
        out.push(
            Diagnostic::error(codes::BAD_NUMBER, "a limit begins with a number")
                .label(span, "no number")
                .help("write a share such as `5%`, or an amount with its unit such as `2.5mm2`"),
        );
        return None;
    };
    let unit = (!unit.is_empty()).then(|| Spanned::new(unit.to_string(), span));
    Some(Number {
        value,
        integer: None,
        unit,
        expr: None,
        span,
    })
}

/// The limits, evenly spaced from the first to the last.
fn limits(
    space: &Space,
    asked: &Asked,
    points: u32,
) -> Result<Vec<(f64, Option<f64>)>, Box<Diagnostic>> {
    let over = asked.over;
    let absolute = |end: &Spanned<Limit>| {
        space.absolute(over, end.node).ok_or_else(|| {
            let message = "a percentage needs the menu's cheapest and dearest design, and there is neither";
            Box::new(
                Diagnostic::error(codes::NO_CORNER, message)
                    .label(end.span, "a share of an unknown span")
                    .help("at each corner of the menu the model refuses some layer; write an amount with a unit"),
            )
        })
    };
    let (first, last) = (absolute(&asked.from)?, absolute(&asked.to)?);
    if first >= last {
        let same = first == last;
        let label = if same {
            "as much as `--from`"
        } else {
            "less than `--from`"
        };
        return Err(Box::new(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                "a row of limits rises from `--from` to `--to`",
            )
            .label(asked.to.span, label)
            .help("give `--from` the smaller of the two"),
        ));
    }
    let steps = f64::from(points - 1);
    let between = |a: f64, b: f64, i: u32| match i {
        0 => a,
        i if i == points - 1 => b,
        i => a + (b - a) * f64::from(i) / steps,
    };
    let at = |i: u32| match (asked.from.node, asked.to.node) {
        (Limit::Share(a), Limit::Share(b)) => {
            let share = between(a, b, i);
            (
                space.absolute(over, Limit::Share(share)).unwrap_or(first),
                Some(share),
            )
        }
        _ => (between(first, last, i), None),
    };
    Ok((0..points).map(at).collect())
}
