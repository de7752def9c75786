//! The published JSON Schemas against what is printed, by a validator that is not ours.

use crate::{BUILT, cfxc, odd};
use boon::{Compiler, SchemaIndex, Schemas};
use cfxc::base::units::UNITS;
use cfxc::cost::MODELS;
use cfxc::emit::schema::SCHEMAS;
use cfxc::ir::layer::Op;
use cfxc::ir::metric::Metric;
use cfxc::ir::precision::Format;
use cfxc::search::METHODS;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

fn schema(name: &str) -> Value {
    let printed = cfxc(&["schema", name], |c| c);
    serde_json::from_str(&printed).expect("JSON")
}

struct Validator {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Validator {
    fn is_valid(&self, value: &Value) -> bool {
        self.schemas.validate(value, self.index).is_ok()
    }
}

/// Compiling a schema holds it against the schema of schemas.
fn validator(name: &str) -> Validator {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let at = format!("file:///{name}.schema.json");
    compiler.add_resource(&at, schema(name)).expect("a schema");
    let index = compiler.compile(&at, &mut schemas);
    let index = index.expect("a sound schema");
    Validator { schemas, index }
}

#[track_caller]
fn holds(validator: &Validator, value: &Value) {
    if let Err(wrong) = validator.schemas.validate(value, validator.index) {
        panic!("{wrong:#}");
    }
}

#[test]
fn schemas_are_sound_and_say_what_they_are() {
    for s in SCHEMAS {
        let schema = schema(s.name);
        validator(s.name);
        let file = format!("/docs/schema/{}.schema.json", s.name);
        assert!(schema["$id"].as_str().is_some_and(|id| id.ends_with(&file)));
        every_object_is_closed(&schema, s.name);
    }
}

/// What has properties allows no others, or says what they are.
fn every_object_is_closed(schema: &Value, path: &str) {
    match schema {
        Value::Object(map) => {
            if map.get("type").is_some_and(|t| t == "object") {
                let others = map.get("additionalProperties");
                let others = others.unwrap_or_else(|| panic!("{path} is open"));
                assert!(
                    *others == json!(false)
                        || others.get("type").is_some()
                        || others.get("$ref").is_some(),
                    "{path}"
                );
            }
            for (key, inner) in map {
                every_object_is_closed(inner, &format!("{path}.{key}"));
            }
        }
        Value::Array(list) => list.iter().for_each(|s| every_object_is_closed(s, path)),
        _ => {}
    }
}

#[test]
fn results_have_the_form_that_is_promised() {
    let validator = validator("result");
    for built in BUILT.iter() {
        holds(&validator, &built.document);
    }
    // Several designs in one document.
    let spec = &BUILT
        .iter()
        .find(|b| b.name == "spotter")
        .expect("an example")
        .spec;
    let out = tempfile::tempdir().expect("a folder");
    let args = ["build", "--format", "json", "--quiet", "--out"];
    let printed = cfxc(&args, |c| c.arg(out.path()).arg(spec));
    holds(&validator, &serde_json::from_str(&printed).expect("JSON"));
}

#[test]
fn odd_results_are_among_them() {
    let has = |found: &dyn Fn(&Value) -> bool| BUILT.iter().any(|b| found(b.design()));
    assert!(has(&|d| d["engine"].is_object()), "one engine");
    assert!(has(&|d| d["engine"].is_null()), "an engine per layer");
    assert!(has(&|d| d["layers"][0]["buffer"].is_null()), "no buffer");
    assert!(has(&|d| d["layers"][0]["knob:op"].is_u64()), "a knob `op`");
    assert!(has(&|d| d["inputs"]["precision"].is_null()), "no precision");
    assert!(has(&|d| d["certificate"]["exclusion"].is_object()));
    assert!(has(&|d| d["certificate"]["relaxation"].is_object()));
    assert!(has(&|d| d["certificate"]["lagrangian"].is_null()));
    assert!(has(&|d| d["inputs"]["pins"][0]["dataflow"].is_string()));
    assert!(has(&|d| d["inputs"]["dataflows"]
        .as_array()
        .is_some_and(|d| d.len() > 1)));
    assert!(has(&|d| d["expectations"][0]["metric"] == "gap"));
}

/// A search that was stopped.
#[test]
fn what_was_interrupted_has_the_same_form() {
    let spec = "
network n { layer l conv { K = 64, C = 64, Y = 16, X = 16, R = 3, S = 3 } }
menu m { pes in [1, 2, 4, 8, 16] buffer in 1..=8 }
budget b { area <= 30% }
design d {
  network n  dataflow std.dataflows.nvdla  menu m  budget b  minimize latency
  search reinforce { episodes = 10000000 }
}
";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("d.cfx");
    std::fs::write(&path, spec).expect("written");
    let args = [
        "build",
        "--format",
        "json",
        "--quiet",
        "--time-limit",
        "200ms",
    ];
    let printed = cfxc(&args, |c| c.current_dir(folder.path()).arg(path));
    let document: Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(document["designs"][0]["interrupted"], true);
    holds(&validator("result"), &document);
}

#[test]
fn imported_networks_have_the_form_that_is_promised() {
    let validator = validator("import");
    let folder = tempfile::tempdir().expect("a folder");
    let import = |name: &str, bytes: &[u8]| -> Value {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let printed = cfxc(&["import", "--format", "json"], |c| c.arg(path));
        let network = serde_json::from_str(&printed).expect("JSON");
        holds(&validator, &network);
        network
    };
    let model = import("m.onnx", &odd::model());
    assert_eq!(model["free"].as_array().map(Vec::len), Some(1));
    // Every kind of layer, and a warning: two layers of one name.
    let table = "name,op,N,G,M,K,C,Y,X,R,S,stride,pad
a,conv,1,,,4,3,8,8,3,3,2,1
a,depthwise,1,,,,4,8,8,3,3,1,1
b,grouped_conv,1,2,,4,2,8,8,1,1,1,0
c,transposed_conv,1,,,4,8,8,8,3,3,2,1
d,dense,1,,,4,3,,,,,,
e,gemm,5,,3,7,,,,,,,
";
    let table = import("t.csv", table.as_bytes());
    assert!(table["warnings"].as_array().is_some_and(|w| !w.is_empty()));
    let mutants = mutants(&table, &[]);
    assert!(mutants.len() > 100);
    rejects(&validator, &mutants, &|m| {
        // Any bound may be left out, and there are names for all.
        (m.what == What::Removed && m.path.contains(&"dims".to_string())).then_some(())
    });
}

#[test]
fn fronts_have_the_form_that_is_promised() {
    let validator = validator("pareto");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let front = |design: &str, over: &str, more: &[&str]| -> Value {
        let args = [
            "pareto", "--format", "json", "--points", "4", "--over", over,
        ];
        let printed = cfxc(&args, |c| {
            c.args(more).args(["--design", design]);
            c.arg(root.join("examples/own_network.cfx"))
        });
        let front = serde_json::from_str(&printed).expect("JSON");
        holds(&validator, &front);
        front
    };
    let wide = front("spotter", "area", &["--from", "0%"]);
    let states = |f: &Value| -> BTreeSet<String> {
        let steps = f["steps"].as_array().expect("steps").iter();
        steps
            .map(|s| s["state"].as_str().expect("a state").to_string())
            .collect()
    };
    let tight = front("spotter", "area", &["--from", "1 um2", "--to", "1 mm2"]);
    assert!(states(&wide).contains("optimum"), "{wide}");
    assert!(states(&tight).contains("infeasible"), "{tight}");
    for front in [&wide, &tight] {
        let mutants = mutants(front, &[]);
        assert!(mutants.len() > 50);
        rejects(&validator, &mutants, &|_| None);
    }
}

#[test]
fn comparisons_have_the_form_that_is_promised() {
    let validator = validator("diff");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/decisions");
    let lock = |n: u32| root.join(format!("{n}/spotter.lock"));
    let result = &BUILT
        .iter()
        .find(|b| b.name == "spotter")
        .expect("an example");
    let result = result.folder.join("spotter.json");
    let nothing = Path::new("/dev/null");
    let compare = |before: &Path, after: &Path| -> Value {
        let printed = cfxc(&["diff", "--format", "json"], |c| c.arg(before).arg(after));
        let comparison = serde_json::from_str(&printed).expect("JSON");
        holds(&validator, &comparison);
        comparison
    };
    let statuses: Vec<Value> = [
        compare(&lock(1), &lock(2)),
        compare(&lock(2), &lock(2)),
        compare(&result, &lock(1)),
        compare(nothing, &lock(1)),
        compare(&lock(1), nothing),
    ]
    .iter()
    .map(|comparison| {
        let mutants = mutants(comparison, &[]);
        assert!(mutants.len() > 20);
        rejects(&validator, &mutants, &|m| {
            // Knobs are what the menu has, and a layer may lack any figure.
            let open = ["knobs", "figures"]
                .iter()
                .any(|k| m.path.contains(&k.to_string()));
            (open && m.what != What::Retyped).then_some(())
        });
        comparison["designs"][0]["status"].clone()
    })
    .collect();
    assert_eq!(statuses, ["changed", "same", "changed", "new", "gone"]);
}

#[test]
fn diagnostics_have_the_form_that_is_promised() {
    let validator = validator("diagnostics");
    let errors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for entry in std::fs::read_dir(errors).expect("specifications") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "cfx") {
            continue;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_cfxc"));
        let args = ["check", "--message-format", "json"];
        let ran = command.args(args).arg(&path).output().expect("runs");
        for line in String::from_utf8(ran.stderr).expect("UTF-8").lines() {
            let diagnostic: Value = serde_json::from_str(line).expect("JSON");
            holds(&validator, &diagnostic);
            let code = diagnostic["code"].as_str().expect("a code").to_string();
            if seen.insert(code) || diagnostic["suggestion"].is_object() {
                all.push(diagnostic);
            }
        }
    }
    assert!(seen.len() > 40, "{seen:?}");
    assert!(all.iter().any(|d| d["suggestion"].is_object()));
    for diagnostic in &all {
        rejects(&validator, &mutants(diagnostic, &[]), &|_| None);
    }
}

