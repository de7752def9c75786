//! The results of tests: for people, as JUnit XML, and as annotations of GitHub.

use super::number::counted;
use super::summary::Style;

/// How one test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// As expected; what came out, if there is more to say than that.
    Passed(Option<String>),
    /// Not as expected: one sentence, and lines of detail.
    Failed(String, Vec<String>),
    /// Not run: why.
    Skipped(String),
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The design it is about; `None` if it is about the whole specification.
    pub design: Option<String>,
    /// What is tested, such as `latency <= 22.5 ms`.
    pub name: String,
    /// One-based line and column in the specification.
    pub place: (usize, usize),
    /// How it ended.
    pub ending: Ending,
}

impl Case {
    /// Its name with that of its design.
    pub fn full_name(&self) -> String {
        match &self.design {
            Some(design) => format!("{design}::{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// The tests of one specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The specification as it was named.
    pub spec: String,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

/// How many tests passed, failed and were skipped.
pub fn count(suites: &[Suite]) -> (usize, usize, usize) {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for case in suites.iter().flat_map(|s| &s.cases) {
        match case.ending {
            Ending::Passed(_) => passed += 1,
            Ending::Failed(..) => failed += 1,
            Ending::Skipped(_) => skipped += 1,
        }
    }
    (passed, failed, skipped)
}

/// One line for each test, then what failed and why, then the sum.
pub fn human(suites: &[Suite], style: Style) -> String {
    let paint = |code: &str, text: &str| match style.color {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_string(),
    };
    let mut out = String::new();
    for suite in suites {
        let number = counted(suite.cases.len(), "test");
        out += &format!("running {number} of {}\n", suite.spec);
        for case in &suite.cases {
            let ending = match &case.ending {
                Ending::Passed(None) => paint("32", "ok"),
                Ending::Passed(Some(found)) => format!("{} ({found})", paint("32", "ok")),
                Ending::Failed(..) => paint("31", "FAILED"),
                Ending::Skipped(why) => format!("{} ({why})", paint("33", "not run")),
            };
            out += &format!("test {} ... {ending}\n", case.full_name());
        }
        out.push('\n');
    }
    let (passed, failed, skipped) = count(suites);
    if failed > 0 {
        out += "failures:\n";
        for suite in suites {
            for case in &suite.cases {
                let Ending::Failed(message, detail) = &case.ending else {
                    continue;
                };
                let (line, column) = case.place;
                out += &format!("\n  {}\n    {message}\n", case.full_name());
                for more in detail {
                    out += &format!("    {more}\n");
                }
                out += &format!("    at {}:{line}:{column}\n", suite.spec);
            }
        }
        out.push('\n');
    }
    let verdict = match failed {
        0 => paint("32", "ok"),
        _ => paint("31", "FAILED"),
    };
    out +=
        &format!("test result: {verdict}. {passed} passed, {failed} failed, {skipped} not run\n");
    out
}

/// A JUnit report, as build servers read it. Without times, so that equal results are equal bytes.
pub fn junit(suites: &[Suite]) -> String {
    let counts = |suites: &[Suite]| {
        let (passed, failed, skipped) = count(suites);
        format!(
            "tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\"",
            passed + failed + skipped
        )
    };
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"cfxc test\" {}>\n",
        counts(suites)
    );
    for suite in suites {
        let spec = xml(&suite.spec);
        let counts = counts(std::slice::from_ref(suite));
        out += &format!("  <testsuite name=\"{spec}\" {counts}>\n");
        for case in &suite.cases {
            let class = match &case.design {
                Some(design) => format!("{}::{design}", suite.spec),
                None => suite.spec.clone(),
            };
            let (class, name, line) = (xml(&class), xml(&case.name), case.place.0);
            let head = format!(
                "    <testcase classname=\"{class}\" name=\"{name}\" file=\"{spec}\" line=\"{line}\""
            );
            out += &match &case.ending {
                Ending::Passed(_) => format!("{head}/>\n"),
                Ending::Failed(message, detail) => format!(
                    "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                    xml(message),
                    xml(&[std::slice::from_ref(message), detail].concat().join("\n"))
                ),
                Ending::Skipped(why) => format!(
                    "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                    xml(why)
                ),
            };
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

/// Text of an XML document, in an element or in an attribute with double quotes.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' => out += "&#10;",
            '\t' => out += "&#9;",
            '\r' => out += "&#13;",
            // What XML 1.0 has no way to write.
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Annotations of GitHub at the places of what failed, then the sum.
pub fn github(suites: &[Suite]) -> String {
    let mut out = String::new();
    for suite in suites {
        for case in &suite.cases {
            let (line, column) = case.place;
            let (level, text) = match &case.ending {
                Ending::Passed(_) => continue,
                Ending::Failed(message, detail) => (
                    "error",
                    [std::slice::from_ref(message), detail].concat().join("\n"),
                ),
                Ending::Skipped(why) => ("notice", why.clone()),
            };
            out += &format!(
                "::{level} file={},line={line},col={column},title={}::{}\n",
                property(&suite.spec),
                property(&case.full_name()),
                data(&text)
            );
        }
    }
    let (passed, failed, skipped) = count(suites);
    out + &format!("{passed} passed, {failed} failed, {skipped} not run\n")
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suites(ending: Ending) -> Vec<Suite> {
        vec![Suite {
            spec: "a,b.cfx".to_string(),
            cases: vec![Case {
                design: Some("npu".to_string()),
                name: "\"<x>\".latency <= 1".to_string(),
                place: (3, 5),
                ending,
            }],
        }]
    }

    #[test]
    fn nothing_breaks_out_of_its_place() {
        let failed = suites(Ending::Failed(
            "1 % & \u{1}".to_string(),
            vec!["two".to_string()],
        ));
        assert_eq!(
            github(&failed),
            "::error file=a%2Cb.cfx,line=3,col=5,title=npu%3A%3A\"<x>\".latency <= 1::1 %25 & \u{1}%0Atwo\n\
             0 passed, 1 failed, 0 not run\n"
        );
        let text = junit(&failed);
        let read = roxmltree::Document::parse(&text).expect("well formed");
        let case = read
            .descendants()
            .find(|n| n.has_tag_name("testcase"))
            .expect("a case");
        assert_eq!(case.attribute("name"), Some("\"<x>\".latency <= 1"));
        let failure = case.first_element_child().expect("a failure");
        assert_eq!(failure.attribute("message"), Some("1 % & \u{fffd}"));
        assert_eq!(failure.text(), Some("1 % & \u{fffd}\ntwo"));
    }

    #[test]
    fn every_ending_is_counted() {
        let passed = suites(Ending::Passed(None));
        let skipped = suites(Ending::Skipped("no lock".to_string()));
        assert_eq!(count(&[passed, skipped.clone()].concat()), (1, 0, 1));
        let text = junit(&skipped);
        let read = roxmltree::Document::parse(&text).expect("well formed");
        assert_eq!(read.root_element().attribute("skipped"), Some("1"));
    }
}
