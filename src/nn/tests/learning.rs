//! A toy problem is learnt, and in the same bits each time.

use super::super::*;
use crate::base::random::Stream;

/// A toy with one reward for each road information can take: head 0 must match a table of the
/// slot's kind, head 1 must mirror head 0, head 2 must repeat a bit shown at the first slot only.
/// Returns the greedy hit rate of each head after training, and the parameters.
fn learn(updates: usize) -> ([f64; 3], Vec<f32>) {
    const TABLE: [usize; 5] = [2, 0, 3, 1, 2];
    let (episodes, slots) = (16, 6);
    let shape = PolicyShape {
        inputs: 2,
        hidden: 12,
        kinds: 5,
        levels: vec![4, 4, 2],
    };
    let levels = shape.levels.clone();
    let mut policy = Policy::new(shape, &mut Stream::new(9, "policy", 0));
    let mut adam = Adam::new(&policy, 0.03);
    adam.max_norm = 2.0;
    let mut gradient = Gradient::new(&policy);
    let mut tape = Tape::new();
    let mut world = Stream::new(9, "world", 0);
    let mut stream = Stream::new(9, "choices", 0);
    let mut rates = [0.0; 3];
    for update in 0..=updates {
        let last = update == updates;
        let bits: Vec<usize> = (0..episodes).map(|_| world.below(2)).collect();
        let mut rewards = vec![0.0_f32; episodes * slots * 3];
        let mut rollout = policy.rollout(&mut tape, episodes);
        for t in 0..slots {
            let inputs: Vec<f32> = bits
                .iter()
                .flat_map(|&bit| {
                    if t == 0 {
                        [bit as f32 * 2.0 - 1.0, 1.0]
                    } else {
                        [0.0; 2]
                    }
                })
                .collect();
            let kinds: Vec<u32> = (0..episodes).map(|_| world.below(5) as u32).collect();
            rollout.step(&inputs, &kinds);
            for e in 0..episodes {
                let mut target = TABLE[kinds[e] as usize];
                for h in 0..3 {
                    let pick = if last {
                        Pick::Greedy
                    } else {
                        Pick::Sample(&mut stream)
                    };
                    let choice = rollout.choose(e, h, &vec![true; levels[h]], pick);
                    rewards[(e * slots + t) * 3 + h] = f32::from(choice == target);
                    target = if h == 0 { 3 - choice } else { bits[e] };
                }
            }
        }
        for (h, rate) in rates.iter_mut().enumerate() {
            let hits: f32 = rewards.iter().skip(h).step_by(3).sum();
            *rate = f64::from(hits) / (episodes * slots) as f64;
        }
        if !last {
            for (i, r) in rewards.iter_mut().enumerate() {
                *r -= rates[i % 3] as f32;
            }
            gradient.clear();
            policy.backward(&mut tape, &rewards, 0.01, episodes as f32, &mut gradient);
            adam.step(&mut policy, &gradient);
        }
    }
    (rates, policy.parameters().to_vec())
}

#[test]
fn every_road_of_information_is_learnt() {
    let (rates, _) = learn(250);
    assert!(rates.iter().all(|&rate| rate > 0.95), "{rates:?}");
}

#[test]
fn learning_gives_the_same_bits_twice() {
    let bits = || learn(20).1.iter().map(|p| p.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(), bits());
}

/// Twenty updates end in these bits on every machine and in every build profile.
#[test]
fn learning_gives_the_same_bits_everywhere() {
    let hash = learn(20)
        .1
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, p| {
            (hash ^ u64::from(p.to_bits())).wrapping_mul(0x0000_0100_0000_01b3)
        });
    assert_eq!(hash, 0x1edf_f008_2d8d_8145, "{hash:#018x}");
}
