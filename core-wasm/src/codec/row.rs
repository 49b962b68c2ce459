//! Entity rows: the difference from a baseline, and the full state of one that enters.
//!
//! Every code starts from a prediction: the baseline moved on by its own wire velocity for `age` ticks, all else as it
//! was. W1 (100 entities, ~10 visible, baselines 3-6 ticks old) says how often each case comes; the measured figures
//! stand in `protocol/SPEC.md`.
//!
//! | bits | what |
//! |---|---|
//! | `0` | as predicted |
//! | `10`, 3 (5 with height) | position off by -1, 0 or 1 quantum per axis, all else as predicted |
//! | `11` | anything: see `write_rest` |

use crate::bits::{bits_for, BitReader, BitWriter};
use crate::config::Config;
use crate::gen::ConfigKind;
use crate::history::{
    head_generation, head_kind, head_teleport, quantise_position, Shape, Words, HEAD_ALIVE,
    WIRE_WORDS, W_AIM, W_FIELDS, W_HEAD, W_HEALTH, W_PITCH, W_RADIUS, W_TEAM, W_VX, W_VY, W_VZ,
    W_WEAPON, W_X, W_Y, W_Z,
};

use super::number::{put_signed, take_signed, RESIDUAL, VELOCITY};

/// Ticks after the baseline that a turn can be said to have come at: 4 bits at most.
const TURN_MAX: i32 = 15;

/// Codes of one configuration.
#[derive(Clone, Copy)]
pub struct RowCode<'a> {
    /// Layout of rows.
    pub shape: &'a Shape<'a>,
    /// Bits of health.
    pub health_bits: u32,
    /// Bits of a kind number.
    pub kind_bits: u32,
    /// Kinds, for the radius and health that an entity usually enters with.
    pub kinds: &'a [ConfigKind],
}

/// Where a client's own player stands, in quanta, and how many bits a place within its view takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// Quanta.
    pub x: i32,
    /// Quanta.
    pub y: i32,
    /// Bits of an offset from it, two's complement.
    pub bits: u32,
}

impl Origin {
    /// The origin of a player at an exact position with an exact view radius.
    pub fn of(x: i32, y: i32, view_radius: i32, shift: u32) -> Self {
        let reach = ((view_radius.max(0) as u32) >> shift) + 2;
        Self { x: x >> shift, y: y >> shift, bits: (bits_for(reach) + 1).min(31) }
    }
}

#[inline(always)]
fn moved(at: i32, units: i32) -> i32 {
    at.wrapping_add((units + 8) >> 4)
}

/// Where the baseline's velocity leads in `age` ticks.
#[inline]
pub fn predict(base: &Words, age: i32) -> Words {
    let mut words = *base;
    words[W_X] = moved(base[W_X], base[W_VX] * age);
    words[W_Y] = moved(base[W_Y], base[W_VY] * age);
    words[W_Z] = moved(base[W_Z], base[W_VZ] * age);
    words
}

/// The same with the velocity of `now` from `turn` ticks after the baseline on.
fn predict_turn(base: &Words, now: &Words, age: i32, turn: i32) -> [i32; 3] {
    let part =
        |at: usize, speed: usize| moved(base[at], base[speed] * turn + now[speed] * (age - turn));
    [part(W_X, W_VX), part(W_Y, W_VY), part(W_Z, W_VZ)]
}

fn turn_bits(age: i32) -> u32 {
    bits_for(age.clamp(0, TURN_MAX) as u32)
}

impl<'a> RowCode<'a> {
    /// The codes of a configuration.
    pub fn new(config: &Config<'a>, shape: &'a Shape<'a>) -> Self {
        let head = config.head;
        Self {
            shape,
            health_bits: head.health_bits,
            kind_bits: bits_for(head.kinds),
            kinds: config.kinds,
        }
    }

    /// Health and wire radius of a kind as declared.
    fn usual(&self, kind: i32) -> (i32, i32) {
        let Some(row) = self.kinds.get((kind - 1) as usize) else { return (0, 0) };
        let radius = quantise_position(row.radius, self.shape.shift).clamp(0, 0xffff);
        (row.health.clamp(0, self.shape.health_max), radius)
    }

    fn axes(&self) -> usize {
        if self.shape.high {
            3
        } else {
            2
        }
    }

