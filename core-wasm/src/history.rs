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

use crate::config::{Config, WireField, WireKind, OWN_BUILTIN, ROW_HALVES_FLAT};
use crate::fixed::shift_round;
use crate::gen::{audience, column, flag, kind, FIELDS_PER_KIND_MAX};
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

    /// The wire words of a row of the world as it stands now.
    pub fn measure(&self, world: &World, i: usize) -> Words {
        let mut words = [0; WIRE_WORDS];
        let kind = world.get(column::KIND, i);
        if kind == kind::FREE {
            return words;
        }
        let flags = world.get(column::FLAGS, i);
        let alive = if flags & flag::ALIVE != 0 { HEAD_ALIVE } else { 0 };
        let teleport = (world.get(column::TELEPORT, i) & 3) << 14;
        words[W_HEAD] = world.get(column::GENERATION, i) & 0xff | kind << 8 | alive | teleport;
        words[W_X] = quantise_position(world.get(column::X, i), self.shift);
        words[W_Y] = quantise_position(world.get(column::Y, i), self.shift);
        words[W_VX] = quantise_velocity(world.get(column::VX, i), self.shift);
        words[W_VY] = quantise_velocity(world.get(column::VY, i), self.shift);
        words[W_AIM] = quantise_aim(world.get(column::AIM, i), self.aim_bits);
        words[W_HEALTH] = world.get(column::HEALTH, i).clamp(0, self.health_max);
        words[W_TEAM] = world.get(column::TEAM, i) & 0xff;
        words[W_WEAPON] = world.get(column::WEAPON, i) & 0xff;
        words[W_RADIUS] =
            quantise_position(world.get(column::RADIUS, i), self.shift).clamp(0, 0xffff);
        if self.high {
            words[W_Z] = quantise_position(world.get(column::Z, i), self.shift);
            words[W_VZ] = quantise_velocity(world.get(column::VZ, i), self.shift);
            words[W_PITCH] = quantise_pitch(world.get(column::PITCH, i), self.aim_bits);
        }
        for (k, field) in self.fields_of(kind).iter().enumerate() {
            words[W_FIELDS + k] = world.get(usize::from(field.column), i);
        }
        words
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
        let (flat, rest) = row.split_at(ROW_HALVES_FLAT as usize);
        let wide = |low: u16, high: u16| (u32::from(low) | u32::from(high) << 16) as i32;
        words[W_HEAD] = i32::from(flat[0]);
        words[W_X] = wide(flat[1], flat[2]);
        words[W_Y] = wide(flat[3], flat[4]);
        words[W_VX] = i32::from(flat[5] as i16);
        words[W_VY] = i32::from(flat[6] as i16);
        words[W_AIM] = i32::from(flat[7]);
        words[W_HEALTH] = i32::from(flat[8]);
        words[W_TEAM] = i32::from(flat[9] & 0xff);
        words[W_WEAPON] = i32::from(flat[9] >> 8);
        words[W_RADIUS] = i32::from(flat[10]);
        if self.high {
            words[W_Z] = wide(rest[0], rest[1]);
            words[W_VZ] = i32::from(rest[2] as i16);
            words[W_PITCH] = i32::from(rest[3] as i16);
        }
        for (k, field) in self.fields_of(head_kind(words[W_HEAD])).iter().enumerate() {
            let at = usize::from(field.half);
            words[W_FIELDS + k] = match (field.bits > 16, field.signed != 0) {
                (true, _) => wide(row[at], row[at + 1]),
                (false, true) => i32::from(row[at] as i16),
                (false, false) => i32::from(row[at]),
            };
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

/// Writes this tick: rows of all entities, exact own state of all players, and now and then the
/// state hash.
pub fn record(room: &mut Room) {
    let head = room.r.head[0];
    let sizes = head.sizes;
    let n = sizes.entities as usize;
    let shape = Shape::new(&room.config, room.r.wire_kinds, room.r.wire_fields);
    let world = World::new(room.r.columns, n);
    let halves = sizes.row_halves as usize;
    let first = row_at(&head, head.tick, 0);
    let Some(rows) = room.r.history.get_mut(first..first + n * halves) else { return };
    for (i, row) in rows.chunks_exact_mut(halves).enumerate() {
        if world.get(column::KIND, i) == kind::FREE {
            row.fill(0);
        } else {
            shape.store(&shape.measure(&world, i), row);
        }
    }
    record_own(room);
    if room.config.head.rules & 8 != 0 || head.tick.is_multiple_of(HASH_TICKS) {
        let hash = state_hash(room);
        (room.r.hash[0], room.r.hash[1]) = (hash as u32, (hash >> 32) as u32);
    }
}

/// Ticks between state hashes when the rule for each tick is off.
const HASH_TICKS: u32 = 30;

fn record_own(room: &mut Room) {
    let tick = room.r.head[0].tick;
    let sizes = room.r.head[0].sizes;
    let world = World::new(room.r.columns, sizes.entities as usize);
    let values = sizes.own_values as usize;
    let fields = room.config.fields_of(1);
    let owned = || {
        fields.iter().filter(|f| f.audience == audience::OWNER || f.audience == audience::VISIBLE)
    };
    for (slot, client) in room.r.clients.iter().enumerate() {
        if client.player_id == 0 {
            continue;
        }
        let row = (client.handle & 0xffff) as usize;
        let get = |f| world.get(f, row);
        let half = |f| get(f).clamp(0, 0xffff) as u16;
        room.r.own_fast[flight_at(&sizes, slot, tick)] = OwnFast {
            x: get(column::X),
            y: get(column::Y),
            z: get(column::Z),
            vx: get(column::VX),
            vy: get(column::VY),
            vz: get(column::VZ),
            dash_left: half(column::DASH_LEFT),
            dash_wait: half(column::DASH_WAIT),
            weapon_wait: half(column::WEAPON_WAIT),
            flags: get(column::FLAGS) as u16,
        };
        let columns = OWN_COLUMNS.iter().copied().chain(owned().map(|f| usize::from(f.column)));
        let held = room.r.own_values[slot * values..]
            .iter_mut()
            .zip(&mut room.r.own_changed[slot * values..]);
        for (f, (value, changed)) in columns.zip(held) {
            let now = get(f);
            if *value != now {
                (*value, *changed) = (now, tick);
            }
        }
    }
}

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
