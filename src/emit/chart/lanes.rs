//! Where the lines of a network run beside the list of its nodes: every result keeps a lane from the
//! node that makes it to the last one that reads it.

/// Lanes that are told apart; what needs more shares the last.
pub const MOST: usize = 12;

/// The lane of each node, and how many there are. `before` names the nodes that each one reads,
/// all of them earlier.
pub fn assign(before: &[Vec<usize>]) -> (Vec<usize>, usize) {
    let last = last_readers(before);
    let mut busy: Vec<bool> = Vec::new();
    let mut lanes: Vec<usize> = Vec::with_capacity(before.len());
    let mut most = 1;
    for (at, reads) in before.iter().enumerate() {
        // What is read here for the last time leaves its lane to the node.
        let ended: Vec<usize> = reads
            .iter()
            .filter(|&&r| last[r] == Some(at))
            .map(|&r| lanes[r])
            .collect();
        for &lane in &ended {
            busy[lane] = false;
        }
        let free = busy.iter().position(|b| !b).unwrap_or(busy.len());
        let lane = ended.iter().copied().min().unwrap_or(free);
        if lane >= busy.len() {
            busy.resize(lane + 1, false);
        }
        busy[lane] = last[at].is_some();
        most = most.max(lane + 1);
        lanes.push(lane);
    }
    let shown = |lane: &usize| (*lane).min(MOST - 1);
    (lanes.iter().map(shown).collect(), most.min(MOST))
}

/// The last node that reads each one; `None` if none does.
pub fn last_readers(before: &[Vec<usize>]) -> Vec<Option<usize>> {
    let mut last = vec![None; before.len()];
    for (at, reads) in before.iter().enumerate() {
        for &read in reads {
            last[read] = Some(at);
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_is_one_lane() {
        let before = [vec![], vec![0], vec![1]];
        assert_eq!(assign(&before), (vec![0, 0, 0], 1));
    }

    #[test]
    fn a_skip_runs_beside() {
        // 0 -> 1 -> 2 -> 3, and 0 -> 3
        let before = [vec![], vec![0], vec![1], vec![0, 2]];
        assert_eq!(assign(&before), (vec![0, 1, 1, 0], 2));
    }

    #[test]
    fn more_branches_than_lanes_share_the_last() {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); 40];
        before.push((0..40).collect());
        let (lanes, most) = assign(&before);
        assert_eq!(most, MOST);
        assert!(lanes.iter().all(|&l| l < MOST));
    }
}
