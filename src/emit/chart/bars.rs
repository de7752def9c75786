//! Bars: budgets with what is used of them, and sums by component.

use super::canvas::{Anchor, Canvas, TEXT, text_width};
use crate::base::units::Quantity;
use crate::cost::Part;
use crate::emit::decision::{BINDING, BudgetUse};
use crate::emit::markup::Markup;
use crate::emit::number::{amount, percent};

const WIDTH: f64 = 420.0;
const LEFT: f64 = 6.0;
const RIGHT: f64 = 414.0;

/// `15.9 of 16.2 mm2, 98.1 %`
pub fn used_text(budget: &BudgetUse) -> String {
    let quantity = budget.limit.metric.quantity();
    let (used, limit) = (
        amount(quantity, budget.used),
        amount(quantity, budget.limit.limit),
    );
    if budget.limit.metric.larger_is_better() {
        format!("{used}, at least {limit} wanted")
    } else {
        format!("{used} of {limit}, {}", percent(budget.share()))
    }
}

/// One bar per budget; the limit is marked.
pub fn budgets(budgets: &[BudgetUse]) -> Markup {
    const LINE: f64 = 48.0;
    let height = budgets.len() as f64 * LINE + 4.0;
    let all: Vec<String> = budgets
        .iter()
        .map(|b| format!("{}: {}", b.limit.metric.name(), used_text(b)))
        .collect();
    let description = all.join(". ");
    let mut canvas = Canvas::new(
        "budgets",
        (WIDTH, height),
        "Budgets, used and limit",
        &description,
    );
    let shares = budgets
        .iter()
        .map(BudgetUse::share)
        .filter(|s| s.is_finite());
    let most = shares.fold(1.0, f64::max);
    let full = (RIGHT - LEFT) / most;
    for (i, budget) in budgets.iter().enumerate() {
        let top = i as f64 * LINE;
        let share = budget.share();
        let class = match share {
            s if s > 1.0 => "over",
            s if s >= BINDING => "second",
            _ => "first",
        };
        let name = budget.limit.metric.name();
        canvas.text((LEFT, top + 15.0), Anchor::Start, "name strong", name);
        canvas.text((RIGHT, top + 15.0), Anchor::End, "tick", &used_text(budget));
        canvas.rectangle((LEFT, top + 23.0), (full, 14.0), "shade");
        // Of what is not known there is no bar; the text says so.
        if share.is_finite() {
            canvas.rectangle((LEFT, top + 23.0), (share * full, 14.0), class);
        }
        let limit = LEFT + full;
        canvas.line((limit, top + 20.0), (limit, top + 40.0), "axis");
    }
    canvas.finish()
}

const CLASSES: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];

/// Sums cut into their components, one bar each, with the share of every component below.
pub fn components(sums: &[(&str, Quantity, &[Part])]) -> Markup {
    let rows = |parts: &[Part]| parts.len().div_ceil(2) as f64;
    let tall = |parts: &[Part]| 58.0 + rows(parts) * 20.0;
    let height = sums.iter().map(|s| tall(s.2)).sum::<f64>().max(20.0);
    let say = |(name, quantity, parts): &(&str, Quantity, &[Part])| {
        let total: f64 = parts.iter().map(|p| p.1).sum();
        let parts = parts
            .iter()
            .map(|p| format!("{} {}", p.0, share(p.1, total)));
        format!(
            "{name} {}: {}",
            amount(*quantity, total),
            parts.collect::<Vec<_>>().join(", ")
        )
    };
    let description = sums.iter().map(say).collect::<Vec<_>>().join(". ");
    let mut canvas = Canvas::new(
        "components",
        (WIDTH, height),
        "Area and energy by component",
        &description,
    );
    let mut top = 0.0;
    for &(name, quantity, parts) in sums {
        let total: f64 = parts.iter().map(|p| p.1).sum();
        canvas.text((LEFT, top + 15.0), Anchor::Start, "name strong", name);
        canvas.text(
            (RIGHT, top + 15.0),
            Anchor::End,
            "tick",
            &amount(quantity, total),
        );
        let mut left = LEFT;
        for (i, part) in parts.iter().enumerate() {
            let width = if total > 0.0 {
                part.1 / total * (RIGHT - LEFT)
            } else {
                0.0
            };
            let class = CLASSES[i % CLASSES.len()];
            let tip = format!("{}: {}", part.0, amount(quantity, part.1));
            canvas.named_rectangle((left, top + 23.0), (width, 18.0), class, &tip);
            left += width;
            let (column, row) = ((i % 2) as f64, (i / 2) as f64);
            let (x, y) = (LEFT + column * (WIDTH / 2.0), top + 50.0 + row * 20.0);
            canvas.rectangle((x, y), (11.0, 11.0), class);
            canvas.text((x + 17.0, y + 10.0), Anchor::Start, "tick", part.0);
            let end = x + WIDTH / 2.0 - 14.0;
            canvas.text((end, y + 10.0), Anchor::End, "tick", &share(part.1, total));
            debug_assert!(text_width(part.0, TEXT) < WIDTH / 2.0 - 80.0);
        }
        top += tall(parts);
    }
    canvas.finish()
}

/// What part of a sum a component is. What is there is never said to be nothing.
pub fn share(part: f64, total: f64) -> String {
    match part / total {
        share if !share.is_finite() => "none".to_string(),
        0.0 => "0 %".to_string(),
        share if share < 0.0005 => "< 0.1 %".to_string(),
        share => percent(share),
    }
}
