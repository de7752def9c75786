//! Specifications checked as the command line checks them, without the disk.

use cfxc::base::span::SourceMap;
use cfxc::diag::render::{self, Style};
use cfxc::diag::{Diagnostic, Severity, codes};
use cfxc::ir::registry::ModelSpec;
use cfxc::sema::{self, Analysis, FileNetwork, FileRequest, Files, Registries};
use cfxc::{cost, search};
use std::sync::LazyLock;

/// No file can be read.
pub struct NoFiles;

impl Files for NoFiles {
    fn network(
        &mut self,
        wanted: &FileRequest,
        _: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        let message = format!("there is no file `{}`", wanted.path);
        Err(vec![
            Diagnostic::error(codes::UNREADABLE, message)
                .label(wanted.at, "named here")
                .help("check the path"),
        ])
    }
}

static MODELS: LazyLock<Vec<ModelSpec>> =
    LazyLock::new(|| cost::MODELS.iter().map(|m| m.spec).collect());

/// What specifications may name.
pub fn registries() -> Registries {
    Registries {
        models: &MODELS,
        methods: &search::SPECS,
    }
}

/// A text, checked.
pub struct Checked {
    /// Its texts and those of the library that it uses.
    pub sources: SourceMap,
    /// What the checks found.
    pub analysis: Analysis,
}

#[allow(dead_code, reason = "each test uses what it needs")]
impl Checked {
    /// Diagnostics as people see them, without colours.
    pub fn shown(&self) -> String {
        render::human(&self.analysis.diagnostics, &self.sources, Style::default())
    }

    /// Codes of the errors, in the order found.
    pub fn errors(&self) -> Vec<&'static str> {
        let errors = self.analysis.diagnostics.iter();
        errors
            .filter(|d| d.severity == Severity::Error)
            .map(|d| d.code.0)
            .collect()
    }

    /// Checks that nothing at all was found.
    #[track_caller]
    pub fn clean(self) -> Analysis {
        assert!(self.analysis.diagnostics.is_empty(), "{}", self.shown());
        self.analysis
    }
}

/// Checks a text under the name `spec.cfx`.
pub fn check(text: &str) -> Checked {
    let mut sources = SourceMap::default();
    let file = sources.add("spec.cfx", text);
    let analysis = sema::analyze(file, &mut sources, &mut NoFiles, registries());
    Checked { sources, analysis }
}
