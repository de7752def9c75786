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
    "networks/alexnet",
    "networks/bert_base",
    "networks/convnext_t",
    "networks/efficientnet_b0",
    "networks/gnmt",
    "networks/gpt2_decode",
    "networks/gpt2_prefill",
    "networks/llama_decode",
    "networks/llama_prefill",
    "networks/mnasnet",
    "networks/mobilenet_v2",
    "networks/mobilenet_v3",
    "networks/ncf",
    "networks/resnet50",
    "networks/swin_t",
    "networks/transformer",
    "networks/unet",
    "networks/vgg16",
    "networks/vit_b16",
    "networks/yolov3_tiny",
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
