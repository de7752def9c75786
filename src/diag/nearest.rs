//! The nearest known name to a mistyped one.

/// Edit distance with transpositions of neighbours (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

/// The known name nearest to `name`, if one is near enough to be meant: at most a third of the
/// longer name's letters away but not all of them, or one the other's beginning. Ties go to the one with
/// the same first letter, then to the earlier candidate.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.chars().count() > 200 {
        return None;
    }
    known
        .into_iter()
        .filter(|k| k.chars().count() <= 200)
        .map(|k| {
            let longer = name.chars().count().max(k.chars().count());
            let (a, b) = (name.to_lowercase(), k.to_lowercase());
            // `nvd` begins `nvdla`; `kernel_size` is `kernel` and more words.
            let longer_word = a.strip_prefix(&b).is_some_and(|rest| rest.starts_with('_'));
            let prefix = name.len().min(k.len()) >= 3 && (b.starts_with(&a) || longer_word);
            let differ = name.chars().count().abs_diff(k.chars().count());
            // Far too long or short: not worth a table of letters.
            let far = differ > (longer / 3).max(1);
            let distance = match (prefix && a != b, far) {
                (true, _) => 1,
                (false, true) => usize::MAX,
                (false, false) => distance(&a, &b),
            };
            // Few slips hit the first letter: `Gcycle` is `Gcycles` and not `cycle`.
            let other_start = a.chars().next() != b.chars().next();
            (distance, longer, other_start, k)
        })
        .filter(|&(d, longer, ..)| d <= (longer / 3).max(1) && d < longer)
        .min_by_key(|&(d, _, other_start, _)| (d, other_start))
        .map(|(.., k)| k)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn typos_are_found_and_strangers_are_not() {
        let known = ["nvdla", "shidiannao", "eyeriss"];
        assert_eq!(nearest("nvlda", known), Some("nvdla"));
        assert_eq!(nearest("Eyeris", known), Some("eyeriss"));
        assert_eq!(nearest("shidian", known), Some("shidiannao"));
        assert_eq!(nearest("nvdla_style", known), Some("nvdla"));
        assert_eq!(nearest("tpu", known), None);
        assert_eq!(nearest("Gcycle", ["cycle", "Gcycles"]), Some("Gcycles"));
    }
}
