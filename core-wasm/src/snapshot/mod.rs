//! `encode`: what each client is sent for this tick. One packet per client: reliable fragments that are due, then a
//! snapshot, each entity against the newest tick of it that this client has acknowledged.
//!
//! A difference depends only on the entity and the baseline's age, so it is made once per tick and copied bit by bit
//! into every packet that needs it. In the usual case (everything fits, everybody's baselines stand in the reference)
//! a client costs one pass over two bit sets and one copy of 1-60 bits per visible entity.

mod client;
mod defer;
mod delta;
mod event;
mod told;
mod verify;

use delta::Deltas;
pub use delta::{keys_of, Key, Long};
pub use verify::Digest;

use crate::bits::{bits_for, BitWriter};
use crate::budget::Bounds;
use crate::codec::row::RowCode;
use crate::config::largest_entity_bits;
use crate::gen::{
    PacketOut, EVENT_REPEAT_MS_MAX, FRAGMENT_BYTES_MAX, PACKET_BYTES_MAX, SILENT_CLIENT_MS,
};
use crate::interest;
use crate::netchan::pool::Pool;
use crate::netchan::{write_header, SendLimits, HEADER_BYTES};
use crate::packet::WIRE_DEFERRED;
use crate::region::{flight_at, Region, Scratch, CLIENT_AWAY, CLIENT_BOT, CLIENT_LEAVING};
use crate::room::Room;
use crate::rows::Shape;
use crate::sight::Sight;
use crate::walls::Walls;

/// Bytes of a packet that are kept for the snapshot while reliable fragments wait.
const SNAPSHOT_BYTES_KEPT: u32 = 320;

/// Bits that are left for reliable fragments however little a path takes: one always fits.
const MESSAGES_BITS_MIN: u32 = 8 * (FRAGMENT_BYTES_MAX + 16);
/// Bytes of a snapshot for a client that has fallen silent.
const SILENT_BYTES: u32 = 160;

/// What is the same for all clients of a tick.
struct Frame<'a> {
    tick: u32,
    history: u32,
    flights: usize,
    entities: usize,
    /// Players in the room: about as many packets.
    clients: usize,
    words: usize,
    own_values: usize,
    row_halves: usize,
    index_bits: u32,
    repeat_ticks: u32,
    /// `Scratch::due` says whose state goes into a snapshot.
    tiered: bool,
    /// Whom walls hide, where they do.
    sight: Option<Sight<'a>>,
    code: RowCode<'a>,
}

/// Writes the packets of this tick. Returns the rows of the packet table; their offsets count from the start of
/// `Scratch::output`. Nothing is written for bots.
pub fn encode(room: &mut Room) -> u32 {
    told::tell(room);
    let config = room.config;
    let (sizes, tick) = (room.r.head[0].sizes, room.r.head[0].tick);
    let Room { r, s, .. } = room;
    let (kinds, fields) = (core::mem::take(&mut r.wire_kinds), core::mem::take(&mut r.wire_fields));
    let shape = Shape::new(&config, kinds, fields);
    let rate = config.head.tick_rate_hz;
    let send_every = interest::send_every(config.head, r.head[0].overload);
    let blinds = core::mem::take(&mut r.blinds);
    let (starts, items) =
        (core::mem::take(&mut r.blind_starts), core::mem::take(&mut r.blind_items));
    let blind = Walls { boxes: blinds, grid: r.blind_grid[0], starts, items, movers: &[] };
    let frame = Frame {
        tick,
        history: sizes.history,
        flights: sizes.flights as usize,
        entities: sizes.entities as usize,
        clients: r.head[0].players as usize,
        words: sizes.set_words as usize,
        own_values: sizes.own_values as usize,
        row_halves: sizes.row_halves as usize,
        index_bits: bits_for(sizes.entities - 1),
        repeat_ticks: (EVENT_REPEAT_MS_MAX * rate).div_ceil(1000).min(63),
        tiered: interest::tiered(config.head, r.head[0].overload),
        sight: Sight::of((config.head, config.movers), blind, (tick, send_every)),
        code: RowCode::new(&config, &shape),
    };
    let entity = largest_entity_bits(&config).div_ceil(8);
    let bounds = Bounds::of(rate, entity, config.head.snapshot_bytes_max);
    let silent_ticks = (SILENT_CLIENT_MS * rate).div_ceil(1000);
    let keys = core::mem::take(&mut s.delta_keys);
    let longs = core::mem::take(&mut s.delta_longs);
    let mut deltas = Deltas::new(keys, longs, frame.entities);
    let (mut packets, mut silent, mut away) = (0, 0, 0);
    let mut sets = client::Sets::new();
    for slot in 0..sizes.players as usize {
        let client = r.clients[slot];
        if client.player_id == 0 || client.flags & (CLIENT_BOT | CLIENT_LEAVING) != 0 {
            continue;
        }
        let quiet = tick.wrapping_sub(client.ack_tick) > silent_ticks;
        silent += u32::from(quiet);
        away += u32::from(client.flags & CLIENT_AWAY != 0);
        let every = if quiet { (rate / 2).max(send_every) } else { send_every };
        if !(tick + slot as u32).is_multiple_of(every) {
            continue;
        }
        let bytes = if quiet {
            r.budgets[slot].silent(bounds);
            SILENT_BYTES.min(bounds.most)
        } else {
            r.budgets[slot].bytes(tick, bounds)
        };
        let work = Work { r: &mut *r, s: &mut *s, sets: &mut sets, deltas: &mut deltas };
        write_packet(&frame, work, (slot, packets), bytes * 8);
        packets += 1;
    }
    (s.delta_keys, s.delta_longs) = (deltas.keys, deltas.longs);
    (r.stats[0].silent_clients, r.stats[0].away_clients) = (silent, away);
    (r.wire_kinds, r.wire_fields) = (kinds, fields);
    (r.blinds, r.blind_starts, r.blind_items) = (blinds, starts, items);
    packets as u32
}

