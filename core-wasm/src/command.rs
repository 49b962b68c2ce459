//! `command`: the plugin's commands in order, then the hits of this tick, then who leaves. All of a
//! plugin's influence on a room stands here. A command that does not fit is counted in
//! `commandsRefused` and does nothing.

use bytemuck::Pod;

use crate::gen::{
    self, audience, column, flag, kind, AddTimer, CancelTimer, ConfigField, Damage, Impulse, Place,
    RecordHeader, Remove, ScaleHit, Send, SetField, SetRandom, SetRoomField, SetText, Spawn,
    WallBox, BUILTIN_COLUMNS, PLAYER_NONE, POSITION_MAX,
};
use crate::region::{self, CLIENT_LEAVING};
use crate::room::{self, add_entity_at, remove_entity, Room};
use crate::rows::head_teleport;
use crate::{harm, packet, roster, timers, walls};

/// Applies the commands in the input buffer, then commits hits and departures.
pub fn apply(room: &mut Room, bytes: usize) {
    let input = core::mem::take(&mut room.s.input);
    let bytes = bytes.min(input.len());
    let mut at = 0;
    while at < bytes {
        let Some((header, payload, next)) = record(&input[..bytes], at) else {
            refuse(room);
            break;
        };
        room.r.stats[0].commands = room.r.stats[0].commands.wrapping_add(1);
        if one(room, &header, payload).is_none() {
            refuse(room);
        }
        at = next;
    }
    room.s.input = input;
    harm::commit_hits(room);
    leave(room);
}

fn refuse(room: &mut Room) {
    room.r.stats[0].commands_refused = room.r.stats[0].commands_refused.wrapping_add(1);
}

/// The record at `at`: header, payload, and where the next one starts. None if it does not fit the
/// buffer.
pub fn record(bytes: &[u8], at: usize) -> Option<(RecordHeader, &[u8], usize)> {
    let start = at.checked_add(RecordHeader::BYTES)?;
    let header: RecordHeader = bytemuck::pod_read_unaligned(bytes.get(at..start)?);
    let end = start.checked_add(header.length as usize)?;
    let payload = bytes.get(start..end)?;
    Some((header, payload, end.checked_add(3)? & !3))
}

/// A payload of exactly one record; also used for records that enter before a tick.
pub fn exact<T: Pod>(payload: &[u8]) -> Option<T> {
    (payload.len() == size_of::<T>()).then(|| bytemuck::pod_read_unaligned(payload))
}

/// A payload with a tail.
pub fn split<T: Pod>(payload: &[u8]) -> Option<(T, &[u8])> {
    let (fixed, tail) = payload.split_at_checked(size_of::<T>())?;
    Some((bytemuck::pod_read_unaligned(fixed), tail))
}

fn one(room: &mut Room, header: &RecordHeader, payload: &[u8]) -> Option<()> {
    match header.kind {
        SetField::KIND => set_field(room, exact(payload)?),
        SetRoomField::KIND => set_room_field(room, exact(payload)?),
        SetText::KIND => {
            let (command, text) = split::<SetText>(payload)?;
            roster::set_text(room, command.handle, command.field, text)
        }
        Place::KIND => place(room, exact(payload)?),
        Spawn::KIND => spawn(room, exact(payload)?),
        Remove::KIND => remove(room, exact(payload)?),
        Damage::KIND => damage(room, exact(payload)?),
        ScaleHit::KIND => scale_hit(room, exact(payload)?),
        AddTimer::KIND => timers::add_timer(room, exact(payload)?),
        CancelTimer::KIND => timers::cancel_timer(room, exact(payload)?),
        Send::KIND => {
            let (command, message) = split::<Send>(payload)?;
            let known = u32::from(header.index) == PLAYER_NONE
                || room.r.players.get(usize::from(header.index)).is_some();
            known.then(|| packet::send(room, header.index, command.except, message).ok())?
        }
        SetRandom::KIND => {
            let command: SetRandom = exact(payload)?;
            (command.state != [0; 4]).then(|| room.r.plugin_random.copy_from_slice(&command.state))
        }
        gen::AddWalls::KIND => add_walls(room, payload),
        Impulse::KIND => impulse(room, exact(payload)?),
        _ => None,
    }
}

fn find(room: &mut Room, handle: u32) -> Option<usize> {
    room.world().find(handle)
}

fn set_field(room: &mut Room, command: SetField) -> Option<()> {
    let row = find(room, command.handle)?;
    let f = command.column as usize;
    let number = room.world().get(column::KIND, row);
    if f >= BUILTIN_COLUMNS {
        let fields = room.config.fields_of(number as u32);
        let field = fields.iter().find(|field| usize::from(field.column) == f)?;
        within(field, command.value).then_some(())?;
        if field.audience == audience::OWNER || field.audience == audience::VISIBLE {
            room.touch(row);
        }
        room.world().set(f, row, command.value);
        return Some(());
    }
    let value = built_in(room, row, f, command.value)?;
    room.world().set(f, row, value);
    if OWN_STATE.contains(&f) {
        room.touch(row);
    }
    if f == column::HEALTH && value <= 0 && room.world().alive(row) {
        harm::die(room, row, 0, 0);
    }
    Some(())
}