    /// Writes what makes `now` out of `base`, which is `age` ticks older and the same entity.
    pub fn write_delta(&self, out: &mut BitWriter, base: &Words, now: &Words, age: i32) {
        let fields = self.shape.fields_of(head_kind(now[W_HEAD])).len();
        let still = base[W_HEAD] == now[W_HEAD]
            && base[W_VX..W_FIELDS + fields] == now[W_VX..W_FIELDS + fields];
        let guess = predict(base, age);
        if still {
            let off = [
                now[W_X].wrapping_sub(guess[W_X]),
                now[W_Y].wrapping_sub(guess[W_Y]),
                now[W_Z].wrapping_sub(guess[W_Z]),
            ];
            if let Some((bits, word)) = self.near_bits(off) {
                out.put(word as u32, u32::from(bits));
                return;
            }
        }
        out.put(0b11, 2);
        self.write_motion(out, base, now, age);
        self.write_rest(out, base, now, fields);
    }

    /// Bits of a difference in which at most the position is off, by at most a quantum per axis; None for more.
    /// Three-valued digits, the first axis lowest; the middle (no offset at all) has the shorter code.
    pub fn near_bits(&self, off: [i32; 3]) -> Option<(u8, u64)> {
        if off == [0; 3] {
            return Some((1, 0));
        }
        if !off.iter().all(|v| (-1..=1).contains(v)) {
            return None;
        }
        let mut code = (off[0] + 1) + 3 * (off[1] + 1);
        let (mut middle, mut bits) = (4, 5);
        if self.shape.high {
            code += 9 * (off[2] + 1);
            (middle, bits) = (13, 7);
        }
        code -= i32::from(code > middle);
        Some((bits, 0b01 | (code as u64) << 2))
    }

    fn read_near(&self, reader: &mut BitReader) -> [i32; 3] {
        let (middle, bits) = if self.shape.high { (13, 5) } else { (4, 3) };
        let mut code = reader.take(bits) as i32;
        code += i32::from(code >= middle);
        if code > 2 * middle {
            reader.refuse();
            return [0; 3];
        }
        let high = if self.shape.high { code / 9 - 1 } else { 0 };
        [code % 3 - 1, code / 3 % 3 - 1, high]
    }

    fn write_motion(&self, out: &mut BitWriter, base: &Words, now: &Words, age: i32) {
        let axes = self.axes();
        let turned = base[W_VX..=W_VZ] != now[W_VX..=W_VZ];
        out.bit(turned);
        let mut turn = age.min(TURN_MAX);
        if turned {
            for axis in 0..axes {
                put_signed(out, now[W_VX + axis] - base[W_VX + axis], &VELOCITY);
            }
            let mut best = i64::MAX;
            for at in 0..=age.min(TURN_MAX) {
                let guess = predict_turn(base, now, age, at);
                let miss: i64 =
                    (0..axes).map(|a| i64::from(now[W_X + a].wrapping_sub(guess[a])).abs()).sum();
                if miss < best {
                    (best, turn) = (miss, at);
                }
            }
            out.put(turn as u32, turn_bits(age));
        }
        let guess =
            if turned { predict_turn(base, now, age, turn) } else { position(&predict(base, age)) };
        let off: [i32; 3] = core::array::from_fn(|a| now[W_X + a].wrapping_sub(guess[a]));
        let hit = off == [0; 3];
        out.bit(!hit);
        if !hit {
            for value in &off[..axes] {
                put_signed(out, *value, &RESIDUAL);
            }
        }
    }

    fn read_motion(&self, reader: &mut BitReader, base: &Words, now: &mut Words, age: i32) {
        let axes = self.axes();
        let turned = reader.bit();
        let mut guess = position(&predict(base, age));
        if turned {
            for axis in 0..axes {
                let value = base[W_VX + axis].wrapping_add(take_signed(reader, &VELOCITY));
                if i32::from(value as i16) != value {
                    reader.refuse();
                    return;
                }
                now[W_VX + axis] = value;
            }
            let turn = reader.take(turn_bits(age)) as i32;
            if turn > age {
                reader.refuse();
                return;
            }
            guess = predict_turn(base, now, age, turn);
        }
        let hit = !reader.bit();
        for axis in 0..axes {
            let off = if hit { 0 } else { take_signed(reader, &RESIDUAL) };
            now[W_X + axis] = guess[axis].wrapping_add(off);
        }
    }

