//! `record`: the last write to the world in a tick. Wire words of all entities and the exact own
//! state of all players go into rings of `history` ticks; snapshots are made from them (and, later,
//! shots are judged by them).
//!
//! A row of one entity and tick is packed into u16 halves, because it is most of a room's memory:
//!
//! | half | holds |
//! |---|---|
//! | 0 | generation low 8 bits, kind << 8 (5 bits), alive << 13, teleport << 14 |
//! | 1, 2 | x, low half first: (x + rounding) >> positionShift |
//! | 3, 4 | y |
//! | 5, 6 | vx, vy in 1/16 quantum per tick, saturated |
//! | 7 | aim: the top aimBits of it, rounded |
//! | 8 | health, 0..healthMax |
//! | 9 | team, weapon << 8 |
//! | 10 | radius in quanta, saturated |
//! | 11, 12, 13, 14 | with height: z, vz, pitch (as aim, signed) |
//! | then | the kind's visible fields: one half up to 16 bits, else two |
//!
//! Everybody else reads rows through [`load`], which unpacks one into [`Words`]: one value per
//! word.

use bytemuck::{Pod, Zeroable};

use crate::config::{Config, WireField, WireKind, OWN_BUILTIN, ROW_HALVES_FLAT, ROW_HALVES_HIGH};
use crate::fixed::shift_round;
use crate::gen::{audience, column, flag, kind, FIELDS_PER_KIND_MAX};
use crate::packet::WIRE_TOUCHED;
use crate::region::{flight_at, RoomHead, TICK_NONE};
use crate::room::Room;
use crate::world::World;

/// Word 0: generation low 8 bits, kind << 8, alive << 13, teleport << 14.
pub const W_HEAD: usize = 0;
/// Position in quanta.
pub const W_X: usize = 1;
/// Position in quanta.
pub const W_Y: usize = 2;
/// Height of the feet in quanta, 0 in a flat game.
pub const W_Z: usize = 3;
/// Velocity, 1/16 quantum per tick.
pub const W_VX: usize = 4;
/// Velocity.
pub const W_VY: usize = 5;
/// Velocity, 0 in a flat game.
pub const W_VZ: usize = 6;
/// Aim, aimBits.
pub const W_AIM: usize = 7;
/// Pitch, aimBits signed, 0 in a flat game.
pub const W_PITCH: usize = 8;
/// Health.
pub const W_HEALTH: usize = 9;
/// Team, 0..255.
pub const W_TEAM: usize = 10;
/// Weapon, 0..255.
pub const W_WEAPON: usize = 11;
/// Radius in quanta.
pub const W_RADIUS: usize = 12;
/// First of the kind's visible fields, in order of declaration.
pub const W_FIELDS: usize = 13;
/// Words of a row: rounded up so that rows of scratch start at a multiple of 16 bytes.
pub const WIRE_WORDS: usize = 48;
const _: () = assert!(W_FIELDS + FIELDS_PER_KIND_MAX as usize <= WIRE_WORDS);

/// One entity at one tick, one value per word. Words that its kind does not have are 0.
pub type Words = [i32; WIRE_WORDS];

/// Bit of [`W_HEAD`].
pub const HEAD_ALIVE: i32 = 1 << 13;

/// Kind of a head word.
#[inline]
pub fn head_kind(head: i32) -> i32 {
    head >> 8 & 31
}

/// Low 8 bits of the generation.
#[inline]
pub fn head_generation(head: i32) -> i32 {
    head & 0xff
}

/// Teleport counter of a head word, 0..3.
#[inline]
pub fn head_teleport(head: i32) -> i32 {
    head >> 14 & 3
}

/// A position in wire quanta.
#[inline]
pub fn quantise_position(value: i32, shift: u32) -> i32 {
    shift_round(i64::from(value), shift) as i32
}

/// The middle of a wire quantum, as a position.
#[inline]
pub fn position_of(quanta: i32, shift: u32) -> i32 {
    quanta << shift
}

/// A velocity in wire units (1/16 quantum per tick), saturated to i16.
#[inline]
pub fn quantise_velocity(value: i32, shift: u32) -> i32 {
    let wide = i64::from(value) << 4;
    shift_round(wide, shift).clamp(-32768, 32767) as i32
}

/// A velocity from wire units.
#[inline]
pub fn velocity_of(units: i32, shift: u32) -> i32 {
    shift_round(i64::from(units) << shift, 4) as i32
}

