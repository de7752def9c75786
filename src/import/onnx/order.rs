//! The order in which the nodes of a graph can run.

use super::model::Graph;
use crate::diag::{Diagnostic, codes};
use std::collections::BTreeSet;

/// Positions of the nodes, each behind those it takes from; the order of the file as far as it is
/// one. `given` says of each name whether it is there before any node runs.
///
/// # Errors
/// A circle, a name that two nodes give, or one that nothing gives.
pub fn order(graph: &Graph, given: &[bool]) -> Result<Vec<usize>, Diagnostic> {
    let mut maker: Vec<Option<u32>> = vec![None; given.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        for &output in node.outputs.iter().filter(|&&o| o != 0) {
            let before = maker[output as usize].replace(at as u32);
            if before.is_some() || given[output as usize] {
                return Err(wrong(
                    format!(
                        "two nodes or weights of the model give `{}`",
                        graph.names.text(output)
                    ),
                    "every tensor of a model has one origin",
                ));
            }
        }
    }
    let mut sorted = true;
    for (at, node) in graph.nodes.iter().enumerate() {
        for &input in node.inputs.iter().filter(|&&i| i != 0) {
            match maker[input as usize] {
                Some(from) => sorted &= (from as usize) < at,
                None if given[input as usize] => {}
                None => {
                    return Err(wrong(
                        format!(
                            "node `{}` of the model takes `{}`, which nothing gives",
                            graph.name(node),
                            graph.names.text(input)
                        ),
                        "the model is not whole; export it again",
                    ));
                }
            }
        }
    }
    if sorted {
        return Ok((0..graph.nodes.len()).collect());
    }
    let mut waiting = vec![0usize; graph.nodes.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
    for (at, node) in graph.nodes.iter().enumerate() {
        for &input in &node.inputs {
            if let Some(from) = maker[input as usize] {
                waiting[at] += 1;
                readers[from as usize].push(at);
            }
        }
    }
    let mut ready: BTreeSet<usize> = (0..waiting.len()).filter(|&i| waiting[i] == 0).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for &next in &readers[at] {
            waiting[next] -= 1;
            if waiting[next] == 0 {
                ready.insert(next);
            }
        }
    }
    if order.len() == waiting.len() {
        return Ok(order);
    }
    // What only follows a circle waits, too, and is in none.
    let mut followed: Vec<usize> = readers
        .iter()
        .map(|list| list.iter().filter(|&&r| waiting[r] > 0).count())
        .collect();
    let waits = |at: &usize| waiting[*at] > 0;
    let mut ends: Vec<usize> = (0..waiting.len())
        .filter(|at| waits(at) && followed[*at] == 0)
        .collect();
    let mut stuck: BTreeSet<usize> = (0..waiting.len()).filter(waits).collect();
    while let Some(at) = ends.pop() {
        stuck.remove(&at);
        let inputs = graph.nodes[at].inputs.iter().filter(|&&i| i != 0);
        for from in inputs.filter_map(|&i| maker[i as usize]) {
            let from = from as usize;
            followed[from] = followed[from].saturating_sub(1);
            if followed[from] == 0 && stuck.contains(&from) {
                ends.push(from);
            }
        }
    }
    let name = |at: &usize| format!("`{}`", graph.name(&graph.nodes[*at]));
    let names: Vec<String> = stuck.iter().take(4).map(name).collect();
    Err(wrong(
        format!(
            "nodes of the model wait for each other: {}",
            names.join(", ")
        ),
        "a model runs from its inputs to its outputs; export it again",
    ))
}

/// That an output of a graph is neither `given` nor made by a node.
pub fn output(graph: &Graph, given: &dyn Fn(u32) -> bool) -> Option<Diagnostic> {
    let outputs = graph.outputs.iter().map(|o| o.name);
    let mut missing: BTreeSet<u32> = outputs.filter(|&o| o != 0 && !given(o)).collect();
    for made in graph.nodes.iter().flat_map(|n| &n.outputs) {
        missing.remove(made);
    }
    let name = graph.names.text(missing.pop_first()?);
    Some(wrong(
        format!("the model has an output `{name}`, which nothing gives"),
        "the model is not whole; export it again",
    ))
}

fn wrong(message: String, help: &str) -> Diagnostic {
    Diagnostic::error(codes::IMPORT, message).help(help)
}