/// What the packets of a tick are made from and with.
struct Work<'w, 'a> {
    r: &'w mut Region<'a>,
    s: &'w mut Scratch<'a>,
    sets: &'w mut client::Sets,
    deltas: &'w mut Deltas<'a>,
}

/// One packet: header, reliable part, snapshot.
fn write_packet<'a>(frame: &Frame, work: Work<'_, 'a>, (slot, row): (usize, usize), limit: u32) {
    let Work { r, s, sets, deltas } = work;
    let offset = row * PACKET_BYTES_MAX as usize;
    let Scratch { output, keys, due, packets, .. } = s;
    let packet = &mut output[offset..][..PACKET_BYTES_MAX as usize];
    let mut out = BitWriter::new(&mut packet[HEADER_BYTES..]);
    let header = r.channels[slot].next_packet(frame.tick);
    // A path that takes little takes few messages, too.
    let most = out.bits_left() - limit.min(SNAPSHOT_BYTES_KEPT * 8);
    let room_for_messages =
        if r.budgets[slot].limited() { most.min(limit.max(MESSAGES_BITS_MIN)) } else { most };
    let pool = Pool::new(&mut r.pool_head[0], r.pool_chunks, r.pool_bytes);
    r.channels[slot].write_reliable(&pool, &mut out, room_for_messages, SendLimits::TO_CLIENT);
    let start = out.bits();
    let limit = limit.min(out.bits_left());
    let due = frame.tiered.then(|| &due[slot * frame.words..][..frame.words]);
    let mut writer = client::Writer { frame, r, deltas, keys, slot, header };
    writer.snapshot(&mut out, due, limit, sets);
    let bits = out.bits() - start;
    let Some(length) = out.finish() else {
        // Cannot be: every part was measured before it was written. The packet counts as not sent.
        debug_assert!(false, "a packet did not fit");
        r.channels[slot].cancel_packet();
        return;
    };
    let bytes = length + HEADER_BYTES;
    r.flights[flight_at(&r.head[0].sizes, slot, frame.tick)].state = bytes as u16;
    r.budgets[slot].sends(bytes as u32);
    write_header(&mut packet[..bytes], header, r.epochs[slot]);
    packets[row] = PacketOut { slot: slot as u16, bytes: bytes as u16, offset: offset as u32 };
    let held_back = r.budgets[slot].limited() && r.clients[slot].wire[WIRE_DEFERRED] != 0;
    let stats = &mut r.stats[0];
    stats.snapshots_held_back = stats.snapshots_held_back.wrapping_add(u32::from(held_back));
    stats.snapshots = stats.snapshots.wrapping_add(1);
    stats.snapshot_bits = stats.snapshot_bits.wrapping_add(bits);
    stats.packets_out = stats.packets_out.wrapping_add(1);
    stats.bytes_out = stats.bytes_out.wrapping_add(bytes as u32);
}