/// The top bits of an angle, rounded.
#[inline]
pub fn quantise_aim(aim: i32, bits: u32) -> i32 {
    let drop = 16 - bits;
    let half = if drop == 0 { 0 } else { 1 << (drop - 1) };
    ((aim & 0xffff) + half) >> drop & ((1 << bits) - 1)
}

/// The angle of wire bits.
#[inline]
pub fn aim_of(value: i32, bits: u32) -> u16 {
    (value << (16 - bits)) as u16
}

/// Pitch in aim's bits, signed.
#[inline]
pub fn quantise_pitch(pitch: i32, bits: u32) -> i32 {
    (pitch >> (16 - bits)).clamp(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
}

/// Exact own state that changes by itself every tick.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct OwnFast {
    /// 1/65536 unit.
    pub x: i32,
    /// 1/65536 unit.
    pub y: i32,
    /// 1/65536 unit.
    pub z: i32,
    /// Per tick.
    pub vx: i32,
    /// Per tick.
    pub vy: i32,
    /// Per tick.
    pub vz: i32,
    /// Ticks.
    pub dash_left: u16,
    /// Ticks.
    pub dash_wait: u16,
    /// Ticks.
    pub weapon_wait: u16,
    /// Column `flags`, low 16 bits: alive, grounded, touched (by this tick), jumpHeld.
    pub flags: u16,
}

/// Built-in columns of the own section that change seldom. A value is sent when its `own_changed`
/// tick is newer than the reference. Values from `OWN_BUILTIN` on are the player's fields to: owner
/// and to: visible, in order of declaration.
pub const OWN_COLUMNS: [usize; OWN_BUILTIN as usize] = [
    column::HEALTH,
    column::TEAM,
    column::WEAPON,
    column::RADIUS,
    column::HEIGHT,
    column::TOP_SPEED,
    column::ACCELERATION,
    column::FRICTION,
    column::DASH_X,
    column::DASH_Y,
    column::PROTECTED_UNTIL,
    column::VIEW_RADIUS,
];

/// Column of the k-th slow own value.
pub fn own_column(config: &Config, k: usize) -> Option<usize> {
    if let Some(found) = OWN_COLUMNS.get(k) {
        return Some(*found);
    }
    config
        .fields_of(1)
        .iter()
        .filter(|f| f.audience == audience::OWNER || f.audience == audience::VISIBLE)
        .nth(k - OWN_BUILTIN as usize)
        .map(|f| usize::from(f.column))
}

/// A packed row, seen value by value.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    flat: &'a [u16; ROW_HALVES_FLAT as usize],
    /// What follows: height, then fields.
    rest: &'a [u16],
    high: bool,
}

impl<'a> Packed<'a> {
    /// The row in `halves`.
    #[inline(always)]
    pub fn of(halves: &'a [u16], high: bool) -> Self {
        let (flat, rest) = halves.split_first_chunk().unwrap_or((&NO_ROW, &[]));
        Self {
            flat,
            rest,
            high: high && rest.len() >= (ROW_HALVES_HIGH - ROW_HALVES_FLAT) as usize,
        }
    }

    /// Word 0, see [`W_HEAD`].
    #[inline(always)]
    pub fn head(&self) -> i32 {
        i32::from(self.flat[0])
    }

    /// Position in quanta.
    #[inline(always)]
    pub fn place(&self) -> [i32; 3] {
        let z = if self.high { wide(self.rest[0], self.rest[1]) } else { 0 };
        [wide(self.flat[1], self.flat[2]), wide(self.flat[3], self.flat[4]), z]
    }

    /// Velocity, 1/16 quantum per tick.
    #[inline(always)]
    pub fn velocity(&self) -> [i32; 3] {
        let z = if self.high { i32::from(self.rest[2] as i16) } else { 0 };
        [i32::from(self.flat[5] as i16), i32::from(self.flat[6] as i16), z]
    }

    /// Aim, aimBits.
    #[inline(always)]
    pub fn aim(&self) -> u32 {
        u32::from(self.flat[7])
    }

    /// Pitch, aimBits signed, 0 in a flat game.
    #[inline(always)]
    pub fn pitch(&self) -> i32 {
        if self.high {
            i32::from(self.rest[3] as i16)
        } else {
            0
        }
    }

    /// Health.
    #[inline(always)]
    pub fn health(&self) -> i32 {
        i32::from(self.flat[8])
    }

    /// Team.
    #[inline(always)]
    pub fn team(&self) -> u32 {
        u32::from(self.flat[9] & 0xff)
    }

