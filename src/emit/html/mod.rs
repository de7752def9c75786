//! The report of one design as one page: no script, nothing from elsewhere, everything in it.

mod charts;
mod sections;

use super::decision::Decision;
use super::markup::Markup;
use super::{breakdown, chart, insight};

const STYLE: &str = include_str!("style.css");

/// The page. `command` makes the same decision again.
pub fn report(decision: &Decision, command: &str) -> String {
    let mut m = Markup::default();
    m.open("html", &[("lang", "en")]);
    head(decision, &mut m);
    m.open("body", &[]);
    m.open("main", &[]);
    m.open("h1", &[]);
    m.leaf("bdi", &[], &decision.problem.design);
    m.close();
    m.line();
    sections::warnings(decision, &mut m);
    sections::summary(decision, &mut m);
    let breakdown = breakdown::of(decision);
    charts::budgets(decision, &mut m);
    charts::layers(decision, &mut m);
    charts::roofline(decision, &breakdown, &mut m);
    charts::components(decision, &breakdown, &mut m);
    charts::convergence(decision, &mut m);
    charts::front(decision, &mut m);
    sections::inputs(decision, &mut m);
    sections::origin(decision, command, &mut m);
    format!("<!DOCTYPE html>\n{}\n", m.finish())
}

fn head(decision: &Decision, m: &mut Markup) {
    m.open("head", &[]);
    m.void("meta", &[("charset", "utf-8")]);
    m.void(
        "meta",
        &[
            ("name", "viewport"),
            ("content", "width=device-width, initial-scale=1"),
        ],
    );
    m.void(
        "meta",
        &[("name", "color-scheme"), ("content", "light dark")],
    );
    // Whatever a name may smuggle in, nothing runs and nothing is fetched.
    m.void(
        "meta",
        &[
            ("http-equiv", "Content-Security-Policy"),
            ("content", "default-src 'none'; style-src 'unsafe-inline'"),
        ],
    );
    m.leaf(
        "title",
        &[],
        &format!(
            "{}: {}",
            decision.problem.design,
            insight::headline(decision)
        ),
    );
    m.style(STYLE);
    m.style(chart::STYLE);
    m.close();
    m.line();
}

/// A heading of the second rank.
fn heading(title: &str, m: &mut Markup) {
    m.line();
    m.leaf("h2", &[], title);
    m.line();
}

/// A sentence, with what stands in backquotes as code.
fn sentence(text: &str, m: &mut Markup) {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backquote is part of a name.
    if parts.len().is_multiple_of(2) {
        m.text(text);
        return;
    }
    for (i, part) in parts.into_iter().enumerate() {
        match i % 2 {
            0 => m.text(part),
            _ => m.leaf("code", &[], part),
        }
    }
}

/// A paragraph.
fn paragraph(text: &str, m: &mut Markup) {
    m.open("p", &[]);
    sentence(text, m);
    m.close();
    m.line();
}

/// A list of sentences.
fn list(lines: &[String], m: &mut Markup) {
    m.open("ul", &[]);
    for line in lines {
        m.open("li", &[]);
        sentence(line, m);
        m.close();
    }
    m.close();
    m.line();
}

/// Something wide, which scrolls by itself and can be reached with the keyboard.
fn scrolling(name: &str, m: &mut Markup, content: impl FnOnce(&mut Markup)) {
    m.open(
        "div",
        &[
            ("class", "scroll"),
            ("role", "group"),
            ("tabindex", "0"),
            ("aria-label", name),
        ],
    );
    content(m);
    m.close();
    m.line();
}

/// Figures behind a picture, folded away.
fn folded(title: &str, m: &mut Markup, content: impl FnOnce(&mut Markup)) {
    m.open("details", &[]);
    m.leaf("summary", &[], title);
    scrolling(title, m, content);
    m.close();
    m.line();
}
