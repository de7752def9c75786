//! The page in a real browser, headless, in a wide and a narrow window, light and dark
//! (`tests/report/check.js`).

use super::{WILD, cheapest, decided, deep, page, small};
use serde_json::Value;
use std::process::Command;

const CHECK: &str = include_str!("check.js");

/// A browser that can be run here. Without one the tests pass without looking, unless the variable
/// `CFXC_REQUIRE_TOOLS` says that nothing may be skipped.
fn browser() -> Option<&'static str> {
    let runs = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(runs);
    if found.is_none() {
        let required = std::env::var_os("CFXC_REQUIRE_TOOLS").is_some_and(|v| v == "1");
        assert!(
            !required,
            "Chromium is not installed, and CFXC_REQUIRE_TOOLS=1"
        );
        eprintln!("skipped: Chromium is not installed");
    }
    found
}

/// `%XX` back to what it stands for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (code, after) = rest.split_at(2);
            let code = std::str::from_utf8(code).expect("two digits");
            bytes.push(u8::from_str_radix(code, 16).expect("two digits"));
            rest = after;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// What the check finds in a page.
fn looked_at(browser: &str, page: &str, dark: bool) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    // A closing tag within the text of a script would end it.
    let text = Value::from(page)
        .to_string()
        .replace("</", "<\\/")
        .replace("<!--", "<\\!--");
    let wrapper = format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><body><script>const PAGE = {text};\n{CHECK}</script>"
    );
    let file = folder.path().join("wrapper.html");
    std::fs::write(&file, wrapper).expect("written");
    let profile = folder.path().join("profile");
    let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
    let output = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--virtual-time-budget=60000",
            "--dump-dom",
        ])
        .arg(scheme)
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("the browser runs");
    let dom = String::from_utf8_lossy(&output.stdout);
    let result = dom
        .split("<pre id=\"result\">")
        .nth(1)
        .and_then(|r| r.split("</pre>").next());
    let errors = String::from_utf8_lossy(&output.stderr);
    let result = result.unwrap_or_else(|| panic!("no result: {errors}"));
    serde_json::from_str(&decoded(result)).expect("JSON")
}

/// Looks at a page in both colour schemes.
fn hold(name: &str, page: &str) {
    let Some(browser) = browser() else { return };
    for dark in [false, true] {
        let result = looked_at(browser, page, dark);
        for window in ["wide", "narrow"] {
            let seen = &result[window];
            let found = seen["found"].as_array().expect("a list");
            let found: Vec<&str> = found.iter().filter_map(Value::as_str).collect();
            assert!(
                found.is_empty(),
                "{name}, dark {dark}:\n{}",
                found.join("\n")
            );
            assert!(
                seen["elements"].as_u64() > Some(200),
                "{name}: hardly anything was seen"
            );
            // The page follows the reader's wish.
            let ground = seen["ground"].as_str().expect("a colour");
            assert_eq!(ground == "rgb(255, 255, 255)", !dark, "{name}: {ground}");
        }
    }
}

fn example(name: &str) -> String {
    std::fs::read_to_string(format!("examples/{name}.cfx")).expect("an example")
}

#[test]
fn one_engine_for_each_layer() {
    hold("mobilenet", &decided(&example("mobilenet_v2"), page));
}

#[test]
fn a_pipeline_of_mixed_dataflows() {
    hold("resnet", &decided(&example("resnet50_mixed"), page));
}

#[test]
fn one_engine_for_all() {
    hold("sequential", &decided(&example("sequential"), page));
}

#[test]
fn figures_of_another_model() {
    hold("paper", &decided(&example("paper_problem"), page));
}

#[test]
fn names_that_models_bring_along() {
    hold("wild", &decided(&small(WILD), page));
}

#[test]
fn a_deep_network() {
    hold("deep", &cheapest(&deep(600), page));
}

/// The check sees what it is there to see.
#[test]
fn faults_are_found() {
    let Some(browser) = browser() else { return };
    let page = decided(&small(["a", "b", "c"]), page);
    let faults = [
        ("<h1>", "<p>NaN</p><h1>", "missing data"),
        (
            "<h1>",
            "<p><img src=\"x.png\" alt=\"\"></p><h1>",
            "a reference",
        ),
        ("<h1>", "<script>1</script><h1>", "a script"),
        ("<h1>", "<h3>x</h3><h1>", "out of order"),
        ("<h1>", "<p style=\"width: 3000px\">x</p><h1>", "sideways"),
        ("<h1>", "<p style=\"color: #888\">x</p><h1>", "contrast"),
        ("<caption>All metrics</caption>", "", "no caption"),
        (
            "aria-labelledby=\"layers-title",
            "aria-label=\"",
            "without description",
        ),
        (
            "</desc><text class=\"name strong\" x=\"6\"",
            "</desc><text class=\"name strong\" x=\"-60\"",
            "outside",
        ),
    ];
    for (from, to, said) in faults {
        let broken = page.replacen(from, to, 1);
        assert_ne!(broken, page, "{from}");
        let found = looked_at(browser, &broken, false).to_string();
        assert!(found.contains(said), "{said}: {found}");
    }
}