    /// Weapon.
    #[inline(always)]
    pub fn weapon(&self) -> u32 {
        u32::from(self.flat[9] >> 8)
    }

    /// Radius in quanta.
    #[inline(always)]
    pub fn radius(&self) -> i32 {
        i32::from(self.flat[10])
    }

    /// An author's field.
    #[inline]
    pub fn field(&self, field: &WireField) -> i32 {
        let at = usize::from(field.half) - ROW_HALVES_FLAT as usize;
        match (field.bits > 16, field.signed != 0) {
            (true, _) => wide(self.rest[at], self.rest[at + 1]),
            (false, true) => i32::from(self.rest[at] as i16),
            (false, false) => i32::from(self.rest[at]),
        }
    }

    /// True if anything but the place differs.
    #[inline]
    pub fn differs(&self, other: &Self) -> bool {
        let fold = |a: &[u16], b: &[u16]| a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
        let places = if self.high { 2 } else { 0 };
        let rest = fold(&self.rest[places..], &other.rest[places..]);
        (self.flat[0] ^ other.flat[0]) | fold(&self.flat[5..], &other.flat[5..]) | rest != 0
    }
}

static NO_ROW: [u16; ROW_HALVES_FLAT as usize] = [0; ROW_HALVES_FLAT as usize];

#[inline(always)]
fn wide(low: u16, high: u16) -> i32 {
    (u32::from(low) | u32::from(high) << 16) as i32
}

#[inline(always)]
fn halves(value: i32) -> (u16, u16) {
    (value as u16, (value >> 16) as u16)
}

/// What is needed to read and write rows.
#[derive(Clone, Copy)]
pub struct Shape<'a> {
    /// Visible fields per kind.
    pub kinds: &'a [WireKind],
    /// Visible fields.
    pub fields: &'a [WireField],
    /// True with height.
    pub high: bool,
    /// log2 of the position quantum.
    pub shift: u32,
    /// Bits of aim.
    pub aim_bits: u32,
    /// Largest health on the wire.
    pub health_max: i32,
}

impl<'a> Shape<'a> {
    /// The shape of a configuration whose tables stand in `kinds` and `fields`.
    pub fn new(config: &Config, kinds: &'a [WireKind], fields: &'a [WireField]) -> Self {
        let head = config.head;
        let (shift, aim_bits, health_max) = (head.position_shift, head.aim_bits, head.health_max);
        Self { kinds, fields, high: config.high(), shift, aim_bits, health_max }
    }

