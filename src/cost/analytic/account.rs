//! The figures of model `analytic` term by term.

use super::super::Refused;
use super::super::account::{Account, Input, Term, at_work};
use super::price::Analytic;
use super::spent::spent;
use super::{Outcome, evaluate, latency, moved};
use crate::base::units::Quantity;
use crate::ir::dataflow::Rule;
use crate::ir::layer::LayerShape;
use crate::ir::menu::Menu;

/// What the terms are made from.
struct Maker<'a> {
    model: &'a Analytic,
    pes: u64,
    o: Outcome,
}

/// As [`super::super::CostModel::account`].
pub fn account(
    model: &Analytic,
    shape: &LayerShape,
    rule: &Rule,
    knobs: &[u64],
) -> Result<Account, Refused> {
    let array = &model.array;
    let o = evaluate(shape, rule, knobs, array)?;
    let breakdown = spent(shape, rule, knobs, array, &o)?;
    let (mut teller, transfers) = latency::terms(model, shape.op, &breakdown);
    let behind = (&mut teller, transfers.as_slice());
    let told = moved::terms(model, shape.op, &o, &breakdown, behind);
    let (latency, mut shared) = (teller.terms, teller.shared);
    let pes = knobs.get(Menu::PES).copied().unwrap_or(0);
    let at_work = at_work(o.macs, o.cycles, model.coefficient("mac.lanes"));
    let maker = Maker { model, pes, o };
    shared.push(maker.access("L1_access", "L1", o.l1_bytes));
    shared.push(maker.access("L2_access", "L2", o.l2_bytes));
    Ok(Account {
        latency,
        energy: maker.energy(),
        area: maker.area(),
        power: maker.power(),
        shared,
        moved: told.moved,
        memories: told.memories,
        at_work,
    })
}

