//! Specifications as text, made into problems without touching the disk.

use cfxc::base::span::SourceMap;
use cfxc::diag::Diagnostic;
use cfxc::diag::render;
use cfxc::ir::problem::Problem;
use cfxc::ir::registry::ModelSpec;
use cfxc::sema::{self, Analysis, FileNetwork, FileRequest, Files, Registries};
use cfxc::{cost, search};

/// Knows no files.
pub struct NoFiles;

impl Files for NoFiles {
    fn network(
        &mut self,
        _: &FileRequest,
        _: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}

/// The checks of one text.
pub fn analyze(text: &str) -> (Analysis, SourceMap) {
    analyze_with(text, &mut NoFiles)
}

/// The checks of one text that may name files.
pub fn analyze_with(text: &str, files: &mut dyn Files) -> (Analysis, SourceMap) {
    let mut sources = SourceMap::default();
    let file = sources.add("spec.cfx", text);
    let models: Vec<ModelSpec> = cost::MODELS.iter().map(|m| m.spec).collect();
    let registries = Registries {
        models: Vec::leak(models),
        methods: &search::SPECS,
    };
    let analysis = sema::analyze(file, &mut sources, files, registries);
    (analysis, sources)
}

/// The only design of a sound text.
pub fn problem(text: &str) -> Problem {
    let (mut analysis, sources) = analyze(text);
    let style = render::Style {
        color: false,
        unicode: false,
        width: 100,
    };
    let shown = render::human(&analysis.diagnostics, &sources, style);
    assert!(!analysis.has_errors(), "{shown}");
    analysis.problems.remove(0)
}
