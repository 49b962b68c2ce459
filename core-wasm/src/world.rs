//! The entity matrix: i32, field-major, column `f` at `f * entities`. Structure of arrays; a free
//! row has kind 0.

use crate::gen::{column, flag, kind};

/// A view of the matrix. `n` is the number of rows (entitiesMax).
pub struct World<'a> {
    /// All columns, one after another.
    pub cells: &'a mut [i32],
    /// Rows.
    pub n: usize,
}

impl<'a> World<'a> {
    /// A view over `cells`, whose length must be a multiple of `n`.
    pub fn new(cells: &'a mut [i32], n: usize) -> Self {
        Self { cells, n }
    }

    /// Value of column `f` in row `i`; 0 outside.
    #[inline]
    pub fn get(&self, f: usize, i: usize) -> i32 {
        debug_assert!(i < self.n);
        self.cells.get(f * self.n + i).copied().unwrap_or(0)
    }

    /// Writes column `f` of row `i`; nothing outside.
    #[inline]
    pub fn set(&mut self, f: usize, i: usize, value: i32) {
        debug_assert!(i < self.n);
        if let Some(cell) = self.cells.get_mut(f * self.n + i) {
            *cell = value;
        }
    }

    /// One column.
    #[inline]
    pub fn column(&self, f: usize) -> &[i32] {
        self.cells.get(f * self.n..(f + 1) * self.n).unwrap_or(&[])
    }

    /// True if the row is used and takes part in the world.
    #[inline]
    pub fn alive(&self, i: usize) -> bool {
        self.get(column::FLAGS, i) & flag::ALIVE != 0
    }

    /// Sets flag bits.
    #[inline]
    pub fn raise(&mut self, i: usize, bits: i32) {
        let flags = self.get(column::FLAGS, i);
        self.set(column::FLAGS, i, flags | bits);
    }

    /// Clears flag bits.
    #[inline]
    pub fn lower(&mut self, i: usize, bits: i32) {
        let flags = self.get(column::FLAGS, i);
        self.set(column::FLAGS, i, flags & !bits);
    }

    /// Handle of a used row: generation << 16 | index.
    #[inline]
    pub fn handle(&self, i: usize) -> u32 {
        (self.get(column::GENERATION, i) as u32) << 16 | i as u32
    }

    /// The row of a handle, if that entity still exists (dead players do).
    #[inline]
    pub fn find(&self, handle: u32) -> Option<usize> {
        let i = (handle & 0xffff) as usize;
        let used = i < self.n && self.get(column::KIND, i) != kind::FREE;
        (used && self.get(column::GENERATION, i) as u32 == handle >> 16).then_some(i)
    }

    /// Zeroes a row but for its generation.
    pub fn clear_row(&mut self, i: usize) {
        let n = self.n;
        self.cells.iter_mut().skip(i).step_by(n).skip(1).for_each(|cell| *cell = 0);
    }
}
