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

    /// Tells each wall that may touch the rectangle, those of [`Walls::near`] first, then moving ones.
    #[inline]
    pub fn around(&self, low: (i32, i32), high: (i32, i32), mut tell: impl FnMut(&WallBox)) {
        self.near(low, high, |_, wall| tell(wall));
        for Moved { wall, .. } in self.movers {
            let reaches = |low: i32, high: i32, at: i32, half: i32| {
                at.saturating_sub(half) <= high && at.saturating_add(half) >= low
            };
            if reaches(low.0, high.0, wall.x, wall.half_x)
                && reaches(low.1, high.1, wall.y, wall.half_y)
            {
                tell(wall);
            }
        }
    }

    /// Tells each wall that stands still and may come as near to the line as `reach`, the nearer half of the way first, until one is
    /// enough: `tell` is true. Only the cells along the line are looked at; a wall in several of them is told as often.
    #[inline]
    pub fn along(
        &self,
        from: (i32, i32),
        to: (i32, i32),
        reach: i32,
        mut tell: impl FnMut(usize, &WallBox) -> bool,
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
        for step in 0..=last - first {
            let at = if backwards { last - step } else { first + step };
            let (begin, end) = long.slab(at, grid.shift);
            let b = |a: i64| {
                let a = a.clamp(low, high);
                short.from + ((slope * (a - long.from)) >> 30)
            };
            let (one, other) = (b(begin - wide(reach)), b(end + wide(reach)));
            let side = |at: i64| short.cell(at, grid.shift);
            for across in side(one.min(other) - beside)..=side(one.max(other) + beside) {
                let (cell_x, cell_y) = if flat { (at, across) } else { (across, at) };
                let cell = (cell_y * grid.cells_x + cell_x) as usize;
                let (Some(first), Some(last)) = (self.starts.get(cell), self.starts.get(cell + 1))
                else {
                    continue;
                };
                for item in self.items.get(usize::from(*first)..usize::from(*last)).unwrap_or(&[]) {
                    let Some(wall) = self.boxes.get(usize::from(*item)) else { continue };
                    if tell(usize::from(*item), wall) {
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
                let cell = (cell_y * grid.cells_x + cell_x) as usize;
                let (Some(first), Some(last)) = (self.starts.get(cell), self.starts.get(cell + 1))
                else {
                    continue;
                };
                for item in self.items.get(usize::from(*first)..usize::from(*last)).unwrap_or(&[]) {
                    let Some(wall) = self.boxes.get(usize::from(*item)) else { continue };
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
                        tell(usize::from(*item), wall);
                    }
                }
            }
        }
    }
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

/// Builds the grid over `boxes` by counting sort. Cells grow until all items fit.
pub fn build(
    head: &ConfigHead,
    boxes: &[WallBox],
    starts: &mut [u16],
    items: &mut [u16],
) -> WallGrid {
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
        };
        if fill(&grid, boxes, starts, items) {
            return grid;
        }
        let cell = 1i32.checked_shl(shift + 1).filter(|cell| *cell > 0).unwrap_or(i32::MAX);
        (shift, cells_x, cells_y) = grid_of(head, cell, most);
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
        // One cell always fits: there are more items than walls.
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
