//! `cfxc cost`: prices, without any search.

use super::assign;
use super::console::Console;
use super::designs;
use super::exit::Exit;
use super::files;
use super::infeasible;
use crate::base::span::SourceMap;
use crate::cost;
use crate::diag::{Diagnostic, codes};
use crate::emit::prices::{self, PriceRow};
use crate::emit::{Decision, json, summary};
use crate::ir::problem::Problem;
use crate::space::{Grid, MAX_PRICES, Point, Space, SpaceError, table};
use rayon::prelude::*;
use serde_json::json;

/// Price layers without any search
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cfxc cost spec.cfx --menu --format csv          every layer at every coarse point of the menu
  cfxc cost spec.cfx --menu --fine --format csv   the refined ranges too
  cfxc cost spec.cfx --assign build/edge_npu.json the choices of a build
  cfxc cost spec.cfx --assign choices.csv         choices of your own: layer,pes,buffer

Being over budget is reported, not refused.")]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub struct Args {
    /// Specification
    spec: String,
    /// Which design, if there are several
    #[arg(long, value_name = "NAME")]
    design: Option<String>,
    /// Every layer at every point of the menu
    #[arg(long, group = "what")]
    menu: bool,
    /// With the refined ranges
    #[arg(long, group = "what", conflicts_with = "assign")]
    fine: bool,
    /// The choices in this file: JSON that `build` wrote, or CSV
    #[arg(long, group = "what", value_name = "FILE", conflicts_with = "menu")]
    assign: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Threads; 0 takes all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    jobs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// Comma-separated values
    Csv,
    /// One document
    Json,
    /// For people
    #[default]
    Table,
}

pub fn run(args: &Args, console: &Console) -> Exit {
    super::use_threads(args.jobs);
    let (mut loaded, problem) = match designs::only(&args.spec, args.design.as_deref(), console) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    match &args.assign {
        None => whole_menu(&problem, args, console, &loaded.sources),
        Some(path) => assignment(&problem, path, args.format, console, &mut loaded.sources),
    }
}

/// Every layer at every point of the grid, refused ones included.
fn whole_menu(problem: &Problem, args: &Args, console: &Console, sources: &SourceMap) -> Exit {
    let grid = Grid::new(&problem.menu, problem.dataflows.len(), args.fine, &[]);
    let rows = problem.layers.len();
    let Some(size) = grid.size().filter(|s| s.saturating_mul(rows) <= MAX_PRICES) else {
        let points = grid.axes.iter().map(|a| a.len() as f64).product::<f64>();
        let error = SpaceError::TooLarge {
            points: points * grid.dataflows as f64,
            shapes: problem.shapes.len(),
        };
        console.show(&[infeasible::no_space(problem, &error, sources)], sources);
        return Exit::Wrong;
    };
    let points: Vec<Point> = if args.fine {
        (0..size as Point).collect()
    } else {
        grid.coarse_points()
    };
    let Some(model) = cost::build(problem.model, &problem.technology, problem.precision) else {
        unreachable!("sema knows only registered models")
    };
    let priced: Vec<Vec<PriceRow>> = (0..problem.shapes.len())
        .into_par_iter()
        .map(|shape| {
            let row = |&point: &Point| {
                let price = table::price(problem, model.as_ref(), &grid, shape, point);
                row(0, &grid, point, price)
            };
            points.par_iter().map(row).collect()
        })
        .collect();
    let mut list = Vec::with_capacity(rows * points.len());
    for (layer, spec) in problem.layers.iter().enumerate() {
        list.extend(priced[spec.shape].iter().map(|row| PriceRow {
            layer,
            ..row.clone()
        }));
    }
    print(problem, &list, None, args.format, console)
}

fn row(
    layer: usize,
    grid: &Grid,
    point: Point,
    price: Result<cost::Price, cost::Refused>,
) -> PriceRow {
    let (dataflow, knobs) = grid.values(point);
    PriceRow {
        layer,
        dataflow,
        knobs,
        price,
    }
}

fn print(
    problem: &Problem,
    rows: &[PriceRow],
    totals: Option<serde_json::Value>,
    format: Format,
    console: &Console,
) -> Exit {
    console.print(&match format {
        Format::Csv => prices::csv(problem, rows),
        Format::Table => prices::table(problem, rows),
        Format::Json => {
            let mut design = json!({
                "design": problem.design,
                "prices": prices::json(problem, rows),
            });
            if let Some(totals) = totals {
                design["totals"] = totals;
            }
            json::text(&json::document(vec![design]))
        }
    })
}

/// The choices of a file, and what they add up to.
fn assignment(
    problem: &Problem,
    path: &str,
    format: Format,
    console: &Console,
    sources: &mut SourceMap,
) -> Exit {
    let file = match files::read(path, sources) {
        Ok(file) => file,
        Err(diagnostic) => {
            let exit = Exit::of(std::slice::from_ref(&diagnostic));
            console.show(&[diagnostic], sources);
            return exit;
        }
    };
    let choices = match assign::read(file, sources, problem) {
        Ok(choices) => choices,
        Err(diagnostics) => {
            console.show(&diagnostics, sources);
            return Exit::Wrong;
        }
    };
    let space = match Space::new(problem, true) {
        Ok(space) => space,
        Err(error) => {
            console.show(&[infeasible::no_space(problem, &error, sources)], sources);
            return Exit::Wrong;
        }
    };
    let mut rows = Vec::new();
    let mut points = Vec::new();
    for (layer, (dataflow, values)) in choices.iter().enumerate() {
        let Some(point) = space.grid.find(*dataflow, values) else {
            unreachable!("the values were checked against the same menu")
        };
        let shape = problem.layers[layer].shape;
        let price = table::price(problem, space.model.as_ref(), &space.grid, shape, point);
        rows.push(row(layer, &space.grid, point, price));
        points.push(point);
    }
    let decision = space
        .totals(&points)
        .and_then(|totals| Decision::of(&space, &points, totals));
    let Some(decision) = decision else {
        let totals = Some(serde_json::Value::Null);
        let printed = print(problem, &rows, totals, format, console);
        let refused: Vec<Diagnostic> = rows.iter().filter_map(|r| refusal(problem, r)).collect();
        console.show(&refused, sources);
        return if printed == Exit::Done {
            Exit::Wrong
        } else {
            printed
        };
    };
    let budgets = json::budgets(&decision);
    let mut totals = json::metrics(&decision.totals, decision.clock_hz());
    totals["within_budgets"] = decision.budgets.iter().all(|b| b.holds()).into();
    totals["budgets"] = budgets.into();
    let exit = print(problem, &rows, Some(totals), format, console);
    if format != Format::Json {
        console.remark(summary::totals(&decision, console.error_style).trim_end());
    }
    exit
}

/// That a chosen point has no price.
fn refusal(problem: &Problem, row: &PriceRow) -> Option<Diagnostic> {
    let refused = row.price.as_ref().err()?;
    let diagnostic = Diagnostic::error(
        codes::NO_PRICE,
        format!(
            "model `{}` has no price for layer `{}` as chosen",
            problem.model, problem.layers[row.layer].name
        ),
    )
    .help("choose another point; `cfxc cost SPEC --menu` shows which have prices");
    Some(infeasible::at_both(
        diagnostic, refused, None, problem, row.layer,
    ))
}
