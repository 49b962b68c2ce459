//! Events of a snapshot: what happened, when, by whom, to whom, where.
//!
//! | bits | what |
//! |---|---|
//! | 2 | kind (see EVENTS) |
//! | 1 + 2 or 6 | snapshot tick - event tick: `0` and 2 bits up to 3, `1` and 6 bits up to 63 |
//! | handle | subject |
//! | handle | object |
//! | 1 + place | `1`: two offsets from own player, `0`: two times 32 bits; quanta |
//! | number | z in quanta, with height only |
//! | 16, 3, number, 1 (+ 32) | shots: aim, weapon, distance in quanta, `1` and the command tick if it is not the event's |
//! | number, 1 | hits: amount, and where somebody has a head: `1` in the head |
//!
//! A handle is 2 bits: `0` none, `1` own player, `2` an entity of this snapshot (its index follows), `3` 32 bits.

use super::number::{low_bits, put_signed, signed, take_signed, AMOUNT, RESIDUAL};
use super::row::Origin;
use crate::bits::{BitReader, BitWriter};
use crate::gen::{event, ClientEvent};

/// What both ends know when an event is written or read.
pub struct EventCode<'a> {
    /// Tick of the snapshot.
    pub tick: u32,
    /// Handle of the client's player.
    pub own: u32,
    /// Where it stands.
    pub origin: Origin,
    /// True with height.
    pub high: bool,
    /// True where somebody has a head.
    pub heads: bool,
    /// log2 of the position quantum.
    pub shift: u32,
    /// Bits of an entity index.
    pub index_bits: u32,
    /// Handle that this client has for an index after this snapshot, 0 if it holds none.
    pub held: &'a dyn Fn(usize) -> u32,
}

impl EventCode<'_> {
    /// Writes a handle.
    pub fn write_handle(&self, out: &mut BitWriter, handle: u32) {
        if handle == 0 {
            out.put(0, 2);
        } else if handle == self.own {
            out.put(1, 2);
        } else if (self.held)((handle & 0xffff) as usize) == handle {
            out.put(2, 2);
            out.put(handle & 0xffff, self.index_bits);
        } else {
            out.put(3, 2);
            out.put(handle, 32);
        }
    }

    /// Reads a handle.
    pub fn read_handle(&self, reader: &mut BitReader) -> u32 {
        match reader.take(2) {
            0 => 0,
            1 => self.own,
            2 => {
                let handle = (self.held)(reader.take(self.index_bits) as usize);
                if handle == 0 {
                    reader.refuse();
                }
                handle
            }
            _ => reader.take(32),
        }
    }

    /// Bits that an event takes.
    pub fn bits(&self, e: &ClientEvent) -> u32 {
        let mut bytes = [0u8; 64];
        let mut out = BitWriter::new(&mut bytes);
        self.write(&mut out, e);
        out.bits()
    }

    /// Writes one event, whose tick is at most 63 ticks old.
    pub fn write(&self, out: &mut BitWriter, e: &ClientEvent) {
        out.put(u32::from(e.kind) & 3, 2);
        let age = self.tick.wrapping_sub(e.tick).min(63);
        out.bit(age > 3);
        out.put(age, if age > 3 { 6 } else { 2 });
        self.write_handle(out, e.subject);
        self.write_handle(out, e.object);
        let (x, y) = (e.x >> self.shift, e.y >> self.shift);
        let (dx, dy) = (x.wrapping_sub(self.origin.x), y.wrapping_sub(self.origin.y));
        let bits = self.origin.bits;
        let near = signed(low_bits(dx, bits), bits) == dx && signed(low_bits(dy, bits), bits) == dy;
        out.bit(near);
        if near {
            out.put(low_bits(dx, bits), bits);
            out.put(low_bits(dy, bits), bits);
        } else {
            out.put(x as u32, 32);
            out.put(y as u32, 32);
        }
        if self.high {
            put_signed(out, e.z >> self.shift, &RESIDUAL);
        }
        if e.kind == event::SHOT {
            out.put(u32::from(e.aim), 16);
            out.put(u32::from(e.weapon) & 7, 3);
            put_signed(out, e.amount >> self.shift, &AMOUNT);
            out.bit(e.command != e.tick);
            if e.command != e.tick {
                out.put(e.command, 32);
            }
        } else if e.kind == event::HIT {
            put_signed(out, e.amount, &AMOUNT);
            if self.heads {
                out.bit(e.aim != 0);
            }
        }
    }

    /// Reads one event.
    pub fn read(&self, reader: &mut BitReader) -> ClientEvent {
        let mut e: ClientEvent = bytemuck::Zeroable::zeroed();
        e.kind = reader.take(2) as u16;
        if e.kind == 0 {
            reader.refuse();
        }
        let age = if reader.bit() { reader.take(6) } else { reader.take(2) };
        e.tick = self.tick.wrapping_sub(age);
        e.subject = self.read_handle(reader);
        e.object = self.read_handle(reader);
        let near = reader.bit();
        let bits = if near { self.origin.bits } else { 32 };
        let from = if near { (self.origin.x, self.origin.y) } else { (0, 0) };
        let (x, y) = (signed(reader.take(bits), bits), signed(reader.take(bits), bits));
        e.x = from.0.wrapping_add(x) << self.shift;
        e.y = from.1.wrapping_add(y) << self.shift;
        if self.high {
            e.z = take_signed(reader, &RESIDUAL) << self.shift;
        }
        if e.kind == event::SHOT {
            e.aim = reader.take(16) as u16;
            e.weapon = reader.take(3) as u16;
            e.amount = take_signed(reader, &AMOUNT) << self.shift;
            e.command = if reader.bit() { reader.take(32) } else { e.tick };
        } else if e.kind == event::HIT {
            e.amount = take_signed(reader, &AMOUNT);
            e.aim = u16::from(self.heads && reader.bit());
        }
        e.own = u16::from(e.subject == self.own && self.own != 0);
        e
    }
}