    /// The visible fields of a kind; none for a free row.
    #[inline]
    pub fn fields_of(&self, kind: i32) -> &'a [WireField] {
        let wire = self.kinds.get((kind - 1) as usize).copied().unwrap_or_default();
        let first = usize::from(wire.first);
        self.fields.get(first..first + usize::from(wire.count)).unwrap_or(&[])
    }

    /// Writes the row of an entity as it stands now.
    #[inline]
    fn measure(&self, world: &Columns, i: usize, row: &mut [u16]) {
        let (flat, rest) = row.split_at_mut(ROW_HALVES_FLAT as usize);
        let kind = world.kind[i];
        let alive = if world.flags[i] & flag::ALIVE != 0 { HEAD_ALIVE } else { 0 };
        let teleport = (world.teleport[i] & 3) << 14;
        flat[0] = (world.generation[i] & 0xff | kind << 8 | alive | teleport) as u16;
        (flat[1], flat[2]) = halves(quantise_position(world.x[i], self.shift));
        (flat[3], flat[4]) = halves(quantise_position(world.y[i], self.shift));
        flat[5] = quantise_velocity(world.vx[i], self.shift) as u16;
        flat[6] = quantise_velocity(world.vy[i], self.shift) as u16;
        flat[7] = quantise_aim(world.aim[i], self.aim_bits) as u16;
        flat[8] = world.health[i].clamp(0, self.health_max) as u16;
        flat[9] = (world.team[i] & 0xff | (world.weapon[i] & 0xff) << 8) as u16;
        flat[10] = quantise_position(world.radius[i], self.shift).clamp(0, 0xffff) as u16;
        if self.high {
            (rest[0], rest[1]) = halves(quantise_position(world.z[i], self.shift));
            rest[2] = quantise_velocity(world.vz[i], self.shift) as u16;
            rest[3] = quantise_pitch(world.pitch[i], self.aim_bits) as u16;
        }
        for field in self.fields_of(kind) {
            let (low, high) = halves(world.all.get(usize::from(field.column), i));
            let at = usize::from(field.half);
            row[at] = low;
            if field.bits > 16 {
                row[at + 1] = high;
            }
        }
    }

    /// Packs words into a row.
    pub fn store(&self, words: &Words, row: &mut [u16]) {
        let (flat, rest) = row.split_at_mut(ROW_HALVES_FLAT as usize);
        flat[0] = words[W_HEAD] as u16;
        flat[1] = words[W_X] as u16;
        flat[2] = (words[W_X] >> 16) as u16;
        flat[3] = words[W_Y] as u16;
        flat[4] = (words[W_Y] >> 16) as u16;
        flat[5] = words[W_VX] as u16;
        flat[6] = words[W_VY] as u16;
        flat[7] = words[W_AIM] as u16;
        flat[8] = words[W_HEALTH] as u16;
        flat[9] = (words[W_TEAM] | words[W_WEAPON] << 8) as u16;
        flat[10] = words[W_RADIUS] as u16;
        if self.high {
            rest[0] = words[W_Z] as u16;
            rest[1] = (words[W_Z] >> 16) as u16;
            rest[2] = words[W_VZ] as u16;
            rest[3] = words[W_PITCH] as u16;
        }
        for (k, field) in self.fields_of(head_kind(words[W_HEAD])).iter().enumerate() {
            let at = usize::from(field.half);
            row[at] = words[W_FIELDS + k] as u16;
            if field.bits > 16 {
                row[at + 1] = (words[W_FIELDS + k] >> 16) as u16;
            }
        }
    }

    /// Unpacks a row.
    #[inline]
    pub fn load(&self, row: &[u16]) -> Words {
        let mut words = [0; WIRE_WORDS];
        let packed = Packed::of(row, self.high);
        words[W_HEAD] = packed.head();
        words[W_X..=W_Z].copy_from_slice(&packed.place());
        words[W_VX..=W_VZ].copy_from_slice(&packed.velocity());
        words[W_AIM] = packed.aim() as i32;
        words[W_PITCH] = packed.pitch();
        words[W_HEALTH] = packed.health();
        words[W_TEAM] = packed.team() as i32;
        words[W_WEAPON] = packed.weapon() as i32;
        words[W_RADIUS] = packed.radius();
        let fields = self.fields_of(head_kind(packed.head()));
        for (word, field) in words[W_FIELDS..].iter_mut().zip(fields) {
            *word = packed.field(field);
        }
        words
    }
}

/// Where the row of a tick and entity starts.
#[inline]
pub fn row_at(head: &RoomHead, tick: u32, entity: usize) -> usize {
    let s = &head.sizes;
    ((tick & (s.history - 1)) as usize * s.entities as usize + entity) * s.row_halves as usize
}

/// True if `tick` still stands in the history when `now` is recorded.
#[inline]
pub fn kept(head: &RoomHead, tick: u32, now: u32) -> bool {
    tick != TICK_NONE && tick <= now && now - tick < head.sizes.history
}

/// The columns that a row is made of.
struct Columns<'a> {
    all: &'a World<'a>,
    kind: &'a [i32],
    generation: &'a [i32],
    flags: &'a [i32],
    teleport: &'a [i32],
    x: &'a [i32],
    y: &'a [i32],
    z: &'a [i32],
    vx: &'a [i32],
    vy: &'a [i32],
    vz: &'a [i32],
    aim: &'a [i32],
    pitch: &'a [i32],
    health: &'a [i32],
    team: &'a [i32],
    weapon: &'a [i32],
    radius: &'a [i32],
}

impl<'a> Columns<'a> {
    fn of(all: &'a World<'a>) -> Self {
        Self {
            all,
            kind: all.column(column::KIND),
            generation: all.column(column::GENERATION),
            flags: all.column(column::FLAGS),
            teleport: all.column(column::TELEPORT),
            x: all.column(column::X),
            y: all.column(column::Y),
            z: all.column(column::Z),
            vx: all.column(column::VX),
            vy: all.column(column::VY),
            vz: all.column(column::VZ),
            aim: all.column(column::AIM),
            pitch: all.column(column::PITCH),
            health: all.column(column::HEALTH),
            team: all.column(column::TEAM),
            weapon: all.column(column::WEAPON),
            radius: all.column(column::RADIUS),
        }
    }
}

/// Writes this tick: rows of all entities, exact own state of all players, and now and then the
/// state hash.
pub fn record(room: &mut Room) {
    record_rows(room);
    record_own(room);
    let tick = room.r.head[0].tick;
    if room.config.head.rules & 8 != 0 || tick.is_multiple_of(HASH_TICKS) {
        let hash = state_hash(room);
        (room.r.hash[0], room.r.hash[1]) = (hash as u32, (hash >> 32) as u32);
    }
}