/// What was done to a valid document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Removed,
    Renamed,
    Added,
    Retyped,
}

/// A document with one mistake.
#[derive(Debug)]
struct Mutant {
    what: What,
    /// Keys from the top; `[]` for the items of a list.
    path: Vec<String>,
    document: Value,
}

/// Every mistake at every place of a document.
fn mutants(value: &Value, path: &[String]) -> Vec<Mutant> {
    let mut out = Vec::new();
    let mutant = |what, path: &[String], document| Mutant {
        what,
        path: path.to_vec(),
        document,
    };
    // A text for a number, a number for a text or an object, an object for the others.
    let other = match value {
        Value::Number(n) => json!(n.to_string()),
        Value::String(_) | Value::Object(_) => json!(7),
        _ => json!({ "odd": true }),
    };
    out.push(mutant(What::Retyped, path, other));
    match value {
        Value::Object(map) => {
            let mut more = map.clone();
            more.insert("extra".into(), json!(["odd"]));
            out.push(mutant(What::Added, path, Value::Object(more)));
            for (key, inner) in map {
                let path = [path, std::slice::from_ref(key)].concat();
                let mut less = map.clone();
                less.remove(key);
                out.push(mutant(What::Removed, &path, Value::Object(less.clone())));
                less.insert(format!("{key} renamed"), inner.clone());
                out.push(mutant(What::Renamed, &path, Value::Object(less)));
                for inner in mutants(inner, &path) {
                    let mut map = map.clone();
                    map[key] = inner.document;
                    out.push(Mutant {
                        document: Value::Object(map),
                        ..inner
                    });
                }
            }
        }
        Value::Array(list) => {
            let path = [path, &["[]".to_string()]].concat();
            for (i, inner) in list.iter().enumerate() {
                for inner in mutants(inner, &path) {
                    let mut list = list.clone();
                    list[i] = inner.document;
                    out.push(Mutant {
                        document: Value::Array(list),
                        ..inner
                    });
                }
            }
        }
        _ => {}
    }
    out
}

