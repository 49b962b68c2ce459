//! Static walls: upright boxes in a uniform grid that is built once, at tick 0. A move looks at the
//! boxes of the few cells around it: it costs the same with 10 walls and 10,000.

use bytemuck::{Pod, Zeroable};

use crate::config::grid_of;
use crate::gen::{ConfigHead, WallBox};
use crate::movers::Moved;

/// World units. The edge of a cell, where the world is not too large for as many cells as there may be.
const CELL: i32 = 4;

/// Cells of the grid of a schema with so many walls at most: more walls are worth more cells, up to
/// a world of 500 units in cells of [`CELL`].
pub fn cells_of(boxes: u32) -> u32 {
    boxes.next_power_of_two().clamp(crate::config::GRID_CELLS_MAX, 16_384)
}

/// Wall numbers over all cells at most: every wall stands in 8 cells on average, else cells grow.
/// Their places are u16.
pub fn items_of(walls: u32) -> u32 {
    (8 * walls).min(0xffff)
}

/// Shape of the grid.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct WallGrid {
    /// log2 of the cell edge.
    pub shift: u32,
    /// Cells in x.
    pub cells_x: u32,
    /// Cells in y.
    pub cells_y: u32,
    /// The grid starts at -half_width.
    pub half_width: i32,
    /// The grid starts at -half_depth.
    pub half_depth: i32,
    /// Walls in it.
    pub count: u32,
    /// 1: a world without height, in which every wall stands in the way.
    pub flat: u32,
}

/// The walls of a room or client: boxes and their grid.
#[derive(Clone, Copy)]
pub struct Walls<'a> {
    /// Boxes.
    pub boxes: &'a [WallBox],
    /// Shape of the grid.
    pub grid: WallGrid,
    /// First item of each cell, and one past the last.
    pub starts: &'a [u16],
    /// Wall numbers by cell, ascending within a cell.
    pub items: &'a [u16],
    /// Moving boxes as they are in this tick: in no cell, since there are few.
    pub movers: &'a [Moved],
}

impl Walls<'static> {
    /// A world without walls.
    pub const NONE: Walls<'static> = Walls {
        boxes: &[],
        grid: WallGrid {
            shift: 31,
            cells_x: 0,
            cells_y: 0,
            half_width: 0,
            half_depth: 0,
            count: 0,
            flat: 0,
        },
        starts: &[],
        items: &[],
        movers: &[],
    };
}

impl<'a> Walls<'a> {
    /// True if there is nothing.
    pub fn none(&self) -> bool {
        self.grid.count == 0 && self.movers.is_empty()
    }

    /// Bottom and height of a wall for what flies; None: endless both ways.
    #[inline]
    pub fn tall(&self, wall: &WallBox) -> Option<(i32, i32)> {
        (wall.height != 0 && self.grid.flat == 0).then_some((wall.z, wall.height))
    }

    /// Tells each wall that may touch the rectangle, those of [`Walls::near`] first, then moving ones.
    #[inline]
    pub fn around(&self, low: (i32, i32), high: (i32, i32), mut tell: impl FnMut(&WallBox)) {
        self.near(low, high, |_, wall| tell(wall));
        self.moving(low, high, tell);
    }

    /// Tells each wall that may come as near to a way as `reach`, those that stand still first, by what [`Walls::along`] asks of `tell`.
    #[inline]
    pub fn on_way(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        reach: i32,
        mut tell: impl FnMut(&WallBox) -> i64,
    ) {
        let low = (from.0.min(to.0).saturating_sub(reach), from.1.min(to.1).saturating_sub(reach));
        let high = (from.0.max(to.0).saturating_add(reach), from.1.max(to.1).saturating_add(reach));
        // The cells of a short way are soon told without asking which of them its line crosses.
        let edge = 1u64 << self.grid.shift;
        if u64::from(from.0.abs_diff(to.0)) < edge && u64::from(from.1.abs_diff(to.1)) < edge {
            self.near(low, high, |_, wall| {
                tell(wall);
            });
        } else {
            self.along(from, to, reach, |_, wall| tell(wall));
        }
        self.moving(low, high, |wall| {
            tell(wall);
        });
    }

    #[inline]
    fn moving(&self, low: (i32, i32), high: (i32, i32), mut tell: impl FnMut(&WallBox)) {
        for Moved { wall, .. } in self.movers.iter().filter(|moved| reaches(&moved.wall, low, high))
        {
            tell(wall);
        }
    }