fn within(field: &ConfigField, value: i32) -> bool {
    (field.min..=field.max).contains(&value)
}

/// Columns of one's own state: writing one makes the client's prediction wrong.
const OWN_STATE: [usize; 22] = [
    column::FLAGS,
    column::X,
    column::Y,
    column::Z,
    column::VX,
    column::VY,
    column::VZ,
    column::HEALTH,
    column::TEAM,
    column::RADIUS,
    column::HEIGHT,
    column::TOP_SPEED,
    column::ACCELERATION,
    column::FRICTION,
    column::DASH_LEFT,
    column::DASH_WAIT,
    column::DASH_X,
    column::DASH_Y,
    column::WEAPON,
    column::WEAPON_WAIT,
    column::PROTECTED_UNTIL,
    column::VIEW_RADIUS,
];

/// The value that a built-in column takes for a wish; None for a column that commands do not write,
/// or a value out of range.
fn built_in(room: &mut Room, row: usize, f: usize, value: i32) -> Option<i32> {
    let config = room.config;
    let head = config.head;
    let speed = crate::config::SPEED_MAX;
    let range = |least: i32, most: i32| (least..=most).contains(&value).then_some(value);
    match f {
        column::X => Some(value.clamp(-head.half_width, head.half_width)),
        column::Y => Some(value.clamp(-head.half_depth, head.half_depth)),
        column::Z if head.dimensions == 2 => Some(0),
        column::Z => Some(value.clamp(0, POSITION_MAX as i32)),
        column::VZ if head.dimensions == 2 => Some(0),
        column::VX | column::VY | column::VZ | column::DASH_X | column::DASH_Y => {
            Some(value.clamp(-speed, speed))
        }
        column::AIM => range(0, 0xffff),
        column::PITCH => range(-32768, 32767),
        column::HEALTH => Some(value.clamp(0, head.health_max)),
        column::TEAM => range(0, 255),
        column::OWNER => Some(value),
        column::RADIUS | column::DEPTH | column::HEIGHT => range(0, crate::config::EXTENT_MAX),
        column::TOP_SPEED | column::ACCELERATION | column::FRICTION => range(0, speed),
        column::DASH_LEFT | column::DASH_WAIT | column::WEAPON_WAIT => range(0, 0xffff),
        column::WEAPON => range(0, 255),
        column::EXPIRES | column::PROTECTED_UNTIL => range(0, i32::MAX),
        column::VIEW_RADIUS => range(0, POSITION_MAX as i32),
        column::FLAGS => {
            let own = flag::ALIVE | flag::SOLID | flag::TOUCH;
            Some(room.world().get(f, row) & !own | value & own)
        }
        _ => None,
    }
}

fn set_room_field(room: &mut Room, command: SetRoomField) -> Option<()> {
    let k = command.field as usize;
    let field = room.config.room_fields.iter().find(|f| usize::from(f.column) == k)?;
    within(field, command.value).then_some(())?;
    let value = room.r.room_fields.get_mut(k)?;
    if *value != command.value {
        *value = command.value;
        room.r.head[0].room_fields_dirty[k / 32] |= 1 << (k % 32);
    }
    Some(())
}

fn place(room: &mut Room, command: Place) -> Option<()> {
    let row = find(room, command.handle)?;
    let config = room.config;
    let head = config.head;
    let now = room.r.head[0].tick;
    (-1..=0xffff).contains(&command.aim).then_some(())?;
    let last = crate::history::row_at(&room.r.head[0], now.wrapping_sub(1), row);
    let told = head_teleport(i32::from(room.r.history[last]));
    let mut world = room.world();
    let player = world.get(column::KIND, row) == kind::PLAYER;
    let z = if head.dimensions == 2 { 0 } else { command.z.clamp(0, POSITION_MAX as i32) };
    let protect = if command.protect_ticks == 0 {
        0
    } else {
        now.saturating_add(command.protect_ticks).min(i32::MAX as u32)
    };
    let flags = world.get(column::FLAGS, row) | flag::ALIVE;
    // Once a tick, however often: after four the counter would be that of the tick before.
    let teleport = match world.get(column::TELEPORT, row) {
        now if now == told => (now + 1) & 3,
        now => now,
    };
    for (f, value) in [
        (column::X, command.x.clamp(-head.half_width, head.half_width)),
        (column::Y, command.y.clamp(-head.half_depth, head.half_depth)),
        (column::Z, z),
        (column::VX, 0),
        (column::VY, 0),
        (column::VZ, 0),
        (column::FLAGS, flags),
        (column::DASH_LEFT, 0),
        (column::TELEPORT, teleport),
        (column::PROTECTED_UNTIL, protect as i32),
    ] {
        world.set(f, row, value);
    }
    if command.aim >= 0 {
        world.set(column::AIM, row, command.aim);
    }
    if player {
        let health = config.kinds.first().map_or(0, |k| k.health);
        world.set(column::HEALTH, row, health);
        room.touch(row);
    }
    Some(())
}

