//! Long names in little room. Models call their layers by long paths that begin alike.

use std::collections::HashSet;

/// Bytes of the folders that all names begin with, up to and with a `/`, or a `.` where there is no
/// `/`; 0 if there is one name.
pub fn common(names: &[&str]) -> usize {
    let Some((first, rest)) = names.split_first().filter(|(_, rest)| !rest.is_empty()) else {
        return 0;
    };
    let shared = rest.iter().fold(first.len(), |shared, name| {
        let pairs = first.bytes().zip(name.bytes()).take(shared);
        pairs.take_while(|(a, b)| a == b).count()
    });
    let sign = if first.contains('/') { b'/' } else { b'.' };
    let end = first.as_bytes()[..shared].iter().rposition(|b| *b == sign);
    end.map_or(0, |at| at + 1)
}

/// A name without what all have in common (see [`common`]), if that saves anything.
pub fn without(name: &str, common: usize) -> String {
    if common > 1 {
        format!("…{}", &name[common..])
    } else {
        name.to_string()
    }
}

/// Names of at most `longest` characters: without what they have in common, and with their middle
/// left out if that is not enough. Where different names would look alike, they are longer.
pub fn told_apart(names: &[&str], longest: usize) -> Vec<String> {
    let most = names.iter().map(|n| n.chars().count()).max().unwrap_or(0);
    if most <= longest {
        return names.iter().map(|n| n.to_string()).collect();
    }
    let common = common(names);
    let different = names.iter().collect::<HashSet<_>>().len();
    let mut room = longest;
    loop {
        let short = names.iter().map(|n| shortened(&without(n, common), room));
        let short: Vec<String> = short.collect();
        if room >= most || short.iter().collect::<HashSet<_>>().len() == different {
            return short;
        }
        room += 4;
    }
}

/// The name, its middle left out if it is too long: both ends tell layers apart.
fn shortened(name: &str, longest: usize) -> String {
    let count = name.chars().count();
    if count <= longest {
        return name.to_string();
    }
    let head = longest / 2;
    let tail = longest - head - 1;
    let start: String = name.chars().take(head).collect();
    let end: String = name.chars().skip(count - tail).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(shortened("conv1", 8), "conv1");
        assert_eq!(shortened("/features/conv.0/Conv", 9), "/fea…Conv");
    }

    #[test]
    fn what_all_begin_with_is_left_out() {
        let names = [
            "/m/encoder/a.0/dense",
            "/m/encoder/a.1/dense",
            "/m/encoder/b/dense",
        ];
        assert_eq!(told_apart(&names, 20), names);
        assert_eq!(
            told_apart(&names, 12),
            ["…a.0/dense", "…a.1/dense", "…b/dense"]
        );
        assert_eq!(common(&["/m/ä/x", "/m/ö/x"]), 3);
        assert_eq!(common(&["m/layer.0/x", "m/layer.1/x"]), 2);
        assert_eq!(common(&["layer.0", "layer.1"]), 6);
        assert_eq!(common(&["/m/x"]), 0);
        assert_eq!(common(&["a", "a"]), 0);
    }

    #[test]
    fn different_names_look_different() {
        let names: Vec<String> = (0..20)
            .map(|i| format!("start{i}{}", "x".repeat(30)))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let short = told_apart(&names, 8);
        assert_eq!(short.iter().collect::<HashSet<_>>().len(), 20);
        assert!(short.iter().all(|n| n.chars().count() <= 16), "{short:?}");
        let same = told_apart(&["a/long name", "a/long name"], 4);
        assert_eq!(same[0], same[1]);
    }
}
