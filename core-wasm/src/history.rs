//! `record`: the last write to the world in a tick. Rows of all entities (see `rows.rs`) and the
//! exact own state of all players go into rings of `history` ticks; snapshots are made from them,
//! and shots are judged by them. Also here: the hashes of what was recorded.

use bytemuck::{Pod, Zeroable};

use crate::config::{Config, OWN_BUILTIN, ROW_HALVES_FLAT};
use crate::gen::{audience, column, flag, kind, FIELDS_PER_KIND_MAX};
use crate::packet::WIRE_TOUCHED;
use crate::region::{flight_at, RoomHead, TICK_NONE};
use crate::room::Room;
use crate::rows::{
    halves, head_kind, quantise_aim, quantise_pitch, quantise_position, quantise_velocity, Packed,
    Shape, HEAD_ALIVE,
};
use crate::world::World;

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

/// Word 0 of the row that an entity has at present, see `rows::W_HEAD`.
pub fn head_of(world: &World, i: usize) -> i32 {
    let alive = if world.alive(i) { HEAD_ALIVE } else { 0 };
    let teleport = (world.get(column::TELEPORT, i) & 3) << 14;
    world.get(column::GENERATION, i) & 0xff | world.get(column::KIND, i) << 8 | alive | teleport
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

    /// Writes the row of an entity as it stands now.
    #[inline]
    fn measure(&self, shape: &Shape, i: usize, row: &mut [u16]) {
        let (flat, rest) = row.split_at_mut(ROW_HALVES_FLAT as usize);
        let kind = self.kind[i];
        let alive = if self.flags[i] & flag::ALIVE != 0 { HEAD_ALIVE } else { 0 };
        let teleport = (self.teleport[i] & 3) << 14;
        flat[0] = (self.generation[i] & 0xff | kind << 8 | alive | teleport) as u16;
        (flat[1], flat[2]) = halves(quantise_position(self.x[i], shape.shift));
        (flat[3], flat[4]) = halves(quantise_position(self.y[i], shape.shift));
        flat[5] = quantise_velocity(self.vx[i], shape.shift) as u16;
        flat[6] = quantise_velocity(self.vy[i], shape.shift) as u16;
        flat[7] = quantise_aim(self.aim[i], shape.aim_bits) as u16;
        flat[8] = self.health[i].clamp(0, shape.health_max) as u16;
        flat[9] = (self.team[i] & 0xff | (self.weapon[i] & 0xff) << 8) as u16;
        flat[10] = quantise_position(self.radius[i], shape.shift).clamp(0, 0xffff) as u16;
        if shape.high {
            (rest[0], rest[1]) = halves(quantise_position(self.z[i], shape.shift));
            rest[2] = quantise_velocity(self.vz[i], shape.shift) as u16;
            rest[3] = quantise_pitch(self.pitch[i], shape.aim_bits) as u16;
        }
        for field in shape.fields_of(kind) {
            let (low, high) = halves(self.all.get(usize::from(field.column), i));
            let at = usize::from(field.half);
            row[at] = low;
            if field.bits > 16 {
                row[at + 1] = high;
            }
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
        // A row is zero beyond what its kind has, whatever stood in its place `history` ticks ago: rows of one entity are
        // compared whole.
        if head_kind(i32::from(row[0])) != world.kind[i] {
            row.fill(0);
        }
        if world.kind[i] != kind::FREE {
            world.measure(&shape, i, row);
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