    /// Walls that stand still and reach into a cell, in ascending order.
    #[inline]
    fn of_cell(&self, x: u32, y: u32) -> impl Iterator<Item = (usize, &'a WallBox)> + use<'a> {
        let cell = (y * self.grid.cells_x + x) as usize;
        let (boxes, ends) = (self.boxes, (self.starts.get(cell), self.starts.get(cell + 1)));
        let items = match ends {
            (Some(first), Some(last)) => self.items.get(usize::from(*first)..usize::from(*last)),
            _ => None,
        };
        items.unwrap_or(&[]).iter().filter_map(move |item| {
            let number = usize::from(*item);
            Some((number, boxes.get(number)?))
        })
    }

    /// Tells each wall that stands still and may come as near to the line as `reach`, cell by cell along it; a wall in several of
    /// them is told as often. `tell` answers up to which part of the way it still matters what stands there: 2^30 is all of it,
    /// less than 0 that no more need be told.
    #[inline]
    pub fn along(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        reach: i32,
        mut tell: impl FnMut(usize, &WallBox) -> i64,
    ) {
        let grid = &self.grid;
        if grid.count == 0 {
            return;
        }
        let wide = |value: i32| i64::from(value);
        let (way_x, way_y) = (wide(to.0) - wide(from.0), wide(to.1) - wide(from.1));
        // Cells are gone through along the longer axis, each time those that the line crosses meanwhile.
        let flat = way_x.abs() >= way_y.abs();
        let x = Axis { from: wide(from.0), way: way_x, half: grid.half_width, cells: grid.cells_x };
        let y = Axis { from: wide(from.1), way: way_y, half: grid.half_depth, cells: grid.cells_y };
        let (long, short) = if flat { (x, y) } else { (y, x) };
        // In parts of 2^30, rounded: off by less than 4 at the end of the longest way.
        let slope = if long.way == 0 { 0 } else { (short.way << 30) / long.way };
        let beside = wide(reach) + 4;
        let (low, high) =
            (long.from.min(long.from + long.way), long.from.max(long.from + long.way));
        let (first, last) =
            (long.cell(low - wide(reach), grid.shift), long.cell(high + wide(reach), grid.shift));
        let backwards = long.way < 0;
        let mut matters = 1 << 30;
        for step in 0..=last - first {
            let at = if backwards { last - step } else { first + step };
            let (begin, end) = long.slab(at, grid.shift);
            let (begin, end) =
                ((begin - wide(reach)).clamp(low, high), (end + wide(reach)).clamp(low, high));
            let since = (if backwards { end } else { begin }) - long.from;
            if long.way != 0 && (since << 30) / long.way > matters {
                return;
            }
            let b = |a: i64| short.from + ((slope * (a - long.from)) >> 30);
            let (one, other) = (b(begin), b(end));
            let side = |at: i64| short.cell(at, grid.shift);
            for across in side(one.min(other) - beside)..=side(one.max(other) + beside) {
                let (cell_x, cell_y) = if flat { (at, across) } else { (across, at) };
                for (number, wall) in self.of_cell(cell_x, cell_y) {
                    matters = tell(number, wall);
                    if matters < 0 {
                        return;
                    }
                }
            }
        }
    }

    /// Tells each wall that stands still and may touch the rectangle, in ascending order within a cell. A wall in
    /// several cells is told only in the first of those cells that the rectangle reaches, so once.
    #[inline]
    pub fn near(&self, low: (i32, i32), high: (i32, i32), mut tell: impl FnMut(usize, &WallBox)) {
        let grid = &self.grid;
        if grid.count == 0 {
            return;
        }
        let (x0, x1) = span(low.0, high.0, grid.half_width, grid.shift, grid.cells_x);
        let (y0, y1) = span(low.1, high.1, grid.half_depth, grid.shift, grid.cells_y);
        for cell_y in y0..=y1 {
            for cell_x in x0..=x1 {
                for (number, wall) in self.of_cell(cell_x, cell_y) {
                    let at_x = clamp_cell(
                        wall.x.saturating_sub(wall.half_x),
                        grid.half_width,
                        grid.shift,
                        grid.cells_x,
                    );
                    let at_y = clamp_cell(
                        wall.y.saturating_sub(wall.half_y),
                        grid.half_depth,
                        grid.shift,
                        grid.cells_y,
                    );
                    if cell_x == at_x.max(x0) && cell_y == at_y.max(y0) {
                        tell(number, wall);
                    }
                }
            }
        }
    }
}

/// True if a wall touches a rectangle.
#[inline]
fn reaches(wall: &WallBox, low: (i32, i32), high: (i32, i32)) -> bool {
    let within = |at: i32, half: i32, low: i32, high: i32| {
        at.saturating_sub(half) <= high && at.saturating_add(half) >= low
    };
    within(wall.x, wall.half_x, low.0, high.0) && within(wall.y, wall.half_y, low.1, high.1)
}

/// A line and the grid along one axis.
struct Axis {
    from: i64,
    way: i64,
    half: i32,
    cells: u32,
}

impl Axis {
    #[inline]
    fn cell(&self, at: i64, shift: u32) -> u32 {
        (((at + i64::from(self.half)).max(0) >> shift) as u32).min(self.cells.saturating_sub(1))
    }

