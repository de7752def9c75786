//! The JSON Schemas of what tools may read.

/// A kind of JSON and its schema.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// As `cfxc schema` takes it.
    pub name: &'static str,
    /// One line on what has this form.
    pub summary: &'static str,
    /// The schema, in JSON Schema's draft 2020-12.
    pub text: &'static str,
}

/// Every schema.
pub const SCHEMAS: &[Schema] = &[
    Schema {
        name: "result",
        summary: "What `build` writes to DIR/<design>.json and prints with `--format json`",
        text: include_str!("../../docs/schema/result.schema.json"),
    },
    Schema {
        name: "import",
        summary: "What `import --format json` prints",
        text: include_str!("../../docs/schema/import.schema.json"),
    },
    Schema {
        name: "diff",
        summary: "What `diff --format json` prints",
        text: include_str!("../../docs/schema/diff.schema.json"),
    },
    Schema {
        name: "pareto",
        summary: "What `pareto --format json` prints",
        text: include_str!("../../docs/schema/pareto.schema.json"),
    },
    Schema {
        name: "diagnostics",
        summary: "Each line that `--message-format json` prints",
        text: include_str!("../../docs/schema/diagnostics.schema.json"),
    },
];
