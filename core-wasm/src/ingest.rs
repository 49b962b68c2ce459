//! `ingest`: the records that entered before this tick, in order. The wire is hostile, the host
//! only mistaken: a record of a bad shape is counted in `recordsRefused` and skipped.

use crate::command::{exact, record, split};
use crate::events;
use crate::gen::{
    self, error, kind, BotInput, Dilation, InputCommand, Join, Leave, Overload, Packet, Resume,
    NAME_BYTES_MAX,
};
use crate::input;
use crate::region::{
    Client, CLIENT_AWAY, CLIENT_BOT, CLIENT_FRESH, CLIENT_KNOWS, CLIENT_LEAVING, CLIENT_RECENT,
    CLIENT_RENEWING, CLIENT_VERIFY, TICK_NONE,
};
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
            // Who it is stands behind; that is for hooks, and no part of the world.
            Join::KIND => split(payload).and_then(|(row, _): (Join, _)| join(room, slot, &row)),
            Leave::KIND => {
                exact(payload).and_then(|row: Leave| leave(room, slot, u32::from(row.code)))
            }
            Packet::KIND => split(payload).and_then(|(row, bytes): (Packet, _)| {
                take_packet(room, slot, (bytes, row.arrival_us), &mut parsed)
            }),
            BotInput::KIND => exact(payload).and_then(|row| bot_input(room, slot, &row)),
            gen::Drop::KIND => exact(payload).and_then(|_: gen::Drop| lose(room, slot)),
            Resume::KIND => exact(payload).and_then(|row: Resume| resume(room, slot, row.flags)),
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
    room.r.players[slot] = client.handle;
    room.r.clients[slot] = Client {
        reference_tick: TICK_NONE,
        ack_tick: now,
        applied_tick: TICK_NONE,
        newest_input: TICK_NONE,
        joined_tick: now,
        ..client
    };
    input::clear(room, slot);
    room.r.applied[slot] = bytemuck::Zeroable::zeroed();
    let values = s.own_values as usize;
    room.r.own_values[slot * values..(slot + 1) * values].fill(0);
    room.r.own_changed[slot * values..(slot + 1) * values].fill(now);
    let words = s.set_words as usize;
    room.r.visible[slot * words..][..words].fill(0);
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

/// The client of a person who stays.
fn person<'r>(room: &'r mut Room, slot: usize) -> Option<&'r mut Client> {
    let client = room.r.clients.get_mut(slot)?;
    let stays = client.player_id != 0 && client.flags & (CLIENT_BOT | CLIENT_LEAVING) == 0;
    stays.then_some(client)
}

/// Drop: nothing is heard of the client. Its channel goes on as that of any silent client.
fn lose(room: &mut Room, slot: usize) -> Option<()> {
    let client = person(room, slot)?;
    if client.flags & CLIENT_AWAY == 0 {
        client.flags |= CLIENT_AWAY;
        let (handle, player_id) = (client.handle, client.player_id);
        events::hook(room, gen::Dropped::KIND, slot as u16, &gen::Dropped { handle, player_id });
    }
    Some(())
}

/// Resume: as if nothing had been, or with a channel that begins anew (see `packet::deliver`, which then tells of it).
fn resume(room: &mut Room, slot: usize, flags: u32) -> Option<()> {
    let client = person(room, slot)?;
    let away = client.flags & CLIENT_AWAY != 0;
    client.flags &= !CLIENT_AWAY;
    if flags & 1 != 0 {
        let verify = if flags & 2 != 0 { CLIENT_VERIFY } else { 0 };
        let knows = if flags & 4 != 0 { CLIENT_KNOWS | flags & 0xffff_0000 } else { 0 };
        let recent = if flags & 8 != 0 { CLIENT_RECENT } else { 0 };
        let kept = client.flags & 0xffff & !(CLIENT_VERIFY | CLIENT_KNOWS | CLIENT_RECENT);
        client.flags = kept | CLIENT_RENEWING | verify | knows | recent;
    } else if away {
        let row = gen::Resumed { handle: client.handle, player_id: client.player_id, flags: 0 };
        events::hook(room, gen::Resumed::KIND, slot as u16, &row);
    }
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
    if client.flags & CLIENT_RENEWING != 0 {
        // Of a page that is no more. What it sent before is being handed out.
        room.r.stats[0].packets_stale = room.r.stats[0].packets_stale.wrapping_add(1);
        return Some(());
    }
    // What is wrong with the packet itself is counted there: the record was in order.
    let _ = packet::receive(room, slot, bytes, parsed);
    Some(())
}

fn bot_input(room: &mut Room, slot: usize, row: &BotInput) -> Option<()> {
    let client = room.r.clients.get(slot)?;
    if client.player_id == 0 || client.flags & (CLIENT_BOT | CLIENT_AWAY) == 0 {
        return None;
    }
    let bot = client.flags & CLIENT_BOT != 0;
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
        view_held: 0,
        reserved: 0,
        aux,
    };
    if bot {
        input::accept(room, slot, &command);
    } else {
        input::stand_in(room, slot, &command);
    }
    Some(())
}
