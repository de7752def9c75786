//! TOML and CSV beside the JSON.

use crate::{BUILT, cfxc, same};
use serde_json::{Map, Value, json};

/// Without what TOML does not have: nulls, and integers beyond 63 bits.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, v)| !v.is_null());
            Value::Object(kept.map(|(k, v)| (k.clone(), without_nulls(v))).collect())
        }
        Value::Array(list) => list.iter().map(without_nulls).collect(),
        Value::Number(n) if n.is_u64() && !n.is_i64() => Value::String(n.to_string()),
        other => other.clone(),
    }
}

#[test]
fn toml_says_what_the_json_says() {
    for built in BUILT.iter() {
        let design = built.design();
        let inputs = &design["inputs"];
        let mut wanted = json!({
            "cfxc": env!("CARGO_PKG_VERSION"),
            "network": inputs["network"]["name"],
            "deployment": inputs["deployment"],
            "model": inputs["model"]["name"],
            "technology": inputs["technology"]["name"],
        });
        let keys = ["design", "seed", "reproducible", "objective", "metrics"];
        for key in keys.into_iter().chain(["engine", "layers"]) {
            wanted[key] = design[key].clone();
        }
        if design["budgets"] != json!([]) {
            wanted["budgets"] = design["budgets"].clone();
        }
        let read: Value = toml::from_str(&built.read(".toml")).expect("TOML");
        let wanted = without_nulls(&wanted);
        assert!(same(&read, &wanted), "{}: {read}\n{wanted}", built.name);
    }
}

/// Records of a CSV file, by RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let (mut record, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, quoted) {
            ('"', true) if rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => record.push(std::mem::take(&mut field)),
            ('\n', false) => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            (c, _) => field.push(c),
        }
    }
    assert!(field.is_empty() && record.is_empty() && !quoted, "{text}");
    records
}

#[test]
fn csv_says_what_the_json_says() {
    for built in BUILT.iter() {
        let text = built.read(".csv");
        let records = records(&text);
        let (header, rows) = records.split_first().expect("a header");
        let layers = built.design()["layers"].as_array().expect("layers");
        assert_eq!(rows.len(), layers.len());
        for (row, layer) in rows.iter().zip(layers) {
            assert_eq!(row.len(), header.len());
            let mut left: Map<String, Value> = layer.as_object().expect("a layer").clone();
            for (column, cell) in header.iter().zip(row) {
                let key = if column == "layer" { "name" } else { column };
                let value = left.remove(key).unwrap_or_else(|| panic!("{column}"));
                let wanted = match &value {
                    Value::Null => String::new(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                // Nothing is a formula for a spreadsheet.
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
                let number = || serde_json::from_str(cell).is_ok_and(|n| same(&n, &value));
                assert!(
                    *cell == wanted || *cell == format!("'{wanted}") || number(),
                    "{cell} for {wanted}"
                );
            }
            left.retain(|key, value| key != "buffer" || !value.is_null());
            assert_eq!(left, Map::new(), "not in the table");
        }
    }
}

/// The choices read from the table have the prices of the design.
#[test]
fn csv_is_a_list_of_choices() {
    for built in BUILT.iter() {
        let table = built.folder.join(format!("{}.csv", built.name));
        let args = ["cost", "--design", &built.name, "--format", "json"];
        let priced = cfxc(&args, |c| c.arg(&built.spec).arg("--assign").arg(table));
        let priced: Value = serde_json::from_str(&priced).expect("JSON");
        let totals = &priced["designs"][0]["totals"];
        let metrics = built.design()["metrics"].as_object().expect("metrics");
        for (metric, value) in metrics {
            assert!(same(&totals[metric], value), "{}: {metric}", built.name);
        }
    }
}