    /// Where a cell begins and ends; those at the rim hold all that is beyond.
    #[inline]
    fn slab(&self, cell: u32, shift: u32) -> (i64, i64) {
        let low = (i64::from(cell) << shift) - i64::from(self.half);
        let begin = if cell == 0 { -FAR } else { low };
        (begin, if cell + 1 >= self.cells { FAR } else { low + (1 << shift) })
    }
}

/// Beyond every place.
const FAR: i64 = 1 << 34;

#[inline]
fn clamp_cell(at: i32, half: i32, shift: u32, cells: u32) -> u32 {
    let from = (i64::from(at) + i64::from(half)).max(0);
    ((from >> shift) as u32).min(cells.saturating_sub(1))
}

#[inline]
fn span(low: i32, high: i32, half: i32, shift: u32, cells: u32) -> (u32, u32) {
    (clamp_cell(low, half, shift, cells), clamp_cell(high, half, shift, cells))
}

/// True if a wall's numbers are usable: inside the world's range, not inside out.
pub fn wall_ok(wall: &WallBox) -> bool {
    let most = crate::gen::POSITION_MAX as i32;
    let ok = |value: i32| (-most..=most).contains(&value);
    ok(wall.x)
        && ok(wall.y)
        && ok(wall.z)
        && (0..=most).contains(&wall.half_x)
        && (0..=most).contains(&wall.half_y)
        && (0..=most).contains(&wall.height)
}

/// Builds the grid over `boxes` by counting sort. Cells grow until all items fit. None: not even in the largest cells do they.
/// Those of a configuration always do ([`cells_of`], [`items_of`]): there are four of the largest cells at most.
pub fn build(
    head: &ConfigHead,
    boxes: &[WallBox],
    starts: &mut [u16],
    items: &mut [u16],
) -> Option<WallGrid> {
    let most = (starts.len() as u32).saturating_sub(1).max(1);
    let (mut shift, mut cells_x, mut cells_y) = grid_of(head, CELL << 16, most);
    loop {
        let grid = WallGrid {
            shift,
            cells_x,
            cells_y,
            half_width: head.half_width,
            half_depth: head.half_depth,
            count: boxes.len() as u32,
            flat: u32::from(head.dimensions == 2),
        };
        if fill(&grid, boxes, starts, items) {
            return Some(grid);
        }
        let cell = 1i32.checked_shl(shift + 1).filter(|cell| *cell > 0).unwrap_or(i32::MAX);
        let larger = grid_of(head, cell, most);
        if larger == (shift, cells_x, cells_y) || cells_x * cells_y == 1 {
            return None;
        }
        (shift, cells_x, cells_y) = larger;
    }
}

fn fill(grid: &WallGrid, boxes: &[WallBox], starts: &mut [u16], items: &mut [u16]) -> bool {
    let cells = (grid.cells_x * grid.cells_y) as usize;
    let mut total = 0u64;
    for wall in boxes {
        let (x0, x1, y0, y1) = reach(grid, wall);
        total += u64::from(x1 - x0 + 1) * u64::from(y1 - y0 + 1);
    }
    if total > items.len() as u64 || cells + 1 > starts.len() {
        return false;
    }
    starts.fill(0);
    for_cells(grid, boxes, |cell, _| starts[cell + 1] += 1);
    for cell in 0..cells {
        starts[cell + 1] += starts[cell];
    }
    // Fill each cell from its start; `starts` then holds the ends, which are the starts one cell
    // on.
    for_cells(grid, boxes, |cell, number| {
        items[usize::from(starts[cell])] = number as u16;
        starts[cell] += 1;
    });
    starts.copy_within(0..cells, 1);
    starts[0] = 0;
    true
}

fn reach(grid: &WallGrid, wall: &WallBox) -> (u32, u32, u32, u32) {
    let (low_x, high_x) = (wall.x.saturating_sub(wall.half_x), wall.x.saturating_add(wall.half_x));
    let (low_y, high_y) = (wall.y.saturating_sub(wall.half_y), wall.y.saturating_add(wall.half_y));
    let (x0, x1) = span(low_x, high_x, grid.half_width, grid.shift, grid.cells_x);
    let (y0, y1) = span(low_y, high_y, grid.half_depth, grid.shift, grid.cells_y);
    (x0, x1, y0, y1)
}

fn for_cells(grid: &WallGrid, boxes: &[WallBox], mut tell: impl FnMut(usize, usize)) {
    for (number, wall) in boxes.iter().enumerate() {
        let (x0, x1, y0, y1) = reach(grid, wall);
        for y in y0..=y1 {
            for x in x0..=x1 {
                tell((y * grid.cells_x + x) as usize, number);
            }
        }
    }
}

/// 32-bit hash of the walls, so that both ends know they hold the same.
pub fn hash(boxes: &[WallBox]) -> u32 {
    let full = crate::hash::bytes(0x5741_4c4c, bytemuck::cast_slice(boxes));
    (full ^ full >> 32) as u32
}
