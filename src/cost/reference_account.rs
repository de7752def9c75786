//! The figures of model `maestro` term by term, as the reference makes them.

use super::account::{Account, Input, Term, at_work};
use super::maestro::{self, Hardware, Layer, Mapping, Refusal, Report};
use super::{reference_latency, reference_moved};
use crate::base::units::Quantity;
use crate::ir::technology::Technology;

/// Polynomial of the PEs that the arbiter's area and power follow.
const ARBITER: &str =
    "noc.arbiter_quadratic x PEs x PEs + noc.arbiter_linear x PEs + noc.arbiter_base";
const PORTS: &str = "(noc.ports_per_pe x PEs + noc.ports_base) x noc.bandwidth";

/// What the terms are made from.
struct Maker<'a> {
    technology: &'a Technology,
    hardware: &'a Hardware,
    report: Report,
}

/// As [`super::CostModel::account`].
pub fn account(
    layer: &Layer,
    mapping: &Mapping,
    hardware: &Hardware,
    technology: &Technology,
) -> Result<Account, Refusal> {
    let report = maestro::evaluate(layer, mapping, hardware)?;
    let spent = maestro::spent(layer, mapping, hardware)?;
    let maker = Maker {
        technology,
        hardware,
        report,
    };
    let coefficient = |name: &str| maker.coefficient(name);
    let levels = mapping.segments().len();
    let mut teller = reference_latency::terms(hardware, &coefficient, &spent, levels);
    let energy = maker.energy();
    let charged = energy.last().is_some_and(|l1| l1.value > 0.0);
    let report = &maker.report;
    let moved = reference_moved::moved(report, &spent, charged, &mut teller);
    let memories = reference_moved::memories(report, &spent, &mut teller);
    let [macs, cycles] =
        [report.macs, report.runtime_cycles].map(|n| u64::try_from(n).unwrap_or(0));
    let at_work = at_work(macs, cycles, coefficient("mac.lanes"));
    let (latency, shared) = (teller.terms, teller.shared);
    Ok(Account {
        latency,
        energy,
        area: maker.area(),
        power: maker.power(),
        shared,
        moved,
        memories,
        at_work,
    })
}

/// A buffer that needs nothing is built with one byte.
fn built(name: &str, bytes: i64) -> Input {
    Input::bytes(name, bytes.max(1) as f64)
}

