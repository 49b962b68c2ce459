//! `apply`: the command of each player for this tick. Missing: movement of the last one is repeated
//! for at most `INPUT_REPEAT_MS_MAX`, never an edge. Late: discarded and counted. Too far ahead:
//! refused and counted.

use crate::fixed::div_round;
use crate::gen::{button, column, flag, InputCommand, INPUT_REPEAT_MS_MAX, INPUT_WINDOW_TICKS};
use crate::region::{CLIENT_AWAY, CLIENT_BOT, TICK_NONE};
use crate::room::Room;

/// Mark in `InputCommand::reserved` of a ring entry whose command came too late: it is never
/// applied, and counted once.
const LATE: u8 = 1;
/// Mark of one that the client did not give: it is away.
const STANDING: u8 = 2;
/// Commands further ahead than this many ticks are refused: the ring must not overwrite what is
/// still to come.
const AHEAD_TICKS_MAX: u32 = INPUT_WINDOW_TICKS - 2;

/// Takes in one command of a packet (which may repeat commands that came before). True if it was
/// new and in time.
pub fn accept(room: &mut Room, slot: usize, command: &InputCommand) -> bool {
    let now = room.r.head[0].tick;
    let ring = INPUT_WINDOW_TICKS as usize;
    let at = slot * ring + command.tick as usize % ring;
    let (Some(held), Some(client)) = (room.r.inputs.get_mut(at), room.r.clients.get_mut(slot))
    else {
        return false;
    };
    let stats = &mut room.r.stats[0];
    if command.tick > now && command.tick - now > AHEAD_TICKS_MAX {
        stats.inputs_ahead = stats.inputs_ahead.wrapping_add(1);
        return false;
    }
    if command.tick == 0 || held.tick == command.tick || held.tick > command.tick {
        return false;
    }
    let late = command.tick < now;
    *held = *command;
    held.reserved = if late { LATE } else { 0 };
    if client.newest_input == TICK_NONE || client.newest_input < command.tick {
        client.newest_input = command.tick;
    }
    if late {
        // What was sent before the join was answered is not late, it is nothing.
        if command.tick > client.joined_tick {
            client.inputs_late = client.inputs_late.wrapping_add(1);
            stats.inputs_late = stats.inputs_late.wrapping_add(1);
        }
        return false;
    }
    if client.flags & (CLIENT_BOT | CLIENT_AWAY) != 0 {
        stats.inputs_accepted_bots = stats.inputs_accepted_bots.wrapping_add(1);
    } else {
        stats.inputs_accepted = stats.inputs_accepted.wrapping_add(1);
    }
    true
}

/// Takes in the command that stands in for one of a client that is away. One of its own, if it still came, goes before.
pub fn stand_in(room: &mut Room, slot: usize, command: &InputCommand) {
    if accept(room, slot, command) {
        let ring = INPUT_WINDOW_TICKS as usize;
        room.r.inputs[slot * ring + command.tick as usize % ring].reserved = STANDING;
    }
}

/// Forgets all commands of a slot that have not been applied.
pub fn clear(room: &mut Room, slot: usize) {
    let ring = INPUT_WINDOW_TICKS as usize;
    room.r.inputs[slot * ring..][..ring].fill(bytemuck::Zeroable::zeroed());
}

/// Measures how early a packet's newest command came. `arrival_us` counts from the start of the
/// interval that this tick ends. Call once per packet, before its commands are accepted, with its
/// newest command tick.
pub fn measure_margin(room: &mut Room, slot: usize, newest: u32, arrival_us: u32) {
    let now = room.r.head[0].tick;
    let interval_us = i64::from(1_000_000 / room.config.head.tick_rate_hz.max(1));
    let Some(client) = room.r.clients.get_mut(slot) else { return };
    if client.newest_input != TICK_NONE && newest <= client.newest_input {
        return;
    }
    let early_us = interval_us - i64::from(arrival_us).min(interval_us);
    let ticks = (i64::from(newest) - i64::from(now)).clamp(-64, 64);
    let sample = ticks * 256 + div_round(early_us * 256, interval_us);
    client.margin256 = if client.newest_input == TICK_NONE {
        sample as i32
    } else {
        client.margin256 + div_round(sample - i64::from(client.margin256), 8) as i32
    };
}

/// Chooses what each player does in this tick: `applied[slot]`.
pub fn apply(room: &mut Room) {
    let now = room.r.head[0].tick;
    let repeat = (INPUT_REPEAT_MS_MAX * room.config.head.tick_rate_hz).div_ceil(1000);
    let ring = INPUT_WINDOW_TICKS as usize;
    let n = room.r.head[0].sizes.entities as usize;
    for slot in 0..room.r.clients.len() {
        let client = &mut room.r.clients[slot];
        if client.player_id == 0 {
            continue;
        }
        let applied = &mut room.r.applied[slot];
        let command = &room.r.inputs[slot * ring + now as usize % ring];
        if command.tick == now && command.reserved == 0 {
            *applied = *command;
            client.applied_tick = now;
            client.missing = 0;
            continue;
        }
        let standing = command.tick == now && command.reserved == STANDING;
        if standing {
            *applied = InputCommand { reserved: 0, ..*command };
            client.missing = 0;
        } else {
            client.missing = client.missing.saturating_add(1);
            substitute(applied, now, client.missing <= repeat && client.newest_input != TICK_NONE);
        }
        if client.flags & CLIENT_BOT == 0 {
            // Before the first command nothing is missing, but the client may have predicted
            // commands that were lost.
            let known = u32::from(client.newest_input != TICK_NONE && !standing);
            room.r.stats[0].inputs_missing = room.r.stats[0].inputs_missing.wrapping_add(known);
            // The client predicted another command than the one that is applied: it has to be told.
            let row = (client.handle & 0xffff) as usize;
            if let Some(flags) = room.r.columns.get_mut(column::FLAGS * n + row) {
                *flags |= flag::TOUCHED;
            }
        }
    }
}

fn substitute(applied: &mut InputCommand, now: u32, repeat: bool) {
    applied.tick = now;
    applied.reserved = 0;
    if repeat {
        applied.buttons &= button::CROUCH;
    } else {
        let (aim, pitch) = (applied.aim, applied.pitch);
        *applied = InputCommand { tick: now, aim, pitch, ..bytemuck::Zeroable::zeroed() };
    }
}
