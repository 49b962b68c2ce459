//! `ingest`: the records that entered before this tick, in order. The wire is hostile, the host
//! only mistaken: a record of a bad shape is counted in `recordsRefused` and skipped.

use crate::command::{exact, record, split};
use crate::events;
use crate::gen::{
    self, error, kind, BotInput, Dilation, InputCommand, Join, Leave, Overload, Packet,
    NAME_BYTES_MAX,
};
use crate::input;
use crate::region::{Client, CLIENT_BOT, CLIENT_FRESH, CLIENT_LEAVING, CLIENT_VERIFY, TICK_NONE};
use crate::room::{add_entity, Room};
use crate::{packet, roster};

/// Takes in all records of the input buffer.
pub fn records(room: &mut Room, bytes: usize) {
    let input = core::mem::take(&mut room.s.input);
    let bytes = bytes.min(input.len());
    let mut parsed = packet::Parsed::none();
    let mut at = 0;
    while at < bytes {
        let Some((header, payload, next)) = record(&input[..bytes], at) else {
            refuse(room);
            break;
        };
        let slot = usize::from(header.index);
        let taken = match header.kind {
            Join::KIND => exact(payload).and_then(|row| join(room, slot, &row)),
            Leave::KIND => {
                exact(payload).and_then(|row: Leave| leave(room, slot, u32::from(row.code)))
            }
            Packet::KIND => split(payload).and_then(|(row, bytes): (Packet, _)| {
                take_packet(room, slot, (bytes, row.arrival_us), &mut parsed)
            }),
            BotInput::KIND => exact(payload).and_then(|row| bot_input(room, slot, &row)),
            Overload::KIND => {
                exact(payload).map(|row: Overload| room.r.head[0].overload = row.level)
            }
            Dilation::KIND => exact(payload).map(|row: Dilation| {
                room.r.head[0].dilation_permille = row.permille.clamp(1, 1000)
            }),
            _ => None,
        };
        if taken.is_none() {
            refuse(room);
        }
        at = next;
    }
    room.s.input = input;
    packet::deliver(room);
}

fn refuse(room: &mut Room) {
    room.r.stats[0].records_refused = room.r.stats[0].records_refused.wrapping_add(1);
}

fn join(room: &mut Room, slot: usize, row: &Join) -> Option<()> {
    let client = room.r.clients.get(slot)?;
    let name = row.name.get(..usize::from(row.name_bytes).min(NAME_BYTES_MAX as usize))?;
    core::str::from_utf8(name).ok()?;
    if client.player_id != 0 || usize::from(row.name_bytes) > name.len() {
        return None;
    }
    let generation = match client.generation {
        0xffff.. => 1,
        before => before + 1,
    };
    let Some(entity) = add_entity(room, kind::PLAYER) else {
        let code = error::E_ENTITY_LIMIT as u32;
        events::hook(room, gen::Fault::KIND, slot as u16, &gen::Fault { code });
        return None;
    };
    let handle = room.world().handle(entity);
    room.world().set(gen::column::SLOT, entity, slot as i32);
    room.world().set(gen::column::TEAM, entity, i32::from(row.team));
    let bot = if row.flags & 1 != 0 { CLIENT_BOT } else { CLIENT_FRESH };
    let verify = if row.flags & 2 != 0 { CLIENT_VERIFY } else { 0 };
    open_slot(
        room,
        slot,
        Client {
            player_id: generation << 16 | slot as u32,
            handle,
            session: row.session,
            flags: bot | verify,
            generation,
            ..bytemuck::Zeroable::zeroed()
        },
    );
    roster::fill_row(room, slot, row, name);
    let (player_id, flags) = (generation << 16 | slot as u32, u32::from(row.flags));
    events::hook(room, gen::Joined::KIND, slot as u16, &gen::Joined { handle, player_id, flags });
    Some(())
}

/// Resets everything that belongs to a slot.
fn open_slot(room: &mut Room, slot: usize, client: Client) {
    let now = room.r.head[0].tick;
    let s = room.r.head[0].sizes;
    let (flights, words) = (s.flights as usize, s.set_words as usize);
    room.r.players[slot] = client.handle;
    room.r.clients[slot] = Client {
        reference_tick: TICK_NONE,
        ack_tick: now,
        applied_tick: TICK_NONE,
        newest_input: TICK_NONE,
        joined_tick: now,
        ..client
    };
    let zero = bytemuck::Zeroable::zeroed();
    let ring = gen::INPUT_WINDOW_TICKS as usize;
    room.r.inputs[slot * ring..(slot + 1) * ring].fill(zero);
    room.r.applied[slot] = zero;
    room.r.flight_sets[slot * flights * words..(slot + 1) * flights * words].fill(0);
    room.r.flight_updates[slot * flights * words..(slot + 1) * flights * words].fill(0);
    let values = s.own_values as usize;
    room.r.own_values[slot * values..(slot + 1) * values].fill(0);
    room.r.own_changed[slot * values..(slot + 1) * values].fill(now);
    room.r.head[0].players += 1;
    packet::open(room, slot);
}

fn leave(room: &mut Room, slot: usize, code: u32) -> Option<()> {
    let client = room.r.clients.get_mut(slot)?;
    if client.player_id == 0 || client.flags & CLIENT_LEAVING != 0 {
        return None;
    }
    client.flags |= CLIENT_LEAVING;
    client.leave_code = code;
    let (handle, player_id) = (client.handle, client.player_id);
    events::hook(room, gen::Left::KIND, slot as u16, &gen::Left { handle, player_id, code });
    Some(())
}

fn take_packet(
    room: &mut Room,
    slot: usize,
    bytes: (&[u8], u32),
    parsed: &mut packet::Parsed,
) -> Option<()> {
    let client = room.r.clients.get(slot)?;
    if client.player_id == 0 || client.flags & CLIENT_BOT != 0 {
        return None;
    }
    // What is wrong with the packet itself is counted there: the record was in order.
    let _ = packet::receive(room, slot, bytes, parsed);
    Some(())
}

fn bot_input(room: &mut Room, slot: usize, row: &BotInput) -> Option<()> {
    let client = room.r.clients.get(slot)?;
    if client.player_id == 0 || client.flags & CLIENT_BOT == 0 {
        return None;
    }
    let tick = room.r.head[0].tick;
    let BotInput { buttons, aim, pitch, move_x, move_y, aux } = *row;
    let command = InputCommand {
        tick,
        buttons,
        aim,
        pitch,
        move_x,
        move_y,
        view_tick: tick,
        view_fraction: 0,
        reserved: 0,
        aux,
    };
    input::accept(room, slot, &command);
    Some(())
}
