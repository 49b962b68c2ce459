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
//! | `11` | anything: see `write_motion` and `write_rest` |

use crate::bits::{bits_for, BitReader, BitWriter};
use crate::config::Config;
use crate::gen::{kind, ConfigHead, ConfigKind};
use crate::rows::{
    head_kind, head_teleport, quantise_position, Packed, Shape, Words, HEAD_ALIVE, WIRE_WORDS,
    W_AIM, W_FIELDS, W_HEAD, W_HEALTH, W_PITCH, W_RADIUS, W_TEAM, W_VX, W_VY, W_VZ, W_WEAPON, W_X,
    W_Y, W_Z,
};

use super::heading::{expected, heading, put_near, take_near};
use super::number::{
    field_value, fits, low_bits, put_signed, put_unsigned, put_velocity, signed, take_signed,
    take_unsigned, take_velocity, GENERATION, RESIDUAL,
};
use super::stride::Stride;
use super::turn::{apart, led_all, turn_most, Turn, TURN_MAX, TURN_PARTS};

/// What [`RowCode::near`] says of no difference at all: one bit, 0.
const NEAR_HIT: u64 = 1;

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
    /// How players move.
    pub stride: Stride,
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

fn place_of(words: &Words) -> [i32; 3] {
    [words[W_X], words[W_Y], words[W_Z]]
}

