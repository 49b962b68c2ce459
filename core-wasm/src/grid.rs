//! A uniform grid over entities, rebuilt by counting sort: two passes over the rows, no division,
//! no allocation.

use crate::config::Sizes;
use crate::gen::{column, ConfigHead};
use crate::world::World;
use core::ops::Range;

/// A built grid.
#[derive(Clone, Copy)]
pub struct Grid<'a> {
    starts: &'a [u16],
    items: &'a [u16],
    shift: u32,
    cells_x: u32,
    cells_y: u32,
    half_width: i32,
    half_depth: i32,
}

/// A grid that was built before, seen again: `starts` and `items` must be untouched since.
pub fn view<'a>(head: &ConfigHead, sizes: &Sizes, starts: &'a [u16], items: &'a [u16]) -> Grid<'a> {
    let (shift, cells_x, cells_y) = (sizes.cell_shift, sizes.cells_x, sizes.cells_y);
    Grid {
        starts,
        items,
        shift,
        cells_x,
        cells_y,
        half_width: head.half_width,
        half_depth: head.half_depth,
    }
}

/// Builds the grid over the rows for which `wanted` holds. Rows stand in ascending order within a
/// cell.
pub fn build<'a>(
    head: &ConfigHead,
    sizes: &Sizes,
    world: &World,
    memory: (&'a mut [u16], &'a mut [u16], &mut [u16]),
    wanted: impl Fn(&World, usize) -> bool,
) -> Grid<'a> {
    let (starts, items, of) = memory;
    let (shift, cells_x, cells_y) = (sizes.cell_shift, sizes.cells_x, sizes.cells_y);
    let (half_width, half_depth) = (head.half_width, head.half_depth);
    starts.fill(0);
    let (x, y) = (world.column(column::X), world.column(column::Y));
    for (i, ((x, y), of)) in x.iter().zip(y).zip(of.iter_mut()).enumerate() {
        *of = u16::MAX;
        if wanted(world, i) {
            let cell = cell(*y, half_depth, shift, cells_y) * cells_x
                + cell(*x, half_width, shift, cells_x);
            *of = cell as u16;
            starts[cell as usize + 1] += 1;
        }
    }
    let mut sum = 0;
    for start in starts.iter_mut() {
        sum += *start;
        *start = sum;
    }
    // Filling from the last row down leaves each start where its cell begins, if it was the end
    // before: so shift by one.
    for (i, of) in of.iter().enumerate().rev() {
        if *of != u16::MAX {
            let end = &mut starts[usize::from(*of) + 1];
            *end -= 1;
            items[usize::from(*end)] = i as u16;
        }
    }
    // Now starts[c + 1] is the start of cell c; the end of c is the start of c + 1, and of the last
    // one the sum.
    let cells = starts.len() - 1;
    starts.copy_within(1.., 0);
    starts[cells] = sum;
    Grid { starts, items, shift, cells_x, cells_y, half_width, half_depth }
}

#[inline]
fn cell(at: i32, half: i32, shift: u32, cells: u32) -> u32 {
    // half is at most 2^30 and positions stay within it, so the sum fits; outside positions go to
    // the border cells.
    let from = at.saturating_add(half).max(0) as u32;
    (from >> shift).min(cells - 1)
}

impl<'a> Grid<'a> {
    /// The rows that stand in the grid, cell by cell, rising within a cell.
    #[inline]
    pub fn items(&self) -> &'a [u16] {
        let count = self.starts.last().map_or(0, |sum| usize::from(*sum));
        self.items.get(..count).unwrap_or(&[])
    }

    /// Tells each row whose cell the square around a point touches, cells in order, rows ascending
    /// within a cell.
    #[inline]
    pub fn near(&self, x: i32, y: i32, reach: i32, tell: impl FnMut(usize)) {
        self.rectangle(x, y, 0, 0, reach, tell);
    }

    /// The same for the rectangle around a segment.
    #[inline]
    pub fn along(&self, from: (i32, i32), to: (i32, i32), reach: i32, tell: impl FnMut(usize)) {
        let x = ((i64::from(from.0) + i64::from(to.0)) / 2) as i32;
        let y = ((i64::from(from.1) + i64::from(to.1)) / 2) as i32;
        let half_x = (i64::from(from.0) - i64::from(to.0)).unsigned_abs() / 2;
        let half_y = (i64::from(from.1) - i64::from(to.1)).unsigned_abs() / 2;
        self.rectangle(x, y, half_x as i32 + 1, half_y as i32 + 1, reach, tell);
    }

    #[inline]
    fn rectangle(
        &self,
        x: i32,
        y: i32,
        half_x: i32,
        half_y: i32,
        reach: i32,
        mut tell: impl FnMut(usize),
    ) {
        let (rx, ry) = (half_x.saturating_add(reach), half_y.saturating_add(reach));
        self.rows_of(x, y, rx, ry, |span| {
            for item in self.items.get(span).unwrap_or(&[]) {
                tell(usize::from(*item));
            }
        });
    }

    /// Tells which ranges of [`Grid::items`] stand in the cells that the square around a point touches.
    #[inline]
    pub fn spans(&self, x: i32, y: i32, reach: i32, tell: impl FnMut(Range<usize>)) {
        self.rows_of(x, y, reach, reach, tell);
    }

    #[inline]
    fn rows_of(&self, x: i32, y: i32, rx: i32, ry: i32, mut tell: impl FnMut(Range<usize>)) {
        let x0 = cell(x.saturating_sub(rx), self.half_width, self.shift, self.cells_x);
        let x1 = cell(x.saturating_add(rx), self.half_width, self.shift, self.cells_x);
        let y0 = cell(y.saturating_sub(ry), self.half_depth, self.shift, self.cells_y);
        let y1 = cell(y.saturating_add(ry), self.half_depth, self.shift, self.cells_y);
        for row in y0..=y1 {
            let first = (row * self.cells_x + x0) as usize;
            let last = (row * self.cells_x + x1) as usize + 1;
            // Cells of one row follow each other, so their items do too.
            if let (Some(from), Some(to)) = (self.starts.get(first), self.starts.get(last)) {
                tell(usize::from(*from)..usize::from(*to));
            }
        }
    }
}
