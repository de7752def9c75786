//! The page of every code: what the rule is, a specification that breaks it, one that does not.

use super::nearest::nearest;

/// Codes and the texts of `docs/errors`, in order.
const PAGES: &[(&str, &str)] = &[
    ("E0001", include_str!("../../docs/errors/E0001.md")),
    ("E0002", include_str!("../../docs/errors/E0002.md")),
    ("E0003", include_str!("../../docs/errors/E0003.md")),
    ("E0004", include_str!("../../docs/errors/E0004.md")),
    ("E0005", include_str!("../../docs/errors/E0005.md")),
    ("E0006", include_str!("../../docs/errors/E0006.md")),
    ("E0007", include_str!("../../docs/errors/E0007.md")),
    ("E0008", include_str!("../../docs/errors/E0008.md")),
    ("E0009", include_str!("../../docs/errors/E0009.md")),
    ("E0010", include_str!("../../docs/errors/E0010.md")),
    ("E0011", include_str!("../../docs/errors/E0011.md")),
    ("E0012", include_str!("../../docs/errors/E0012.md")),
    ("E0013", include_str!("../../docs/errors/E0013.md")),
    ("E0101", include_str!("../../docs/errors/E0101.md")),
    ("E0102", include_str!("../../docs/errors/E0102.md")),
    ("E0103", include_str!("../../docs/errors/E0103.md")),
    ("E0104", include_str!("../../docs/errors/E0104.md")),
    ("E0105", include_str!("../../docs/errors/E0105.md")),
    ("E0106", include_str!("../../docs/errors/E0106.md")),
    ("E0107", include_str!("../../docs/errors/E0107.md")),
    ("E0108", include_str!("../../docs/errors/E0108.md")),
    ("E0109", include_str!("../../docs/errors/E0109.md")),
    ("E0110", include_str!("../../docs/errors/E0110.md")),
    ("E0111", include_str!("../../docs/errors/E0111.md")),
    ("E0112", include_str!("../../docs/errors/E0112.md")),
    ("E0201", include_str!("../../docs/errors/E0201.md")),
    ("E0202", include_str!("../../docs/errors/E0202.md")),
    ("E0203", include_str!("../../docs/errors/E0203.md")),
    ("E0204", include_str!("../../docs/errors/E0204.md")),
    ("E0205", include_str!("../../docs/errors/E0205.md")),
    ("E0206", include_str!("../../docs/errors/E0206.md")),
    ("E0301", include_str!("../../docs/errors/E0301.md")),
    ("E0302", include_str!("../../docs/errors/E0302.md")),
    ("E0303", include_str!("../../docs/errors/E0303.md")),
    ("E0304", include_str!("../../docs/errors/E0304.md")),
    ("E0305", include_str!("../../docs/errors/E0305.md")),
    ("E0306", include_str!("../../docs/errors/E0306.md")),
    ("E0307", include_str!("../../docs/errors/E0307.md")),
    ("E0308", include_str!("../../docs/errors/E0308.md")),
    ("E0309", include_str!("../../docs/errors/E0309.md")),
    ("E0310", include_str!("../../docs/errors/E0310.md")),
    ("E0311", include_str!("../../docs/errors/E0311.md")),
    ("E0312", include_str!("../../docs/errors/E0312.md")),
    ("E0313", include_str!("../../docs/errors/E0313.md")),
    ("E0401", include_str!("../../docs/errors/E0401.md")),
    ("E0402", include_str!("../../docs/errors/E0402.md")),
    ("E0403", include_str!("../../docs/errors/E0403.md")),
    ("E0404", include_str!("../../docs/errors/E0404.md")),
    ("E0501", include_str!("../../docs/errors/E0501.md")),
    ("E0502", include_str!("../../docs/errors/E0502.md")),
    ("E0601", include_str!("../../docs/errors/E0601.md")),
    ("E0602", include_str!("../../docs/errors/E0602.md")),
    ("E0603", include_str!("../../docs/errors/E0603.md")),
    ("E0604", include_str!("../../docs/errors/E0604.md")),
    ("E0605", include_str!("../../docs/errors/E0605.md")),
    ("E0701", include_str!("../../docs/errors/E0701.md")),
    ("E0702", include_str!("../../docs/errors/E0702.md")),
    ("E0703", include_str!("../../docs/errors/E0703.md")),
    ("E0704", include_str!("../../docs/errors/E0704.md")),
    ("E0705", include_str!("../../docs/errors/E0705.md")),
    ("E0706", include_str!("../../docs/errors/E0706.md")),
    ("E0707", include_str!("../../docs/errors/E0707.md")),
    ("E0801", include_str!("../../docs/errors/E0801.md")),
    ("E0901", include_str!("../../docs/errors/E0901.md")),
    ("E0902", include_str!("../../docs/errors/E0902.md")),
    ("E0903", include_str!("../../docs/errors/E0903.md")),
    ("E0904", include_str!("../../docs/errors/E0904.md")),
    ("E0905", include_str!("../../docs/errors/E0905.md")),
    ("E0906", include_str!("../../docs/errors/E0906.md")),
    ("W0101", include_str!("../../docs/errors/W0101.md")),
    ("W0102", include_str!("../../docs/errors/W0102.md")),
    ("W0103", include_str!("../../docs/errors/W0103.md")),
    ("W0301", include_str!("../../docs/errors/W0301.md")),
    ("W0302", include_str!("../../docs/errors/W0302.md")),
    ("W0303", include_str!("../../docs/errors/W0303.md")),
    ("W0304", include_str!("../../docs/errors/W0304.md")),
    ("W0305", include_str!("../../docs/errors/W0305.md")),
    ("W0306", include_str!("../../docs/errors/W0306.md")),
    ("W0307", include_str!("../../docs/errors/W0307.md")),
    ("W0308", include_str!("../../docs/errors/W0308.md")),
    ("W0309", include_str!("../../docs/errors/W0309.md")),
    ("W0401", include_str!("../../docs/errors/W0401.md")),
    ("W0402", include_str!("../../docs/errors/W0402.md")),
    ("W0403", include_str!("../../docs/errors/W0403.md")),
    ("W0404", include_str!("../../docs/errors/W0404.md")),
    ("W0501", include_str!("../../docs/errors/W0501.md")),
    ("W0502", include_str!("../../docs/errors/W0502.md")),
    ("W0503", include_str!("../../docs/errors/W0503.md")),
    ("W0504", include_str!("../../docs/errors/W0504.md")),
    ("W0505", include_str!("../../docs/errors/W0505.md")),
    ("W0506", include_str!("../../docs/errors/W0506.md")),
    ("W0507", include_str!("../../docs/errors/W0507.md")),
    ("W0601", include_str!("../../docs/errors/W0601.md")),
    ("W0602", include_str!("../../docs/errors/W0602.md")),
    ("W0701", include_str!("../../docs/errors/W0701.md")),
    ("W0702", include_str!("../../docs/errors/W0702.md")),
    ("W0703", include_str!("../../docs/errors/W0703.md")),
    ("W0801", include_str!("../../docs/errors/W0801.md")),
    ("W0802", include_str!("../../docs/errors/W0802.md")),
];

/// `E0303` of `cfx::e0303`.
fn bare(code: &str) -> String {
    let upper = code.trim().to_ascii_uppercase();
    upper.strip_prefix("CFX::").unwrap_or(&upper).to_string()
}

/// The page of a code, written `E0303` or `cfx::E0303`, in either case.
pub fn page(code: &str) -> Option<&'static str> {
    let code = bare(code);
    let found = PAGES.iter().find(|(known, _)| *known == code);
    found.map(|(_, text)| *text)
}

/// The code that was probably meant.
pub fn near(code: &str) -> Option<&'static str> {
    nearest(&bare(code), PAGES.iter().map(|(known, _)| *known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_every_spelling() {
        let known = page("E0303");
        assert!(known.is_some());
        for spelling in ["e0303", "cfx::E0303", "CFX::e0303"] {
            assert_eq!(page(spelling), known, "{spelling}");
        }
        for unknown in ["", "E0000", "cfx::", "303", "cfx::cfx::E0303"] {
            assert_eq!(page(unknown), None, "{unknown}");
        }
        assert_eq!(near("cfx::e03033"), Some("E0303"));
        assert_eq!(near("shapes"), None);
    }
}