impl Maker<'_> {
    /// A coefficient of the technology.
    fn coefficient(&self, name: &str) -> Input {
        self.model.coefficient(name)
    }

    fn pes(&self) -> Input {
        Input::count("PEs", self.pes)
    }

    /// Multiplication and addition in the formats of this precision.
    fn arithmetic(&self, what: &str) -> Input {
        let name = match what {
            "multiply" | "multiply_area" => format!("{}.{what}", self.model.product),
            _ => format!("{}.{what}", self.model.sum),
        };
        self.coefficient(&name)
    }

    /// nJ to read or write a byte of a memory of this many bytes.
    fn access(&self, name: &'static str, memory: &str, bytes: u64) -> (Term, Quantity) {
        let formula = format!("sram.fixed_energy + sram.energy x sqrt({memory} / sram.reference)");
        let inputs = vec![
            self.coefficient("sram.fixed_energy"),
            self.coefficient("sram.energy"),
            Input::bytes(memory, bytes as f64),
            self.coefficient("sram.reference"),
        ];
        let value = self.model.access_nj(bytes);
        (Term::new(name, value, &formula, inputs), Quantity::Energy)
    }

    fn accessed(&self, name: &'static str) -> Input {
        let bytes = match name {
            "L1_access" => self.o.l1_bytes,
            _ => self.o.l2_bytes,
        };
        Input::new(name, self.model.access_nj(bytes), Quantity::Energy)
    }

    fn energy(&self) -> Vec<Term> {
        let (model, o) = (self.model, &self.o);
        let access = [o.l1_bytes, o.l2_bytes].map(|b| model.access_nj(b));
        let values = model.energy_parts(self.pes as f64, access, o);
        let moved = model.bytes_moved(o);
        let formulas = [
            (
                "MAC",
                format!(
                    "MACs x ({m} + {a}) + sums_added x {a}",
                    m = self.arithmetic("multiply").name,
                    a = self.arithmetic("add").name
                ),
                vec![
                    Input::count("MACs", o.macs),
                    self.arithmetic("multiply"),
                    self.arithmetic("add"),
                    Input::count("sums_added", o.moved.sent - o.moved.arrived + o.sums_read),
                ],
            ),
            (
                "L1",
                "(MACs x bytes_of_a_MAC + delivered + sent) x L1_access".to_string(),
                vec![
                    Input::count("MACs", o.macs),
                    Input::bytes("bytes_of_a_MAC", model.mac_bytes()),
                    Input::bytes("delivered", moved.delivered),
                    Input::bytes("sent", moved.sent),
                    self.accessed("L1_access"),
                ],
            ),
            (
                "L2",
                "(brought + read + sums) x L2_access".to_string(),
                vec![
                    Input::bytes("brought", moved.brought),
                    Input::bytes("read", moved.read),
                    Input::bytes("sums", moved.sums),
                    self.accessed("L2_access"),
                ],
            ),
            (
                "NoC",
                "bytes_times_hops x noc.energy".to_string(),
                vec![
                    Input::bytes("bytes_times_hops", moved.hops),
                    self.coefficient("noc.energy"),
                ],
            ),
            (
                "off-chip",
                "off_chip x offchip.energy".to_string(),
                vec![
                    Input::bytes("off_chip", moved.offchip),
                    self.coefficient("offchip.energy"),
                ],
            ),
        ];
        let mut terms: Vec<Term> = formulas
            .into_iter()
            .zip(values)
            .map(|((name, formula, inputs), value)| Term::new(name, value, &formula, inputs))
            .collect();
        let (formula, mut inputs) = self.leaking();
        inputs.push(Input::cycles("cycles", o.cycles));
        inputs.push(self.coefficient("clock"));
        terms.push(Term {
            scale: 1e6,
            ..Term::new(
                "leakage",
                values[5],
                &format!("({formula}) x cycles / clock"),
                inputs,
            )
        });
        terms
    }

    /// The formula of the leakage in mW, and what stands in it.
    fn leaking(&self) -> (&'static str, Vec<Input>) {
        let inputs = vec![
            self.pes(),
            self.coefficient("mac.lanes"),
            self.coefficient("mac.leakage"),
            Input::bytes("L1", self.o.l1_bytes as f64),
            Input::bytes("L2", self.o.l2_bytes as f64),
            self.coefficient("sram.leakage"),
        ];
        (
            "PEs x mac.lanes x mac.leakage + (PEs x L1 + L2) x sram.leakage",
            inputs,
        )
    }

    fn area(&self) -> Vec<Term> {
        let (model, o) = (self.model, &self.o);
        let values = model.area_of(self.pes as f64, o.l1_bytes as f64, o.l2_bytes as f64);
        let (multiply, add) = (
            self.arithmetic("multiply_area"),
            self.arithmetic("add_area"),
        );
        let lanes = self.coefficient("mac.lanes");
        let memory = |name: &str, bytes: u64| {
            [
                Input::bytes(name, bytes as f64),
                self.coefficient("sram.area"),
                self.coefficient("sram.periphery"),
            ]
        };
        let formulas = [
            (
                "MAC",
                format!("PEs x mac.lanes x ({} + {})", multiply.name, add.name),
                vec![self.pes(), lanes, multiply, add.clone()],
            ),
            if model.array.forwarding {
                ("adder tree", "0".to_string(), Vec::new())
            } else {
                (
                    "adder tree",
                    format!("PEs x {}", add.name),
                    vec![self.pes(), add],
                )
            },
            (
                "L1",
                "PEs x (L1 x sram.area + sqrt(L1) x sram.periphery)".to_string(),
                [vec![self.pes()], memory("L1", o.l1_bytes).to_vec()].concat(),
            ),
            (
                "L2",
                "L2 x sram.area + sqrt(L2) x sram.periphery".to_string(),
                memory("L2", o.l2_bytes).to_vec(),
            ),
            (
                "NoC",
                "PEs x noc.width x noc.area".to_string(),
                vec![
                    self.pes(),
                    self.coefficient("noc.width"),
                    self.coefficient("noc.area"),
                ],
            ),
        ];
        let terms = formulas.into_iter().zip(values);
        terms
            .map(|((name, formula, inputs), value)| Term::new(name, value, &formula, inputs))
            .collect()
    }

    fn power(&self) -> Vec<Term> {
        let (model, o) = (self.model, &self.o);
        let access = [o.l1_bytes, o.l2_bytes].map(|b| model.access_nj(b));
        let (multiply, add) = (self.arithmetic("multiply"), self.arithmetic("add"));
        let busy = model.busy_nj(self.pes as f64, access);
        let [lanes, links] = busy.map(|nj| nj * model.clock_hz * 1e-6);
        let leakage = model.leakage_mw(self.pes as f64, o.l1_bytes as f64, o.l2_bytes as f64);
        // nJ x Hz = nW.
        let at_full_rate = |name, value, formula: &str, inputs| Term {
            scale: 1e-6,
            ..Term::new(name, value, formula, inputs)
        };
        let (formula, inputs) = self.leaking();
        vec![
            at_full_rate(
                "lanes, all busy",
                lanes,
                &format!(
                    "PEs x mac.lanes x ({} + {} + bytes_of_a_MAC x L1_access) x clock",
                    multiply.name, add.name
                ),
                vec![
                    self.pes(),
                    self.coefficient("mac.lanes"),
                    multiply,
                    add,
                    Input::bytes("bytes_of_a_MAC", model.mac_bytes()),
                    self.accessed("L1_access"),
                    self.coefficient("clock"),
                ],
            ),
            at_full_rate(
                "network, both ways",
                links,
                "2 x noc.width x (noc.hops x noc.energy + L1_access + L2_access) x clock",
                vec![
                    self.coefficient("noc.width"),
                    self.coefficient("noc.hops"),
                    self.coefficient("noc.energy"),
                    self.accessed("L1_access"),
                    self.accessed("L2_access"),
                    self.coefficient("clock"),
                ],
            ),
            Term::new("leakage", leakage, formula, inputs),
        ]
    }
}