fn spawn(room: &mut Room, command: Spawn) -> Option<()> {
    let index = (command.handle & 0xffff) as usize;
    let offered = room
        .r
        .spawnable
        .get(1..=room.r.spawnable[0] as usize)
        .is_some_and(|list| list.contains(&command.handle));
    let free = room.r.free.get(index / 32).is_some_and(|bits| bits >> (index % 32) & 1 != 0);
    let known = command.kind >= kind::FIRST as u32
        && command.kind <= room.config.head.kinds
        && command.aim <= 0xffff;
    if !offered || !free || !known {
        room.r.stats[0].spawns_refused = room.r.stats[0].spawns_refused.wrapping_add(1);
        return None;
    }
    add_entity_at(room, command.kind as i32, index);
    let config = room.config;
    let head = config.head;
    let now = room.r.head[0].tick;
    let speed = crate::config::SPEED_MAX;
    let high = i32::from(config.high());
    let expires = if command.life_ticks == 0 {
        0
    } else {
        now.saturating_add(command.life_ticks).min(i32::MAX as u32)
    };
    let mut world = room.world();
    world.raise(index, flag::ALIVE);
    for (f, value) in [
        (column::X, command.x.clamp(-head.half_width, head.half_width)),
        (column::Y, command.y.clamp(-head.half_depth, head.half_depth)),
        (column::Z, command.z.clamp(0, POSITION_MAX as i32) * high),
        (column::VX, command.vx.clamp(-speed, speed)),
        (column::VY, command.vy.clamp(-speed, speed)),
        (column::VZ, command.vz.clamp(-speed, speed) * high),
        (column::AIM, command.aim as i32),
        (column::OWNER, command.owner as i32),
        (column::EXPIRES, expires as i32),
    ] {
        world.set(f, index, value);
    }
    Some(())
}

fn remove(room: &mut Room, command: Remove) -> Option<()> {
    let row = find(room, command.handle)?;
    (room.world().get(column::KIND, row) != kind::PLAYER).then_some(())?;
    remove_entity(room, row);
    Some(())
}

fn damage(room: &mut Room, command: Damage) -> Option<()> {
    let row = find(room, command.handle)?;
    (command.amount != i32::MIN).then_some(())?;
    let weapon = PLAYER_NONE;
    let world = room.world();
    let place = (world.get(column::X, row), world.get(column::Y, row), world.get(column::Z, row));
    harm::hurt(room, row, command.attacker, command.amount, place, (weapon, 0, 0))
}

fn scale_hit(room: &mut Room, command: ScaleHit) -> Option<()> {
    let count = room.r.head[0].hits as usize;
    let hit = room.r.hits.get_mut(..count)?.get_mut(command.hit as usize)?;
    (command.permille <= 1_000_000).then(|| hit.permille = command.permille)
}

fn impulse(room: &mut Room, command: Impulse) -> Option<()> {
    let row = find(room, command.handle)?;
    harm::push(room, row, (command.vx, command.vy, command.vz));
    Some(())
}

/// What died in the last tick and is no player goes now; so do players who left.
fn leave(room: &mut Room) {
    let now = room.r.head[0].tick;
    for row in 0..room.r.head[0].sizes.entities as usize {
        let world = room.world();
        let number = world.get(column::KIND, row);
        let due = world.get(column::EXPIRES, row) as u32;
        if number != kind::FREE
            && number != kind::PLAYER
            && !world.alive(row)
            && due != 0
            && due <= now
        {
            remove_entity(room, row);
        }
    }
    for slot in 0..room.r.clients.len() {
        let client = room.r.clients[slot];
        if client.player_id == 0 || client.flags & CLIENT_LEAVING == 0 {
            continue;
        }
        room.r.hurts[slot * region::HURTS as usize..][..region::HURTS as usize]
            .fill(region::Hurt::default());
        remove_entity(room, (client.handle & 0xffff) as usize);
        packet::close(room, slot);
        let (generation, wire) = (client.generation, [0; 6]);
        room.r.clients[slot] = region::Client { generation, wire, ..bytemuck::Zeroable::zeroed() };
        room.r.players[slot] = 0;
        room.r.head[0].players -= 1;
        roster::clear_row(room, slot);
    }
}

fn add_walls(room: &mut Room, payload: &[u8]) -> Option<()> {
    let whole = payload.len().is_multiple_of(WallBox::BYTES);
    (whole && room.r.head[0].created == 0).then_some(())?;
    let count = room.r.walls_count[0] as usize;
    let boxes = payload.chunks_exact(WallBox::BYTES).map(bytemuck::pod_read_unaligned::<WallBox>);
    let places = room.r.walls.get_mut(count..count + boxes.len())?;
    boxes.clone().all(|wall| walls::wall_ok(&wall)).then_some(())?;
    for (place, wall) in places.iter_mut().zip(boxes.clone()) {
        *place = wall;
    }
    room::set_walls(room, count + boxes.len())
}
