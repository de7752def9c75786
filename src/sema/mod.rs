//! Meaning: names, units, shapes and types. AST in, checked problems out; every user error of the
//! text ends here.

mod amounts;
mod arguments;
mod arithmetic;
mod budget;
mod cascade;
mod constants;
mod dataflow;
mod dataflow_file;
mod design;
mod doubtful;
mod expect;
mod extend;
mod fields;
mod graph;
mod joined;
mod kind;
pub mod library;
mod lint;
mod menu;
mod modules;
mod network;
mod once;
mod operator;
mod parts;
mod pins;
mod precision;
mod quantity;
mod rules;
mod scope;
mod search;
mod shared;
mod technology;
mod window;

pub use budget::limit;
pub use dataflow_file::{mapped, mistaken};
pub use lint::{cannot_fail, most_at_work, unfilled};
pub use network::assembled;
pub use once::told;
pub use parts::SETTINGS;
pub use shared::agreed;

use crate::base::span::{FileId, SourceMap, Span};
use crate::diag::{Diagnostic, Severity};
use crate::ir::network::{Network, Vertex};
use crate::ir::problem::Problem;
use crate::ir::registry::{MethodSpec, ModelSpec};
use crate::syntax::ast;

/// What specifications may name that lives in code.
#[derive(Debug, Clone, Copy)]
pub struct Registries {
    /// Cost models; the first is the default.
    pub models: &'static [ModelSpec],
    /// Search methods.
    pub methods: &'static [MethodSpec],
}

/// Reads what a specification refers to. Only the command line touches the disk.
pub trait Files {
    /// The layers of `network … from "path"`. New texts are added to `sources`.
    ///
    /// # Errors
    /// Why the file cannot be read or what is wrong in it.
    fn network(
        &mut self,
        wanted: &FileRequest,
        sources: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>>;

    /// The specification that a `use` names, added to `sources` once however often it is named;
    /// `None` if there is no such file. A relative path starts from the folder of the file that
    /// `at` lies in.
    ///
    /// # Errors
    /// Why a file that is there cannot be read.
    fn spec(
        &mut self,
        path: &str,
        at: Span,
        sources: &mut SourceMap,
    ) -> Result<Option<FileId>, Diagnostic> {
        let _ = (path, at, sources);
        Ok(None)
    }

    /// The path of a specification with names like those of this path, where no file is.
    fn near_spec(&mut self, path: &str, at: Span, sources: &SourceMap) -> Option<String> {
        let _ = (path, at, sources);
        None
    }
}

/// What `network … from "path" { … }` asks for.
#[derive(Debug, Clone)]
pub struct FileRequest<'a> {
    /// As written; a relative path starts from the folder of the file that `at` lies in.
    pub path: &'a str,
    /// The place of the path.
    pub at: Span,
    /// Sizes, in elements, of the dimensions that a model leaves open.
    pub dims: Vec<(ast::Name, u64)>,
}

/// The layers that came from a file.
#[derive(Debug, Clone)]
pub struct FileNetwork {
    /// Layers and edges of a text.
    pub statements: Vec<ast::NetworkStmt>,
    /// Layers and free operators of a model that is no text.
    pub vertices: Vec<Vertex>,
    /// Whether shapes must agree along the edges.
    pub shapes_checked: bool,
    /// How the file maps them, if it does: what `dataflow … from "path"` asks for.
    pub rules: Vec<ast::RuleDecl>,
    /// What is doubtful about them.
    pub warnings: Vec<Diagnostic>,
}

/// Layers of a table: it has lost strides and padding, and its edges cannot be checked.
impl From<Vec<ast::NetworkStmt>> for FileNetwork {
    fn from(statements: Vec<ast::NetworkStmt>) -> Self {
        FileNetwork {
            statements,
            vertices: Vec::new(),
            shapes_checked: false,
            rules: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// Everything the checks of one file found.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The designs without errors, in the order of the file.
    pub problems: Vec<Problem>,
    /// Names of all designs of the file, broken ones included.
    pub designs: Vec<String>,
    /// The networks declared in the file itself that are without errors.
    pub networks: Vec<Network>,
    /// Errors and warnings in the order they were found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Analysis {
    /// Whether any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|d| d.severity == Severity::Error)
    }
}

/// Checks one file and everything it uses.
pub fn analyze(
    main: FileId,
    sources: &mut SourceMap,
    files: &mut dyn Files,
    registries: Registries,
) -> Analysis {
    let mut program = scope::Program::new(main, sources, files, registries);
    let designs = program.design_names();
    let (mut networks, mut problems) = (Vec::new(), Vec::new());
    // Files that are used are checked as well, and their designs, but those are not built.
    let mut module = 0;
    while let Some(blocks) = program.own_blocks(module) {
        let sound = program.check_blocks(&blocks);
        let lowered = design::lower_all(&mut program, &blocks);
        if module == 0 {
            (networks, problems) = (sound, lowered);
        }
        module += 1;
    }
    program.lint_unused();
    program.lint_constants();
    program.lint_unnamed();
    let analysis = Analysis {
        problems,
        designs,
        networks,
        diagnostics: program.into_diagnostics(),
    };
    // A design that is dropped without a word would be built as if it had never been written.
    debug_assert!(
        analysis.has_errors() || analysis.problems.len() == analysis.designs.len(),
        "a design was dropped without a diagnostic"
    );
    analysis
}

/// Names of the operators of the shape-inferred form.
pub fn operators() -> impl Iterator<Item = &'static str> {
    operator::OPERATORS.iter().map(|(name, _)| *name)
}

/// A network of the bundled library by name, or why there is none.
///
/// # Errors
/// The diagnostics of a library text that does not check: our own mistake.
pub fn library_network(
    path: &str,
    sources: &mut SourceMap,
    registries: Registries,
) -> Result<Network, Vec<Diagnostic>> {
    let text = library::find(path).unwrap_or_default();
    let file = sources.add(library::file_name(path), text);
    let mut analysis = analyze(file, sources, &mut NoFiles, registries);
    match analysis.networks.pop() {
        Some(network) if !analysis.has_errors() => Ok(network),
        _ => Err(analysis.diagnostics),
    }
}

/// Library texts refer to no files.
struct NoFiles;

impl Files for NoFiles {
    fn network(
        &mut self,
        wanted: &FileRequest,
        _: &mut SourceMap,
    ) -> Result<FileNetwork, Vec<Diagnostic>> {
        Err(vec![
            Diagnostic::error(crate::diag::codes::UNREADABLE, "the library reads no files")
                .label(wanted.at, "a file is named here"),
        ])
    }
}