fn record_rows(room: &mut Room) {
    let r = &mut room.r;
    let head = &r.head[0];
    let (n, row_halves) = (head.sizes.entities as usize, head.sizes.row_halves as usize);
    let tick = head.tick;
    let shape = Shape::new(&room.config, r.wire_kinds, r.wire_fields);
    let world = World::new(r.columns, n);
    let world = Columns::of(&world);
    let (now, last) = (row_at(head, tick, 0), row_at(head, tick.wrapping_sub(1), 0));
    let block = n * row_halves;
    let (rows, before) = if now > last {
        let (low, high) = r.history.split_at_mut(now);
        (&mut high[..block], &low[last..last + block])
    } else {
        let (low, high) = r.history.split_at_mut(last);
        (&mut low[now..now + block], &high[..block])
    };
    let rows = rows.chunks_exact_mut(row_halves).zip(before.chunks_exact(row_halves));
    for (i, ((row, before), steady)) in rows.zip(r.steady_since.iter_mut()).enumerate() {
        if world.kind[i] == kind::FREE {
            row.fill(0);
        } else {
            shape.measure(&world, i, row);
        }
        if Packed::of(row, shape.high).differs(&Packed::of(before, shape.high)) {
            *steady = tick;
        }
    }
}

/// Ticks between state hashes when the rule for each tick is off.
const HASH_TICKS: u32 = 30;

fn record_own(room: &mut Room) {
    let r = &mut room.r;
    let (tick, sizes) = (r.head[0].tick, &r.head[0].sizes);
    let world = World::new(r.columns, sizes.entities as usize);
    let values = sizes.own_values as usize;
    let mut columns = [0; OWN_VALUES_MAX];
    for (k, column) in columns[..values].iter_mut().enumerate() {
        *column = own_column(&room.config, k).unwrap_or(0);
    }
    for (slot, client) in r.clients.iter_mut().enumerate() {
        if client.player_id == 0 {
            continue;
        }
        let row = (client.handle & 0xffff) as usize;
        let get = |f| world.get(f, row);
        let half = |f| get(f).clamp(0, 0xffff) as u16;
        let flags = get(column::FLAGS);
        r.own_fast[flight_at(sizes, slot, tick)] = OwnFast {
            x: get(column::X),
            y: get(column::Y),
            z: get(column::Z),
            vx: get(column::VX),
            vy: get(column::VY),
            vz: get(column::VZ),
            dash_left: half(column::DASH_LEFT),
            dash_wait: half(column::DASH_WAIT),
            weapon_wait: half(column::WEAPON_WAIT),
            flags: flags as u16,
        };
        if flags & flag::TOUCHED != 0 {
            client.wire[WIRE_TOUCHED] = tick + 1;
        }
        let held = &mut r.own_values[slot * values..][..values];
        for (k, (value, f)) in held.iter_mut().zip(&columns).enumerate() {
            let now = get(*f);
            if *value != now {
                *value = now;
                r.own_changed[slot * values + k] = tick;
            }
        }
    }
}

/// Most slow own values: the built-in ones and all fields of a player.
const OWN_VALUES_MAX: usize = OWN_BUILTIN as usize + FIELDS_PER_KIND_MAX as usize;

/// 64-bit hash of the live world: tick, matrix, room fields, generators, timers, who plays. Not of
/// what is only about packets: two rooms that differ in acknowledgements alone are the same world.
pub fn state_hash(room: &Room) -> u64 {
    let head = &room.r.head[0];
    let mut hash = crate::hash::bytes(u64::from(head.tick), bytemuck::cast_slice(room.r.columns));
    for part in [
        bytemuck::cast_slice(room.r.room_fields),
        bytemuck::cast_slice(&head.random),
        bytemuck::cast_slice(room.r.plugin_random),
        bytemuck::cast_slice(room.r.timers.get(..head.timers as usize).unwrap_or(&[])),
        bytemuck::cast_slice(room.r.players),
        bytemuck::bytes_of(&room.r.stats[0].walls_hash),
    ] {
        hash = crate::hash::bytes(hash, part);
    }
    hash
}

/// 32-bit hash of a whole region, for checkpoints.
pub fn region_hash(region: &[u8]) -> u32 {
    let hash = crate::hash::bytes(0, region);
    (hash ^ hash >> 32) as u32
}
