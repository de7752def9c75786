//! Points of one layer's choices: a dataflow and one value per knob, numbered in mixed radix.

use crate::ir::dataflow::Rule;
use crate::ir::menu::Menu;

/// Number of a point in a [`Grid`].
pub type Point = u32;

/// All combinations of dataflow and knob values. Point numbers count the last knob fastest, then
/// the knobs before it, then the dataflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// Number of dataflows.
    pub dataflows: usize,
    /// Values of each knob, ascending.
    pub axes: Vec<Vec<u64>>,
    /// Positions on each axis of the coarse levels, in menu order.
    pub coarse: Vec<Vec<usize>>,
}

impl Grid {
    /// The grid of a menu; with `refined`, the values of `refine` belong to it too, and `pinned`
    /// values (knob, value) always do.
    pub fn new(menu: &Menu, dataflows: usize, refined: bool, pinned: &[(usize, u64)]) -> Grid {
        let mut axes = Vec::new();
        let mut coarse = Vec::new();
        for (index, knob) in menu.knobs.iter().enumerate() {
            let mut axis = if refined {
                knob.values()
            } else {
                knob.levels.clone()
            };
            axis.extend(pinned.iter().filter(|(k, _)| *k == index).map(|(_, v)| *v));
            axis.sort_unstable();
            axis.dedup();
            let at = |level: &u64| axis.binary_search(level).unwrap_or(0);
            coarse.push(knob.levels.iter().map(at).collect());
            axes.push(axis);
        }
        Grid {
            dataflows,
            axes,
            coarse,
        }
    }

    /// The points that differ for one rule: of the knobs that it does not read, one value each. Its
    /// coarse positions are of no use.
    pub fn of_rule(menu: &Menu, rule: &Rule, refined: bool, pinned: &[(usize, u64)]) -> Grid {
        let mut grid = Grid::new(menu, 1, refined, pinned);
        let read = rule.knobs();
        for (knob, axis) in grid.axes.iter_mut().enumerate() {
            if let Some((_, value)) = pinned.iter().find(|(k, _)| *k == knob) {
                *axis = vec![*value];
            } else if knob != Menu::PES && !read.contains(&knob) {
                axis.truncate(1);
            }
        }
        grid
    }

    /// How many points there are; `None` if they cannot be counted in 32 bits.
    pub fn size(&self) -> Option<usize> {
        let mut size = u32::try_from(self.dataflows).ok()?;
        for axis in &self.axes {
            size = size.checked_mul(u32::try_from(axis.len()).ok()?)?;
        }
        Some(size as usize)
    }

    /// The point of a dataflow and positions on the axes.
    pub fn point(&self, dataflow: usize, positions: &[usize]) -> Point {
        let mut number = dataflow;
        for (axis, &position) in self.axes.iter().zip(positions) {
            number = number * axis.len() + position;
        }
        number as Point
    }

    /// Dataflow and positions of a point.
    pub fn positions(&self, point: Point) -> (usize, Vec<usize>) {
        let mut rest = point as usize;
        let mut positions = vec![0; self.axes.len()];
        for (slot, axis) in positions.iter_mut().zip(&self.axes).rev() {
            *slot = rest % axis.len();
            rest /= axis.len();
        }
        (rest, positions)
    }

    /// Dataflow and knob values of a point.
    pub fn values(&self, point: Point) -> (usize, Vec<u64>) {
        let (dataflow, positions) = self.positions(point);
        (
            dataflow,
            positions
                .iter()
                .zip(&self.axes)
                .map(|(&p, axis)| axis[p])
                .collect(),
        )
    }

    /// The point of a dataflow and knob values, if the grid has it.
    pub fn find(&self, dataflow: usize, values: &[u64]) -> Option<Point> {
        if dataflow >= self.dataflows || values.len() != self.axes.len() {
            return None;
        }
        let positions: Option<Vec<usize>> = values
            .iter()
            .zip(&self.axes)
            .map(|(v, axis)| axis.binary_search(v).ok())
            .collect();
        Some(self.point(dataflow, &positions?))
    }

    /// The coarse points in menu order: dataflow by dataflow, the last knob fastest.
    pub fn coarse_points(&self) -> Vec<Point> {
        let mut points: Vec<Point> = (0..self.dataflows as Point).collect();
        for (axis, levels) in self.axes.iter().zip(&self.coarse) {
            let longer = points.iter().flat_map(|&head| {
                levels
                    .iter()
                    .map(move |&p| head * axis.len() as Point + p as Point)
            });
            points = longer.collect();
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            dataflows: 2,
            axes: vec![vec![1, 2, 3, 4], vec![1, 2, 3]],
            coarse: vec![vec![3, 0], vec![0, 2]],
        }
    }

    #[test]
    fn numbers_and_positions_agree() {
        let grid = grid();
        assert_eq!(grid.size(), Some(24));
        for point in 0..24 {
            let (dataflow, positions) = grid.positions(point);
            assert_eq!(grid.point(dataflow, &positions), point);
            let (dataflow, values) = grid.values(point);
            assert_eq!(grid.find(dataflow, &values), Some(point));
        }
        assert_eq!(grid.find(0, &[5, 1]), None);
    }

    #[test]
    fn coarse_points_keep_the_menu_order() {
        let grid = grid();
        let values: Vec<_> = grid
            .coarse_points()
            .iter()
            .map(|&p| grid.values(p))
            .collect();
        assert_eq!(values[0], (0, vec![4, 1]));
        assert_eq!(values[1], (0, vec![4, 3]));
        assert_eq!(values[2], (0, vec![1, 1]));
        assert_eq!(values[4], (1, vec![4, 1]));
        assert_eq!(values.len(), 8);
    }
}
