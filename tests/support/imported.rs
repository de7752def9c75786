//! Mapping files read by the compiler, for comparison with what the test's own reader makes of
//! them.

use cfxc::base::span::{FileId, SourceMap, Span};
use cfxc::cost;
use cfxc::diag::{Diagnostic, render};
use cfxc::emit::maestro::{Array, MappedLayer, hardware, mapping};
use cfxc::emit::{dataflow, network};
use cfxc::import::maestro::{self, hardware as hardware_file};
use cfxc::import::{self, Options, Reader};
use cfxc::ir::problem::Problem;
use cfxc::ir::registry::ModelSpec;
use cfxc::search;
use cfxc::sema::{self, FileNetwork, FileRequest, Files, Registries};
use cfxc::syntax::ast::Name;

use super::maestro_text::{TextError, TextLayer};

/// One file under any name.
pub struct OneFile<'t>(pub &'t str);

impl Files for OneFile<'_> {
    fn network(
        &mut self,
        wanted: &FileRequest,
        sources: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        let file = sources
            .find(wanted.path)
            .unwrap_or_else(|| sources.add(wanted.path, self.0));
        let Some(format) = import::recognise(self.0.as_bytes()) else {
            return Err(Vec::new());
        };
        let Reader::Text(read) = format.read else {
            return Err(Vec::new());
        };
        let read = read(file, self.0, &Options::default())?;
        Ok(FileNetwork {
            statements: read.statements,
            vertices: read.vertices,
            shapes_checked: read.shapes_checked,
            rules: read.rules,
            warnings: read.warnings,
        })
    }
}

/// The checks of a specification beside one file: designs, and all that was said.
pub fn checked(spec: &str, file: &str) -> (Vec<Problem>, String, bool) {
    let mut sources = SourceMap::default();
    let main = sources.add("spec.cfx", spec);
    let models: Vec<ModelSpec> = cost::MODELS.iter().map(|m| m.spec).collect();
    let registries = Registries {
        models: Vec::leak(models),
        methods: &search::SPECS,
    };
    let analysis = sema::analyze(main, &mut sources, &mut OneFile(file), registries);
    let style = render::Style {
        color: false,
        unicode: false,
        width: 100,
    };
    let shown = render::human(&analysis.diagnostics, &sources, style);
    let wrong = analysis.has_errors();
    (analysis.problems, shown, wrong)
}

/// A design of a mapping file on this hardware.
pub fn design(file: &str, array: &Array) -> Result<Problem, String> {
    let blocks = "network n from \"file.m\" dataflow d from \"file.m\"";
    design_of(blocks, file, array)
}

/// A design of the network `n` and the dataflow `d` in these blocks, beside a file.
fn design_of(blocks: &str, file: &str, array: &Array) -> Result<Problem, String> {
    let hardware = hardware_file::read(Default::default(), &hardware(array))
        .map_err(|found| format!("{found:?}"))?;
    let lanes = array.lanes;
    let spec = format!(
        "{}technology wide extends t {{ source \"x\" mac {{ lanes = {lanes} }} }}
         {blocks}
         design x {{
           network n  dataflow d  menu t  model maestro  technology wide  minimize latency
         }}",
        hardware.text("t")
    );
    let (mut problems, shown, wrong) = checked(&spec, file);
    match problems.pop() {
        Some(problem) if !wrong => Ok(problem),
        _ => Err(shown),
    }
}

/// Any hardware: sizes in mappings do not depend on it.
pub const ANY: Array = Array {
    pes: 16,
    l1_bytes: 1,
    l2_bytes: 1,
    noc_bandwidth: 64,
    noc_latency: 1,
    offchip_bandwidth: 70_000,
    lanes: 1,
};

/// The layers of a design as the original would see them.
pub fn layers(problem: &Problem) -> Vec<Result<MappedLayer, String>> {
    let knobs = [problem.menu.knobs[0].levels[0]];
    let mapped = |layer: &cfxc::ir::problem::Layer| {
        let rule = problem.rule(layer.shape, 0).ok_or("no rule")?;
        MappedLayer::new(&layer.name, &problem.shapes[layer.shape], rule, &knobs)
            .map_err(|r| r.reason)
    };
    problem.layers.iter().map(mapped).collect()
}

/// A mapping file as blocks of the language.
pub fn text(file: &str) -> Result<String, String> {
    let wrong = |found: Vec<Diagnostic>| format!("{found:?}");
    let read = maestro::read(FileId::default(), file).map_err(wrong)?;
    let name = |name: &str| Name::new(name.to_string(), Span::default());
    let (net, found) = sema::assembled(
        name("n"),
        &read.statements,
        Vec::new(),
        false,
        &read.warnings,
    );
    let net = net.ok_or_else(|| wrong(found))?;
    let (flow, found) = sema::mapped(name("d"), read.rules, &net);
    let flow = flow.ok_or_else(|| wrong(found))?;
    let (net, flow) = (network::cfx(&net, "file.m"), dataflow::cfx(&flow));
    Ok(format!("{net}{flow}"))
}

/// The layers of a mapping file as the compiler reads it, under these names.
pub fn read(file: &str, names: &[String]) -> Result<Vec<TextLayer>, String> {
    Ok(named(&design(file, &ANY)?, names))
}

/// The same, kept as blocks of the language in between.
pub fn read_as_text(file: &str, names: &[String]) -> Result<Vec<TextLayer>, String> {
    Ok(named(&design_of(&text(file)?, "", &ANY)?, names))
}

fn named(problem: &Problem, names: &[String]) -> Vec<TextLayer> {
    let layers = layers(problem).into_iter().zip(names);
    layers
        .map(|(layer, name)| TextLayer {
            name: name.clone(),
            content: layer
                .map(|l| (l.layer, l.mapping))
                .map_err(TextError::Syntax),
        })
        .collect()
}

/// The same of what the compiler writes of the file.
pub fn read_again(file: &str, names: &[String]) -> Result<Vec<TextLayer>, String> {
    written_and_read(&design(file, &ANY)?, names)
}

/// The layers of the network `n` and the dataflow `d` in these blocks, under names without the
/// numbers that tell them apart; then the same as written and read again.
pub fn blocks(text: &str) -> Result<[Vec<TextLayer>; 2], String> {
    let problem = design_of(text, "", &ANY)?;
    let plain = |name: &str| name.split('#').next().unwrap_or("").to_string();
    let names: Vec<String> = problem.layers.iter().map(|l| plain(&l.name)).collect();
    Ok([named(&problem, &names), written_and_read(&problem, &names)?])
}

fn written_and_read(problem: &Problem, names: &[String]) -> Result<Vec<TextLayer>, String> {
    let layers: Result<Vec<MappedLayer>, String> = layers(problem).into_iter().collect();
    let written = mapping(&problem.network.name, &layers?);
    read(&written, names)
}
