//! The problems on which ConfuciuX was measured (`tests/reference/confuciux_best.csv`).

/// One problem.
pub struct Published {
    /// Its line in the table.
    pub line: &'static str,
    /// Its specification.
    pub text: String,
    /// The least objective with coarse levels, as an independent solver proved it.
    pub optimum: f64,
}

/// All 32.
pub fn published() -> Vec<Published> {
    let one = |line: &'static str| {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields.len(), 11, "{line}");
        let (network, objective, budget, limit) = (fields[0], fields[2], fields[3], fields[5]);
        let dataflow = match fields[1] {
            "dla" => "nvdla",
            "shi" => "shidiannao",
            _ => "eyeriss",
        };
        let unit = if budget == "area" { "um2" } else { "mW" };
        Published {
            line,
            text: format!(
                "use std.tables.{network}
                use std.dataflows.{dataflow}
                use std.menus.confuciux
                use std.technologies.maestro_confuciux
                budget limit {{ {budget} <= {limit} {unit} }}
                design paper {{
                  network {network}
                  dataflow {dataflow}
                  menu confuciux
                  budget limit
                  model maestro
                  technology maestro_confuciux
                  minimize {objective}
                }}"
            ),
            optimum: fields[9].parse().expect("a number"),
        }
    };
    let table = include_str!("../reference/confuciux_best.csv");
    table.lines().skip(1).map(one).collect()
}
