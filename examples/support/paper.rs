//! The problems on which ConfuciuX was measured, and harder ones derived from them.

use cfxc::ir::problem::Problem;

#[path = "../../tests/support/problem.rs"]
mod support;

/// One line of `tests/reference/confuciux_best.csv`.
#[derive(Clone)]
#[allow(dead_code)] // each program reads the columns it is about
pub struct Case {
    pub network: String,
    pub dataflow: &'static str,
    pub objective: String,
    pub budget: String,
    pub share: f64,
    pub limit: String,
    pub theirs: f64,
    pub coarse_optimum: f64,
    pub refined_optimum: f64,
}

/// All 32.
pub fn cases() -> Vec<Case> {
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let table = include_str!("../../tests/reference/confuciux_best.csv");
    let line = |line: &str| {
        let f: Vec<&str> = line.split(',').collect();
        assert_eq!(f.len(), 11, "{line}");
        Case {
            network: f[0].to_string(),
            dataflow: match f[1] {
                "dla" => "nvdla",
                "shi" => "shidiannao",
                _ => "eyeriss",
            },
            objective: f[2].to_string(),
            budget: f[3].to_string(),
            share: number(f[4]),
            limit: f[5].to_string(),
            theirs: number(f[8]),
            coarse_optimum: number(f[9]),
            refined_optimum: number(f[10]),
        }
    };
    table.lines().skip(1).map(line).collect()
}

/// A problem on one of the paper's networks.
pub struct Design<'a> {
    pub network: &'a str,
    pub dataflow: &'a str,
    pub model: &'a str,
    pub technology: &'a str,
    pub objective: &'a str,
    /// Limits with units, as in a budget block.
    pub budget: &'a str,
    /// The stages, or empty for the default.
    pub search: &'a str,
    pub seed: u64,
}

impl Design<'_> {
    /// Its problem.
    pub fn problem(&self) -> Problem {
        let Design {
            network,
            dataflow,
            model,
            technology,
            objective,
            budget,
            seed,
            ..
        } = self;
        let search = match self.search {
            "" => String::new(),
            stages => format!("search {stages}"),
        };
        support::problem(&format!(
            "use std.tables.{network}
             use std.dataflows.{dataflow}
             use std.menus.confuciux
             use std.technologies.{technology}
             budget paper {{ {budget} }}
             design paper {{
               network {network}
               dataflow {dataflow}
               menu confuciux
               budget paper
               model {model}
               technology {technology}
               minimize {objective}
               {search}
               seed {seed}
             }}"
        ))
    }
}

impl Case {
    /// The limit with its unit, as in a budget block.
    pub fn limit(&self) -> String {
        let unit = if self.budget == "area" { "um2" } else { "mW" };
        format!("{} <= {} {unit}", self.budget, self.limit)
    }
}
