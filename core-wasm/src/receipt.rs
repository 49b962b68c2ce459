//! Receipts: what a shot was judged by. A shot that was not judged by the present leaves one in the event stream, behind the
//! hits of its shot: the view it stated, the one that counted and why, and the shapes near its way as they stood there.
//!
//! It names nobody but those whom the shooter's client had been sent, and their places from rows that it had acknowledged; of a
//! projectile that was put forward only whom it struck: a game may hand it to the shooter. No state: a room with and without a reader of receipts goes the same way.

use bytemuck::{bytes_of, cast_slice, Zeroable};

use crate::events;
use crate::fixed::shift_round;
use crate::gen::{mark, ClientEvent, Receipt, SeenShape};
use crate::rewind::View;
use crate::room::Room;
use crate::strike::{Shape, Strike, WHOLE};

/// Shapes of one receipt. More stand near one line only in a crowd.
pub const SHAPES_MAX: usize = 8;
/// How near its way a shape has to be: those it passed closely tell why it missed.
pub const NEAR: i32 = 1 << 16;

/// Shapes that were looked at for one shot.
#[derive(Clone, Copy)]
pub struct Shapes {
    rows: [SeenShape; SHAPES_MAX],
    count: usize,
}

impl Shapes {
    /// None yet.
    pub fn new() -> Self {
        Self { rows: [SeenShape::zeroed(); SHAPES_MAX], count: 0 }
    }

    /// They, in the order in which they were looked at.
    pub fn rows(&self) -> &[SeenShape] {
        self.rows.get(..self.count).unwrap_or(&[])
    }

    /// Takes one in. Where there are too many, those in the way stay before those beside it, and near ones before far ones.
    pub fn note(&mut self, handle: u32, shape: &Shape, part: i64, marks: u32) {
        let Shape { x, y, z, radius, depth, height } = *shape;
        let part = part.clamp(0, WHOLE) as i32;
        let row = SeenShape { handle, x, y, z, radius, depth, height, part, marks };
        let rank = |row: &SeenShape| (row.marks & mark::IN_WAY == 0, row.part);
        if let Some(place) = self.rows.get_mut(self.count) {
            *place = row;
            self.count += 1;
        } else if let Some(last) = self.rows.iter_mut().max_by_key(|row| rank(row)) {
            if rank(&row) < rank(last) {
                *last = row;
            }
        }
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self::new()
    }
}

/// A shot that leaves a receipt.
pub struct Shot<'a> {
    /// Whose.
    pub slot: usize,
    /// By what it is judged.
    pub view: &'a View,
    /// What clients are told of it.
    pub report: &'a ClientEvent,
    /// 1/65536 turn.
    pub pitch: i16,
}

/// Writes the receipt of a shot, unless the events of this tick leave no room: hits and what else cannot wait go first.
pub fn write(
    room: &mut Room,
    shot: &Shot,
    (strike, result): (Option<Strike>, u8),
    shapes: &Shapes,
) {
    const BYTES: usize = Receipt::BYTES + SHAPES_MAX * SeenShape::BYTES;
    let Shot { slot, view, report, pitch } = *shot;
    let target = strike.and_then(|s| s.target).map_or(0, |row| room.world().handle(row));
    let receipt = Receipt {
        shooter: report.subject,
        target,
        command: report.command,
        stated_tick: (view.stated >> 16) as u32,
        view_tick: (view.time >> 16) as u32,
        stated_fraction: view.stated as u16,
        view_fraction: view.time as u16,
        clamp: view.clamp,
        result,
        weapon: report.weapon as u8,
        reserved: 0,
        aim: report.aim,
        pitch,
        x: report.x,
        y: report.y,
        z: report.z,
        distance: report.amount,
    };
    let mut bytes = [0u8; BYTES];
    let shapes = cast_slice(shapes.rows());
    let end = Receipt::BYTES + shapes.len();
    bytes[..Receipt::BYTES].copy_from_slice(bytes_of(&receipt));
    bytes[Receipt::BYTES..end].copy_from_slice(shapes);
    events::receipt(room, slot, &bytes[..end]);
}

/// How far a part of a way of a length is.
pub fn distance(long: i32, part: i64) -> i32 {
    shift_round(i64::from(long) * part, 30) as i32
}