impl Maker<'_> {
    fn coefficient(&self, name: &str) -> Input {
        let found = self.technology.coefficients.get(name);
        let (value, quantity) =
            found.map_or((f64::NAN, Quantity::Count), |c| (c.value, c.quantity));
        Input::new(name, value, quantity)
    }

    fn coefficients<const N: usize>(&self, names: [&str; N]) -> Vec<Input> {
        names.map(|name| self.coefficient(name)).to_vec()
    }

    fn pes(&self) -> Input {
        Input::new("PEs", self.hardware.pes as f64, Quantity::Count)
    }

    fn energy(&self) -> Vec<Term> {
        let r = &self.report;
        let [input, filter, output] = [&r.input, &r.filter, &r.output];
        let elements = |name: &str, n: i64| Input::new(name, n as f64, Quantity::Count);
        let access = |name, formula: &str, of: &str, counts: Vec<Input>| {
            let inputs = [self.coefficients(["mac.energy", of]), counts].concat();
            let n: f64 = inputs[2..].iter().map(|i| i.value).sum();
            let value = inputs[0].value * inputs[1].value * n;
            Term::new(name, value, formula, inputs)
        };
        // The reference charges accesses to L1 for dataflows of one level only.
        let l1 = |t: &maestro::TensorCounts| t.l1_read as f64 + t.l1_write as f64;
        let l1_term = access(
            "accesses to L1",
            "mac.energy x l1.access x (inputs_in_L1 + weights_in_L1 + sums_in_L1)",
            "l1.access",
            vec![
                Input::new("inputs_in_L1", l1(input), Quantity::Count),
                Input::new("weights_in_L1", l1(filter), Quantity::Count),
                Input::new("sums_in_L1", l1(output), Quantity::Count),
            ],
        );
        let l2_term = access(
            "accesses to L2",
            "mac.energy x l2.access x (inputs_read + inputs_written + weights_read + weights_written + outputs_written)",
            "l2.access",
            vec![
                elements("inputs_read", input.l2_read),
                elements("inputs_written", input.l2_write),
                elements("weights_read", filter.l2_read),
                elements("weights_written", filter.l2_write),
                elements("outputs_written", output.l2_write),
            ],
        );
        // Whether they are charged shows in the sum.
        let charged = l1_term.value + l2_term.value - r.energy_nj;
        let l1_term = if charged.abs() <= 1e-9 * r.energy_nj {
            l1_term
        } else {
            Term::new(
                "accesses to L1, not charged for several levels",
                0.0,
                "0",
                Vec::new(),
            )
        };
        vec![l2_term, l1_term]
    }

    fn area(&self) -> Vec<Term> {
        let r = &self.report;
        let parts = maestro::engine_area_parts(r.pes, r.l1_bytes, r.l2_bytes, self.hardware);
        let arbiter = format!("max(noc.arbiter_area, noc.arbiter_area x ({ARBITER}))");
        let bus = format!("noc.bus_area x {PORTS}");
        let with_pes = |mut inputs: Vec<Input>| {
            inputs.insert(1, self.pes());
            inputs
        };
        let formulas: [(&str, Vec<Input>); 5] = [
            (
                "PEs x mac.area x mac.lanes",
                [
                    vec![self.pes()],
                    self.coefficients(["mac.area", "mac.lanes"]),
                ]
                .concat(),
            ),
            (
                "PEs x sram.area x L1",
                [
                    vec![self.pes()],
                    self.coefficients(["sram.area"]),
                    vec![built("L1", r.l1_bytes)],
                ]
                .concat(),
            ),
            (
                "sram.area x L2",
                [
                    self.coefficients(["sram.area"]),
                    vec![built("L2", r.l2_bytes)],
                ]
                .concat(),
            ),
            (&bus, self.bus("noc.bus_area")),
            (
                &arbiter,
                with_pes(self.coefficients([
                    "noc.arbiter_area",
                    "noc.arbiter_quadratic",
                    "noc.arbiter_linear",
                    "noc.arbiter_base",
                ])),
            ),
        ];
        let terms = parts.into_iter().zip(formulas);
        terms
            .map(|((name, value), (formula, inputs))| Term::new(name, value, formula, inputs))
            .collect()
    }

    fn bus(&self, price: &str) -> Vec<Input> {
        let mut inputs =
            self.coefficients([price, "noc.ports_per_pe", "noc.ports_base", "noc.bandwidth"]);
        inputs.insert(2, self.pes());
        inputs
    }

    fn power(&self) -> Vec<Term> {
        let (r, p) = (&self.report, &self.report.power);
        let network = format!(
            "noc.bus_power x {PORTS} + max(noc.arbiter_power_floor, noc.arbiter_power x ({ARBITER}))"
        );
        let of_network = [
            self.bus("noc.bus_power"),
            self.coefficients([
                "noc.arbiter_power_floor",
                "noc.arbiter_power",
                "noc.arbiter_quadratic",
                "noc.arbiter_linear",
                "noc.arbiter_base",
            ]),
        ]
        .concat();
        vec![
            Term::new(
                "MAC",
                p.pe_mw,
                "PEs x mac.power x mac.lanes",
                [
                    vec![self.pes()],
                    self.coefficients(["mac.power", "mac.lanes"]),
                ]
                .concat(),
            ),
            Term::new(
                "L1",
                p.l1_mw,
                "PEs x sram.power x L1",
                [
                    vec![self.pes()],
                    self.coefficients(["sram.power"]),
                    vec![built("L1", r.l1_bytes)],
                ]
                .concat(),
            ),
            Term::new(
                "L2",
                p.l2_mw,
                "sram.power x L2",
                [
                    self.coefficients(["sram.power"]),
                    vec![built("L2", r.l2_bytes)],
                ]
                .concat(),
            ),
            Term::new("bus and arbiter", p.noc_mw, &network, of_network),
        ]
    }
}
