//! The bundled library `std`: texts in the language itself, one block to a file.

macro_rules! texts {
    ($($path:literal),+ $(,)?) => {
        &[$((concat!("std/", $path), include_str!(concat!("../../std/", $path, ".cfx")))),+]
    };
}

/// Every text: slash path without ending, and contents.
const TEXTS: &[(&str, &str)] = texts![
    "dataflows/eyeriss",
    "dataflows/nvdla",
    "dataflows/shidiannao",
    "menus/confuciux",
    "networks/mnasnet",
    "networks/mobilenet_v2",
    "networks/resnet50",
    "tables/mnasnet",
    "tables/mobilenet_v2",
    "tables/resnet50",
    "technologies/horowitz45",
    "technologies/jouppi7",
    "technologies/maestro",
    "technologies/maestro_confuciux",
];

/// Dotted paths of everything in the library, sorted.
pub fn paths() -> Vec<String> {
    TEXTS
        .iter()
        .map(|(path, _)| path.replace('/', "."))
        .collect()
}

/// The text behind a dotted path such as `std.networks.resnet50`.
pub fn find(dotted: &str) -> Option<&'static str> {
    let path = dotted.replace('.', "/");
    TEXTS
        .iter()
        .find(|(p, _)| *p == path)
        .map(|(_, text)| *text)
}

/// The name a library text is shown under in diagnostics.
pub fn file_name(dotted: &str) -> String {
    format!("{}.cfx", dotted.replace('.', "/"))
}
