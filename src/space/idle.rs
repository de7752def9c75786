//! PEs that no layer has a use for.

use super::build::Space;
use crate::cost::Price;
use crate::ir::menu::Menu;

/// The largest value of `pes` that some layer gains from: at the same dataflow and other knobs it
/// is better off in latency, energy, area or power than with any fewer. `None` if that is the
/// largest of the menu, or if no layer gains from any.
pub fn most_useful_pes(space: &Space) -> Option<u64> {
    let axes = &space.grid.axes;
    let pes = &axes[Menu::PES];
    let others: usize = axes[Menu::PES + 1..].iter().map(Vec::len).product();
    let useful = |position: usize| {
        (0..space.grid.dataflows).any(|dataflow| {
            let point =
                |position: usize, other: usize| (dataflow * pes.len() + position) * others + other;
            space.tables.iter().any(|table| {
                (0..others).any(|other| {
                    let fewer = (0..position).rev().map(|p| &table[point(p, other)]);
                    let mut fewer = fewer.flatten();
                    let price = &table[point(position, other)];
                    price
                        .as_ref()
                        .is_some_and(|p| !fewer.any(|f| as_good(f, p)))
                })
            })
        })
    };
    let last = pes.len() - 1;
    let most = (0..=last).rev().find(|&position| useful(position))?;
    (most < last).then_some(pes[most])
}

/// Whether `a` is as good as `b` in all that PEs are bought for.
fn as_good(a: &Price, b: &Price) -> bool {
    a.latency_cycles <= b.latency_cycles
        && a.energy_nj <= b.energy_nj
        && a.area_um2 <= b.area_um2
        && a.power_mw <= b.power_mw
}