    /// Aim, then everything that seldom changes: `aim changed`, `others changed`, `only health`, or one bit for each.
    fn write_rest(&self, out: &mut BitWriter, base: &Words, now: &Words, fields: usize) {
        let aim_bits = self.shape.aim_bits;
        let turned = base[W_AIM] != now[W_AIM];
        out.bit(turned);
        if turned {
            out.put(now[W_AIM] as u32, aim_bits);
        }
        let health = base[W_HEALTH] != now[W_HEALTH];
        let others = base[W_HEAD] != now[W_HEAD]
            || base[W_PITCH] != now[W_PITCH]
            || base[W_TEAM..W_FIELDS + fields] != now[W_TEAM..W_FIELDS + fields];
        out.bit(health || others);
        if !(health || others) {
            return;
        }
        out.bit(!others);
        if !others {
            out.put(now[W_HEALTH] as u32, self.health_bits);
            return;
        }
        self.put_if(out, health, now[W_HEALTH] as u32, self.health_bits);
        self.put_if(out, base[W_HEAD] != now[W_HEAD], head_teleport(now[W_HEAD]) as u32, 2);
        if self.shape.high {
            self.put_if(
                out,
                base[W_PITCH] != now[W_PITCH],
                low_bits(now[W_PITCH], aim_bits),
                aim_bits,
            );
        }
        self.put_if(out, base[W_TEAM] != now[W_TEAM], now[W_TEAM] as u32, 8);
        self.put_if(out, base[W_WEAPON] != now[W_WEAPON], now[W_WEAPON] as u32, 8);
        self.put_if(out, base[W_RADIUS] != now[W_RADIUS], now[W_RADIUS] as u32, 16);
        for (k, field) in self.shape.fields_of(head_kind(now[W_HEAD])).iter().enumerate() {
            let value = now[W_FIELDS + k];
            let bits = u32::from(field.bits);
            self.put_if(out, base[W_FIELDS + k] != value, low_bits(value, bits), bits);
        }
    }

    fn put_if(&self, out: &mut BitWriter, changed: bool, value: u32, bits: u32) {
        out.bit(changed);
        if changed {
            out.put(value, bits);
        }
    }

    fn read_rest(&self, reader: &mut BitReader, now: &mut Words) {
        let aim_bits = self.shape.aim_bits;
        if reader.bit() {
            now[W_AIM] = reader.take(aim_bits) as i32;
        }
        if !reader.bit() {
            return;
        }
        if reader.bit() {
            now[W_HEALTH] = self.read_health(reader);
            return;
        }
        if reader.bit() {
            now[W_HEALTH] = self.read_health(reader);
        }
        if reader.bit() {
            now[W_HEAD] = now[W_HEAD] & !(3 << 14) | (reader.take(2) as i32) << 14;
        }
        if self.shape.high && reader.bit() {
            now[W_PITCH] = signed(reader.take(aim_bits), aim_bits);
        }
        if reader.bit() {
            now[W_TEAM] = reader.take(8) as i32;
        }
        if reader.bit() {
            now[W_WEAPON] = reader.take(8) as i32;
        }
        if reader.bit() {
            now[W_RADIUS] = reader.take(16) as i32;
        }
        for (k, field) in self.shape.fields_of(head_kind(now[W_HEAD])).iter().enumerate() {
            if reader.bit() {
                now[W_FIELDS + k] =
                    field_value(reader.take(u32::from(field.bits)), field.bits, field.signed != 0);
            }
        }
    }

    fn read_health(&self, reader: &mut BitReader) -> i32 {
        let value = reader.take(self.health_bits) as i32;
        if value > self.shape.health_max {
            reader.refuse();
        }
        value
    }

    /// Reads what `write_delta` wrote.
    pub fn read_delta(&self, reader: &mut BitReader, base: &Words, age: i32) -> Words {
        let mut now = predict(base, age);
        if !reader.bit() {
            return now;
        }
        if !reader.bit() {
            let off = self.read_near(reader);
            for (axis, value) in off.iter().enumerate() {
                now[W_X + axis] = now[W_X + axis].wrapping_add(*value);
            }
            return now;
        }
        self.read_motion(reader, base, &mut now, age);
        self.read_rest(reader, &mut now);
        now
    }

