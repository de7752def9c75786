//! A decision as TOML: what was chosen and its figures, without the search and the proof.

use super::decision::Decision;
use super::json;
use serde_json::{Map, Value, json};

/// The configuration of a design. Keys and values are those of the JSON; what is not known or
/// belongs to no single layer is left out.
pub fn text(decision: &Decision) -> String {
    let problem = decision.problem;
    let mut facts = json::design(decision);
    let mut take = |key: &str| facts[key].take();
    let document = json!({
        "cfxc": env!("CARGO_PKG_VERSION"),
        "design": problem.design,
        "network": problem.network.name,
        "deployment": problem.deployment.name(),
        "model": problem.model,
        "technology": problem.technology.name,
        "seed": problem.seed,
        "reproducible": take("reproducible"),
        "objective": take("objective"),
        "metrics": take("metrics"),
        "engine": take("engine"),
        "budgets": take("budgets"),
        "layers": take("layers"),
    });
    let mut out = String::new();
    if let Value::Object(map) = &document {
        table("", map, &mut out);
    }
    out
}

/// The values of a table, then the tables in it.
fn table(path: &str, map: &Map<String, Value>, out: &mut String) {
    for (name, item) in map {
        if let Some(text) = scalar(item) {
            out.push_str(&format!("{} = {text}\n", key(name)));
        }
    }
    for (name, item) in map {
        let path = match path {
            "" => key(name),
            _ => format!("{path}.{}", key(name)),
        };
        match item {
            Value::Object(inner) => {
                out.push_str(&format!("\n[{path}]\n"));
                table(&path, inner, out);
            }
            Value::Array(list) => {
                for inner in list.iter().filter_map(Value::as_object) {
                    out.push_str(&format!("\n[[{path}]]\n"));
                    table(&path, inner, out);
                }
            }
            _ => {}
        }
    }
}

/// A value that is no table; `None` for tables, and for null, which TOML does not have. Integers
/// beyond 63 bits, which it does not have either, are texts.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::Number(n) if n.is_u64() && !n.is_i64() => Some(format!("\"{n}\"")),
        Value::String(text) => Some(quoted(text)),
        other => Some(other.to_string()),
    }
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(bare) {
        name.to_string()
    } else {
        quoted(name)
    }
}

/// A text as JSON writes it, whose escapes TOML has too; of what must be escaped JSON lets DEL pass.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars() {
        let shown = |v: Value| scalar(&v);
        assert_eq!(shown(json!("a\"\n\u{7f}")), Some(r#""a\"\n\u007f""#.into()));
        assert_eq!(shown(json!(2.0)), Some("2.0".into()));
        assert_eq!(shown(json!(u64::MAX)), Some(format!("\"{}\"", u64::MAX)));
        assert_eq!(shown(json!(i64::MAX)), Some(i64::MAX.to_string()));
        assert_eq!(shown(Value::Null), None);
        assert_eq!(key("knob:op"), "\"knob:op\"");
    }
}