/// Checks that mutants are rejected but for those that are no mistake.
#[track_caller]
fn rejects(validator: &Validator, mutants: &[Mutant], allowed: &dyn Fn(&Mutant) -> Option<()>) {
    for m in mutants {
        if allowed(m).is_none() {
            assert!(
                !validator.is_valid(&m.document),
                "{:?} {:?}",
                m.what,
                m.path
            );
        }
    }
}

/// The first items of each list: the others are like them.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().take(2).map(shortened).collect(),
        Value::Object(map) => {
            let few = |key: &str| key.ends_with("layers") || key == "coefficients";
            let inner = |(k, v): (&String, &Value)| match v {
                Value::Object(m) if few(k) => {
                    let first = m.iter().take(2).map(|(k, v)| (k.clone(), v.clone()));
                    (k.clone(), Value::Object(first.collect()))
                }
                v => (k.clone(), shortened(v)),
            };
            Value::Object(map.iter().map(inner).collect())
        }
        other => other.clone(),
    }
}

/// Objects whose keys are names from the specification.
const NAMED: [&str; 5] = [
    "certificate.relaxation.layers",
    "inputs.technology.coefficients",
    "inputs.pins.[].knobs",
    "inputs.search.[].parameters",
    "inputs.defaults",
];

#[test]
fn no_mistake_passes() {
    let validator = validator("result");
    let mut tried = 0;
    for built in BUILT.iter() {
        let document = shortened(&built.document);
        holds(&validator, &document);
        let knobs = built.design()["inputs"]["menu"]["knobs"].as_array();
        let knobs: Vec<&str> = knobs
            .into_iter()
            .flatten()
            .filter_map(|k| k["name"].as_str())
            .filter(|name| !["pes", "buffer"].contains(name))
            .collect();
        let mutants = mutants(&document, &[]);
        tried += mutants.len();
        rejects(&validator, &mutants, &|m| {
            let (key, parent) = m
                .path
                .split_last()
                .map_or(("", String::new()), |(key, path)| {
                    (key.as_str(), path.join("."))
                });
            let parent = parent.strip_prefix("designs.[].").unwrap_or(&parent);
            let named = NAMED.contains(&parent);
            let knob = ["layers.[]", "engine"].contains(&parent)
                && knobs
                    .iter()
                    .any(|k| key == *k || key == format!("knob:{k}"));
            let harmless = match m.what {
                // A name more or less is no mistake of form.
                What::Removed => {
                    named || knob || (parent, key) == ("inputs.dataflows.[].rules.[]", "layers")
                }
                What::Renamed => named,
                What::Added => false,
                // A parameter is a number or a word.
                What::Retyped => parent == "inputs.search.[].parameters",
            };
            harmless.then_some(())
        });
    }
    assert!(tried > 5_000, "{tried}");
}