fn velocity_of(words: &Words) -> [i32; 3] {
    [words[W_VX], words[W_VY], words[W_VZ]]
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
            stride: Stride::new(config),
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
    pub fn write_delta(&self, out: &mut BitWriter, base: &Packed, now: &Packed, age: i32) {
        if !base.differs(now) {
            let off = apart(now.place(), led_all(base.place(), base.velocity(), age));
            let near = self.near(off);
            if near != 0 {
                out.put((near >> 8) as u32, near as u32 & 0xff);
                return;
            }
        }
        out.put(0b11, 2);
        self.write_motion(out, base, now, age);
        self.write_rest(out, base, now);
    }

    /// A difference in which at most the position is off, by at most a quantum per axis: its size in the low 8 bits, the
    /// difference above them; 0 for anything more. Three-valued digits, the first axis lowest; the middle (no offset at
    /// all) has the shorter code. Without a branch, because nothing foretells which it will be.
    #[inline(always)]
    pub fn near(&self, off: [i32; 3]) -> u64 {
        let digit = |axis: usize| off[axis].wrapping_add(1) as u32;
        let within = (digit(0) <= 2) & (digit(1) <= 2) & (digit(2) <= 2);
        let high = u32::from(self.shape.high);
        let (middle, bits) = (4 + 9 * high, 5 + 2 * high);
        let number = digit(0)
            .wrapping_add(digit(1).wrapping_mul(3))
            .wrapping_add((9 * high).wrapping_mul(digit(2)));
        let number = number.wrapping_sub(u32::from(number > middle)) & 31;
        let near = u64::from(bits | (0b01 | number << 2) << 8);
        let exact = (off[0] | off[1] | off[2]) == 0;
        let found = if exact { NEAR_HIT } else { near };
        if within {
            found
        } else {
            0
        }
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

    /// Writes a velocity that was `old`: of players by their controls where these are known.
    fn put_velocity(&self, out: &mut BitWriter, kind: i32, old: &[i32], new: &[i32]) {
        let level = old.get(2) == new.get(2);
        if kind == kind::PLAYER && self.stride.put_wire(out, level, [new[0], new[1]]) {
            return;
        }
        put_velocity(out, old, new);
    }

    /// Reads it into `velocity`, which holds the old one.
    fn take_velocity(&self, reader: &mut BitReader, kind: i32, velocity: &mut [i32]) {
        let told = if kind == kind::PLAYER { self.stride.take_wire(reader) } else { None };
        match told {
            Some(told) => velocity[..2].copy_from_slice(&told),
            None => take_velocity(reader, velocity),
        }
    }

    fn write_motion(&self, out: &mut BitWriter, base: &Packed, now: &Packed, age: i32) {
        let axes = self.axes();
        let (from, to) = (base.place(), now.place());
        let speeds = (base.velocity(), now.velocity());
        let turned = speeds.0 != speeds.1;
        out.bit(turned);
        let mut off = apart(to, led_all(from, speeds.0, age));
        if turned {
            let kind = head_kind(base.head());
            self.put_velocity(out, kind, &speeds.0[..axes], &speeds.1[..axes]);
            let way = apart(to, from);
            let turn = Turn::of_kind(kind, speeds, age, &self.stride);
            let whole = (turn.nearest(way) + TURN_PARTS / 2) / TURN_PARTS;
            off = apart(to, turn.leads(from, whole * TURN_PARTS));
            let parts = self.near(off) == 0;
            out.bit(parts);
            if parts {
                let turn = Turn::sudden(speeds, age);
                let part = turn.nearest(way);
                off = apart(to, turn.leads(from, part));
                out.put(part as u32, bits_for(turn_most(age) as u32));
            } else {
                out.put(whole as u32, bits_for(age.min(TURN_MAX) as u32));
            }
        }
        self.write_off(out, off);
    }

    /// How far off a guess is: not at all, by at most a quantum per axis, or by anything.
    fn write_off(&self, out: &mut BitWriter, off: [i32; 3]) {
        let near = self.near(off);
        if near == NEAR_HIT {
            out.bit(false);
            return;
        }
        out.bit(true);
        out.bit(near == 0);
        if near != 0 {
            // Without the two bits that lead to it in a difference of its own.
            out.put((near >> 10) as u32, (near & 0xff) as u32 - 2);
            return;
        }
        for value in &off[..self.axes()] {
            put_signed(out, *value, &RESIDUAL);
        }
    }

    fn read_off(&self, reader: &mut BitReader) -> [i32; 3] {
        if !reader.bit() {
            return [0; 3];
        }
        if !reader.bit() {
            return self.read_near(reader);
        }
        let mut off = [0; 3];
        for value in &mut off[..self.axes()] {
            *value = take_signed(reader, &RESIDUAL);
        }
        off
    }

    fn read_motion(&self, reader: &mut BitReader, base: &Words, now: &mut Words, age: i32) {
        let axes = self.axes();
        let turned = reader.bit();
        let mut guess = led_all(place_of(base), velocity_of(base), age);
        if turned {
            let kind = head_kind(base[W_HEAD]);
            self.take_velocity(reader, kind, &mut now[W_VX..W_VX + axes]);
            let speeds = (velocity_of(base), velocity_of(now));
            let parts = reader.bit();
            let one = if parts { 1 } else { TURN_PARTS };
            let part = reader.take(bits_for((turn_most(age) / one) as u32)) as i32 * one;
            if part > turn_most(age) {
                reader.refuse();
                return;
            }
            let turn = if parts {
                Turn::sudden(speeds, age)
            } else {
                Turn::of_kind(kind, speeds, age, &self.stride)
            };
            guess = turn.leads(place_of(base), part);
        }
        let off = self.read_off(reader);
        for axis in 0..axes {
            now[W_X + axis] = guess[axis].wrapping_add(off[axis]);
        }
    }

    /// Aim, then everything that seldom changes: `aim changed`, `others changed`, `only health`, or one bit for each.
    fn write_rest(&self, out: &mut BitWriter, base: &Packed, now: &Packed) {
        let aim_bits = self.shape.aim_bits;
        let speeds = (base.velocity(), now.velocity());
        let turned = speeds.0 != speeds.1;
        let guess = if turned { expected(base.aim(), speeds, aim_bits) } else { None };
        match guess {
            Some(way) => put_near(out, now.aim(), way, aim_bits),
            None => put_if(out, base.aim() != now.aim(), now.aim(), aim_bits),
        }
        let fields = self.shape.fields_of(head_kind(now.head()));
        let health = base.health() != now.health();
        let others = base.head() != now.head()
            || base.pitch() != now.pitch()
            || (base.team(), base.weapon(), base.radius())
                != (now.team(), now.weapon(), now.radius())
            || fields.iter().any(|field| base.field(field) != now.field(field));
        out.bit(health || others);
        if !(health || others) {
            return;
        }
        out.bit(!others);
        if !others {
            out.put(now.health() as u32, self.health_bits);
            return;
        }
        put_if(out, health, now.health() as u32, self.health_bits);
        put_if(out, base.head() != now.head(), head_teleport(now.head()) as u32, 2);
        if self.shape.high {
            let pitch = low_bits(now.pitch(), aim_bits);
            put_if(out, base.pitch() != now.pitch(), pitch, aim_bits);
        }
        put_if(out, base.team() != now.team(), now.team(), 8);
        put_if(out, base.weapon() != now.weapon(), now.weapon(), 8);
        put_if(out, base.radius() != now.radius(), now.radius() as u32, 16);
        for field in fields {
            let (value, bits) = (now.field(field), u32::from(field.bits));
            put_if(out, base.field(field) != value, low_bits(value, bits), bits);
        }
    }

    fn read_rest(&self, reader: &mut BitReader, base: &Words, now: &mut Words) {
        let aim_bits = self.shape.aim_bits;
        let (aim, speeds) = (base[W_AIM] as u32, (velocity_of(base), velocity_of(now)));
        let turned = speeds.0 != speeds.1;
        let guess = if turned { expected(aim, speeds, aim_bits) } else { None };
        match guess {
            Some(way) => now[W_AIM] = take_near(reader, way, aim_bits) as i32,
            None if reader.bit() => now[W_AIM] = reader.take(aim_bits) as i32,
            None => {}
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
        let mut now = *base;
        now[W_X..=W_Z].copy_from_slice(&led_all(place_of(base), velocity_of(base), age));
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
        self.read_rest(reader, base, &mut now);
        now
    }

    /// Writes a full state. `generation` is all 16 bits of it.
    pub fn write_full(&self, out: &mut BitWriter, now: &Packed, generation: u32, origin: &Origin) {
        let kind = head_kind(now.head());
        out.put(kind as u32, self.kind_bits);
        put_unsigned(out, generation, &GENERATION);
        out.put(head_teleport(now.head()) as u32, 2);
        let [x, y, z] = now.place();
        let (dx, dy) = (x.wrapping_sub(origin.x), y.wrapping_sub(origin.y));
        let near = fits(dx, origin.bits) && fits(dy, origin.bits);
        out.bit(near);
        let bits = if near { origin.bits } else { 32 };
        let (x, y) = if near { (dx, dy) } else { (x, y) };
        out.put(low_bits(x, bits), bits);
        out.put(low_bits(y, bits), bits);
        if self.shape.high {
            put_signed(out, z, &RESIDUAL);
        }
        let velocity = now.velocity();
        let moves = velocity != [0; 3];
        out.bit(moves);
        if moves {
            let axes = self.axes();
            self.put_velocity(out, kind, &[0; 3][..axes], &velocity[..axes]);
        }
        match heading(velocity, self.shape.aim_bits) {
            Some(way) => put_near(out, now.aim(), way, self.shape.aim_bits),
            None => put_if(out, now.aim() != 0, now.aim(), self.shape.aim_bits),
        }
        let (health, radius) = self.usual(kind);
        put_if(out, now.health() != health, now.health() as u32, self.health_bits);
        if self.shape.high {
            let bits = self.shape.aim_bits;
            put_if(out, now.pitch() != 0, low_bits(now.pitch(), bits), bits);
        }
        put_if(out, now.team() != 0, now.team(), 8);
        put_if(out, now.weapon() != 0, now.weapon(), 8);
        put_if(out, now.radius() != radius, now.radius() as u32, 16);
        for field in self.shape.fields_of(kind) {
            let (value, bits) = (now.field(field), u32::from(field.bits));
            put_if(out, value != 0, low_bits(value, bits), bits);
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
        let generation = take_unsigned(reader, &GENERATION);
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
            let axes = self.axes();
            self.take_velocity(reader, kind, &mut now[W_VX..W_VX + axes]);
        }
        now[W_AIM] = match heading(velocity_of(&now), self.shape.aim_bits) {
            Some(way) => take_near(reader, way, self.shape.aim_bits) as i32,
            None if reader.bit() => reader.take(self.shape.aim_bits) as i32,
            None => 0,
        };
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

/// Bits that an entity takes at the most as it enters, if its fields take so many.
pub(crate) fn entity_bits_most(head: &ConfigHead, fields: u32) -> u32 {
    let ConfigHead { dimensions: axes, aim_bits, health_bits, .. } = *head;
    // Kind, generation, teleport; position; velocity.
    let place = 5 + 18 + 2 + (1 + 2 * 32 + 34 * (axes - 2)) + (1 + 1 + 2 + 16 * axes);
    // Aim, pitch, health, team, weapon, radius; who shot, with which command; index and age.
    let rest = (2 + aim_bits) + (axes - 2) * (1 + aim_bits) + (1 + health_bits) + 9 + 9 + 17;
    place + rest + fields + (2 + 32 + 10) + 22
}

#[inline]
fn put_if(out: &mut BitWriter, changed: bool, value: u32, bits: u32) {
    out.bit(changed);
    if changed {
        out.put(value, bits);
    }
}

#[cfg(test)]
#[path = "row_tests.rs"]
mod tests;