    /// Writes a full state. `generation` is all 16 bits of it.
    pub fn write_full(&self, out: &mut BitWriter, now: &Words, generation: u32, origin: &Origin) {
        let kind = head_kind(now[W_HEAD]);
        out.put(kind as u32, self.kind_bits);
        out.put(generation & 0xff, 8);
        self.put_if(out, generation > 0xff, generation >> 8 & 0xff, 8);
        out.put(head_teleport(now[W_HEAD]) as u32, 2);
        let (dx, dy) = (now[W_X].wrapping_sub(origin.x), now[W_Y].wrapping_sub(origin.y));
        let near = fits(dx, origin.bits) && fits(dy, origin.bits);
        out.bit(near);
        let bits = if near { origin.bits } else { 32 };
        let (x, y) = if near { (dx, dy) } else { (now[W_X], now[W_Y]) };
        out.put(low_bits(x, bits), bits);
        out.put(low_bits(y, bits), bits);
        if self.shape.high {
            put_signed(out, now[W_Z], &RESIDUAL);
        }
        let moves = now[W_VX..=W_VZ] != [0; 3];
        out.bit(moves);
        if moves {
            for axis in 0..self.axes() {
                put_signed(out, now[W_VX + axis], &VELOCITY);
            }
        }
        self.put_if(out, now[W_AIM] != 0, now[W_AIM] as u32, self.shape.aim_bits);
        let (health, radius) = self.usual(kind);
        self.put_if(out, now[W_HEALTH] != health, now[W_HEALTH] as u32, self.health_bits);
        if self.shape.high {
            let bits = self.shape.aim_bits;
            self.put_if(out, now[W_PITCH] != 0, low_bits(now[W_PITCH], bits), bits);
        }
        self.put_if(out, now[W_TEAM] != 0, now[W_TEAM] as u32, 8);
        self.put_if(out, now[W_WEAPON] != 0, now[W_WEAPON] as u32, 8);
        self.put_if(out, now[W_RADIUS] != radius, now[W_RADIUS] as u32, 16);
        for (k, field) in self.shape.fields_of(kind).iter().enumerate() {
            let (value, bits) = (now[W_FIELDS + k], u32::from(field.bits));
            self.put_if(out, value != 0, low_bits(value, bits), bits);
        }
    }

    /// Reads what `write_full` wrote: the row and all 16 bits of the generation.
    pub fn read_full(&self, reader: &mut BitReader, origin: &Origin) -> (Words, u32) {
        let mut now = [0; WIRE_WORDS];
        let kind = reader.take(self.kind_bits) as i32;
        if kind == 0 || kind as usize > self.shape.kinds.len() {
            reader.refuse();
            return (now, 0);
        }
        let mut generation = reader.take(8);
        if reader.bit() {
            generation |= reader.take(8) << 8;
        }
        let teleport = reader.take(2) as i32;
        now[W_HEAD] = generation as i32 & 0xff | kind << 8 | HEAD_ALIVE | teleport << 14;
        let near = reader.bit();
        let bits = if near { origin.bits } else { 32 };
        let (x, y) = (signed(reader.take(bits), bits), signed(reader.take(bits), bits));
        let from = if near { (origin.x, origin.y) } else { (0, 0) };
        (now[W_X], now[W_Y]) = (from.0.wrapping_add(x), from.1.wrapping_add(y));
        if self.shape.high {
            now[W_Z] = take_signed(reader, &RESIDUAL);
        }
        if reader.bit() {
            for axis in 0..self.axes() {
                now[W_VX + axis] = i32::from(take_signed(reader, &VELOCITY) as i16);
            }
        }
        if reader.bit() {
            now[W_AIM] = reader.take(self.shape.aim_bits) as i32;
        }
        (now[W_HEALTH], now[W_RADIUS]) = self.usual(kind);
        if reader.bit() {
            now[W_HEALTH] = self.read_health(reader);
        }
        if self.shape.high && reader.bit() {
            now[W_PITCH] = signed(reader.take(self.shape.aim_bits), self.shape.aim_bits);
        }
        if reader.bit() {
            now[W_TEAM] = reader.take(8) as i32;
        }
        if reader.bit() {
            now[W_WEAPON] = reader.take(8) as i32;
        }
        if reader.bit() {
            now[W_RADIUS] = reader.take(16) as i32;
        }
        for (k, field) in self.shape.fields_of(kind).iter().enumerate() {
            if reader.bit() {
                now[W_FIELDS + k] =
                    field_value(reader.take(u32::from(field.bits)), field.bits, field.signed != 0);
            }
        }
        (now, generation)
    }
}

/// True if two rows are the same entity: same kind and low bits of the generation.
pub fn same_entity(a: &Words, b: &Words) -> bool {
    head_kind(a[W_HEAD]) == head_kind(b[W_HEAD])
        && head_generation(a[W_HEAD]) == head_generation(b[W_HEAD])
}

fn position(words: &Words) -> [i32; 3] {
    [words[W_X], words[W_Y], words[W_Z]]
}

#[inline]
pub(crate) fn low_bits(value: i32, bits: u32) -> u32 {
    if bits >= 32 {
        value as u32
    } else {
        value as u32 & ((1 << bits) - 1)
    }
}

#[inline]
pub(crate) fn signed(value: u32, bits: u32) -> i32 {
    if bits == 0 || bits >= 32 {
        value as i32
    } else {
        ((value << (32 - bits)) as i32) >> (32 - bits)
    }
}

#[inline]
pub(crate) fn field_value(value: u32, bits: u8, is_signed: bool) -> i32 {
    if is_signed {
        signed(value, u32::from(bits))
    } else {
        value as i32
    }
}

fn fits(value: i32, bits: u32) -> bool {
    signed(low_bits(value, bits), bits) == value
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