/// The words of the schema are those of the code.
#[test]
fn lists_of_words_are_complete() {
    let schema = schema("result");
    let words = |pointer: &str| -> Vec<String> {
        let list = schema.pointer(pointer).and_then(Value::as_array);
        let list = list.unwrap_or_else(|| panic!("no {pointer}"));
        let words = list.iter().filter_map(|w| w.as_str());
        words.map(str::to_string).collect()
    };
    let ops: Vec<&str> = Op::ALL.iter().map(|o| o.name()).collect();
    assert_eq!(words("/$defs/op/enum"), ops);
    let metrics: Vec<&str> = Metric::ALL.iter().map(|m| m.name()).collect();
    assert_eq!(words("/$defs/metric/enum"), metrics);
    let formats: Vec<&str> = Format::ALL.iter().map(|f| f.name()).collect();
    assert_eq!(words("/$defs/format/enum"), formats);
    let units: BTreeSet<&str> = Metric::ALL.iter().map(|m| m.unit()).collect();
    let said = words("/$defs/unit/enum");
    assert_eq!(
        said.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        units
    );
    let models: Vec<&str> = MODELS.iter().map(|m| m.spec.name).collect();
    let model = "/$defs/inputs/properties/model/properties/name/enum";
    assert_eq!(words(model), models);
    let methods: BTreeSet<&str> = METHODS.iter().map(|m| m.spec.name).collect();
    for stages in [
        "/$defs/design/properties/stages/items/properties/method/enum",
        "/$defs/inputs/properties/search/items/properties/method/enum",
    ] {
        let said = words(stages);
        assert_eq!(
            said.iter().map(String::as_str).collect::<BTreeSet<_>>(),
            methods
        );
    }
    let coefficients = words("/$defs/coefficient/properties/unit/enum");
    for coefficient in MODELS.iter().flat_map(|m| m.spec.coefficients) {
        let unit = coefficient.quantity.canonical();
        assert!(
            unit.is_empty() || coefficients.iter().any(|u| u == unit),
            "{unit}"
        );
    }
    assert!(
        coefficients
            .iter()
            .all(|u| UNITS.iter().any(|unit| unit.name == u))
    );
}
