//! One client's packet coming into a room, and reliable messages going out: where the packet layer meets the region.

use crate::bits::BitReader;
use crate::budget::Budget;
use crate::codec::input::{self, Inputs};
use crate::events;
use crate::gen::{
    error, ConfigHead, Fault, Resumed, MESSAGE_BYTES_MAX_TO_CLIENT, MESSAGE_BYTES_MAX_TO_SERVER,
    RECEIVE_WINDOW_TO_SERVER,
};
use crate::netchan::pool::Pool;
use crate::netchan::{
    read_header, Age, Channel, FragmentSlot, Header, Read, Reliable, HEADER_BYTES,
};
use crate::region::{
    Client, Flight, Region, CLIENT_BOT, CLIENT_FRESH, CLIENT_KNOWS, CLIENT_LEAVING, CLIENT_MISSED,
    CLIENT_RECENT, CLIENT_RENEWING, FLIGHT_ACKED, TICK_NONE,
};
use crate::room::Room;
use bytemuck::Zeroable;

/// Place in `Client::wire`: tick + 1 of the newest touch from outside.
pub const WIRE_TOUCHED: usize = 0;
/// Place in `Client::wire`: code with which the client has to be closed.
pub const WIRE_FAULT: usize = 1;
/// Place in `Client::wire`: 1 while priority accumulators are not all zero.
pub const WIRE_DEFERRED: usize = 2;
/// Place in `Client::wire`: inputs_late as told last.
pub const WIRE_LATE_TOLD: usize = 3;
/// Place in `Client::wire`: the measured delay of commands, see `rewind::measure`.
pub const WIRE_DELAY: usize = 4;
/// Place in `Client::wire`: tick since which it is measured.
pub const WIRE_DELAY_SINCE: usize = 5;
/// Place in `RoomHead::wire`: slot whose messages come first.
const WIRE_TURN: usize = 0;

const WINDOW: usize = RECEIVE_WINDOW_TO_SERVER as usize;
/// Messages of one client handed to the plugin in one tick.
const MESSAGES_PER_TICK: usize = 8;

/// From one epoch of a client to its next. The low 4 bits, which each packet carries, are others than those of the 15
/// epochs before; the upper 8 keep apart from the epochs that other owners of the room begin with.
const EPOCH_STEP: u32 = 0x0100_0001;

/// Prepares everything of the wire for a client that just took a slot.
pub fn open(room: &mut Room, slot: usize) {
    room.r.epochs[slot] = room.config.head.epoch;
    room.r.channels[slot].open(room.r.head[0].tick);
    forget(room, slot);
}

/// The client has lost its state, or the room its own of the last moments: its packets begin anew under an epoch of their own. What
/// the game and the host said and it has not read, or not wholly acknowledged, waits again; of roster, walls and texts it is told as a newcomer.
fn renew(room: &mut Room, slot: usize) {
    let tick = room.r.head[0].tick;
    let Region { channels, pool_head, pool_chunks, pool_bytes, epochs, clients, .. } = &mut room.r;
    let mut pool = Pool::new(&mut pool_head[0], pool_chunks, pool_bytes);
    let flags = clients[slot].flags;
    let read = (flags & CLIENT_KNOWS != 0)
        .then_some(Read { count: (flags >> 16) as u16, recent: flags & CLIENT_RECENT != 0 });
    channels[slot].restart(tick, &mut pool, read);
    epochs[slot] = epochs[slot].wrapping_add(EPOCH_STEP);
    let fault = clients[slot].wire[WIRE_FAULT];
    forget(room, slot);
    crate::input::clear(room, slot);
    let before = room.r.clients[slot];
    // Who has kept a roster has to hear of slots that are free by now.
    let missed = if read.is_some() { CLIENT_MISSED } else { 0 };
    let over = CLIENT_RENEWING | CLIENT_MISSED | CLIENT_KNOWS | CLIENT_RECENT;
    let kept = before.flags & 0xffff & !over;
    room.r.clients[slot] = Client {
        flags: kept | missed,
        applied_tick: TICK_NONE,
        newest_input: TICK_NONE,
        missing: 0,
        margin256: 0,
        inputs_late: 0,
        joined_tick: tick,
        ..before
    };
    room.r.clients[slot].wire[WIRE_FAULT] = fault;
    let fresh = u32::from(read.is_none());
    let row = Resumed { handle: before.handle, player_id: before.player_id, flags: fresh };
    events::hook(room, Resumed::KIND, slot as u16, &row);
}

/// Nothing is held of the client of a slot, and nothing is known of what it holds.
fn forget(room: &mut Room, slot: usize) {
    let tick = room.r.head[0].tick;
    let sizes = room.r.head[0].sizes;
    let (flights, entities, words) =
        (sizes.flights as usize, sizes.entities as usize, sizes.set_words as usize);
    room.r.fragments[slot * WINDOW..][..WINDOW].fill(FragmentSlot::zeroed());
    room.r.base_tick[slot * entities..][..entities].fill(TICK_NONE);
    room.r.priority[slot * entities..][..entities].fill(0);
    room.r.flights[slot * flights..][..flights]
        .fill(Flight { tick: TICK_NONE, ..Flight::zeroed() });
    room.r.flight_sets[slot * flights * words..][..flights * words].fill(0);
    room.r.flight_updates[slot * flights * words..][..flights * words].fill(0);
    room.r.texts_told[slot * words..][..words].fill(0);
    room.r.budgets[slot] = Budget::default();
    let client = &mut room.r.clients[slot];
    client.wire = [0; 6];
    client.reference_tick = TICK_NONE;
    client.ack_tick = tick;
    client.flags |= CLIENT_FRESH;
}

/// Lets go of everything the room keeps for a client that leaves its slot.
pub fn close(room: &mut Room, slot: usize) {
    let Region { channels, pool_head, pool_chunks, pool_bytes, .. } = &mut room.r;
    channels[slot].close(&mut Pool::new(&mut pool_head[0], pool_chunks, pool_bytes));
}

/// Takes in one packet of a client: acknowledgements, reliable fragments, input commands. Nothing changes but a counter
/// when the packet is refused: `E_MALFORMED`, or `E_CHANNEL_FULL` when a fragment has no place.
pub fn receive(
    room: &mut Room,
    slot: usize,
    (packet, arrival_us): (&[u8], u32),
    parsed: &mut Parsed,
) -> Result<(), i32> {
    let head = room.config.head;
    let Some(channel) = room.r.channels.get(slot) else { return Err(error::E_MALFORMED) };
    let outcome = parsed.read(packet, room.r.epochs[slot], head, channel);
    let stats = &mut room.r.stats[0];
    stats.packets_in = stats.packets_in.wrapping_add(1);
    let header = match outcome {
        Ok(Some(found)) => found,
        Ok(None) => {
            stats.packets_stale = stats.packets_stale.wrapping_add(1);
            return Ok(());
        }
        Err(code) => {
            let count = match code {
                error::E_CHANNEL_FULL => &mut stats.packets_beyond,
                _ => &mut stats.packets_malformed,
            };
            *count = count.wrapping_add(1);
            return Err(code);
        }
    };
    let Parsed { part, inputs } = &*parsed;
    let r = &mut room.r;
    let (tick, sizes) = (r.head[0].tick, &r.head[0].sizes);
    let (flights, words) = (sizes.flights as usize, sizes.set_words as usize);
    let entities = sizes.entities as usize;
    let channel = &mut r.channels[slot];
    if part.any() {
        let slots = &mut r.fragments[slot * WINDOW..][..WINDOW];
        channel.store(part, &BitReader::new(&packet[HEADER_BYTES..]), slots);
    }
    channel.hold_received(header.sequence);
    let mut pool = Pool::new(&mut r.pool_head[0], r.pool_chunks, r.pool_bytes);
    let mut acks = Acks {
        client: &mut r.clients[slot],
        budget: &mut r.budgets[slot],
        flights: &mut r.flights[slot * flights..][..flights],
        updates: &r.flight_updates[slot * flights * words..][..flights * words],
        base_tick: &mut r.base_tick[slot * entities..][..entities],
        words,
    };
    channel.acknowledge(&header, tick, &mut pool, |sent| acks.arrived(sent, tick));
    if inputs.count > 0 {
        let (newest, rate) = (inputs.commands[0].tick, head.tick_rate_hz);
        crate::rewind::measure(&mut room.r.clients[slot], newest, tick, rate);
        crate::input::measure_margin(room, slot, newest, arrival_us);
        for command in inputs.commands[..inputs.count].iter().rev() {
            crate::input::accept(room, slot, command);
        }
    }
    Ok(())
}

/// What a packet says beside its header. Scratch: one for all packets of a tick, because it is large.
pub struct Parsed {
    part: Reliable,
    inputs: Inputs,
}

impl Parsed {
    /// Nothing yet.
    pub fn none() -> Self {
        Self { part: Reliable::none(), inputs: Inputs::none() }
    }

    /// Reads a packet wholly. None: seen before.
    #[inline]
    fn read(
        &mut self,
        packet: &[u8],
        epoch: u32,
        head: &ConfigHead,
        channel: &Channel,
    ) -> Result<Option<Header>, i32> {
        let header = read_header(packet, epoch)?;
        if !channel.plausible(&header) {
            return Err(error::E_MALFORMED);
        }
        if channel.age(header.sequence) == Age::Stale {
            return Ok(None);
        }
        let mut reader = BitReader::new(&packet[HEADER_BYTES..]);
        self.part.read(&mut reader);
        input::read(&mut reader, head, &mut self.inputs);
        if !reader.at_end() {
            return Err(error::E_MALFORMED);
        }
        if !channel.fits(&self.part, WINDOW) {
            return Err(error::E_CHANNEL_FULL);
        }
        Ok(Some(header))
    }
}

/// What one client's acknowledgements change.
struct Acks<'a> {
    client: &'a mut Client,
    budget: &'a mut Budget,
    /// The rings of this client alone.
    flights: &'a mut [Flight],
    updates: &'a [u32],
    base_tick: &'a mut [u32],
    words: usize,
}

impl Acks<'_> {
    /// The client has the snapshot of `tick`: it may become the reference, and what it updated a baseline.
    fn arrived(&mut self, tick: u32, now: u32) {
        let mask = self.flights.len() - 1;
        let place = |t: u32| t as usize & mask;
        self.client.ack_tick = now;
        let flight = &mut self.flights[place(tick)];
        let known = flight.tick == tick;
        let bytes = known.then(|| u32::from(flight.state & !FLIGHT_ACKED));
        self.budget.arrived(bytes, now.saturating_sub(tick));
        if !known || flight.acked() {
            return;
        }
        flight.state |= FLIGHT_ACKED;
        let before = self.client.reference_tick;
        if before == TICK_NONE || before < tick {
            self.client.reference_tick = tick;
        }
        if before == TICK_NONE {
            return;
        }
        // Entities that the reference updated have it as their baseline; the array answers for the others.
        let (older, newer) = (before.min(tick), before.max(tick));
        if self.flights[place(older)].tick != older {
            return;
        }
        let (own, reference) = (place(older) * self.words, place(newer) * self.words);
        let older_ones = &self.updates[own..][..self.words];
        let newer_ones = &self.updates[reference..][..self.words];
        for (w, (ours, theirs)) in older_ones.iter().zip(newer_ones).enumerate() {
            let mut left = ours & !theirs;
            while left != 0 {
                let index = w * 32 + left.trailing_zeros() as usize;
                left &= left - 1;
                let base = &mut self.base_tick[index];
                if *base == TICK_NONE || *base < older {
                    *base = older;
                }
            }
        }
    }
}

/// Hands complete messages of all clients to the plugin as hook events, and reports clients that have to be closed. A
/// client that begins anew does so when nothing whole is left of what it had sent. Called once per `begin`, after all
/// records.
///
/// What a client is told to have arrived has been handed out. So a client, which counts its window from its oldest
/// message without an acknowledgement, is never beyond the one here, which begins with the oldest that waits.
pub fn deliver(room: &mut Room) {
    let count = room.r.clients.len();
    let first = room.r.head[0].wire[WIRE_TURN] as usize;
    let mut turn = None;
    for slot in (first..count).chain(0..first.min(count)) {
        let Client { player_id, flags, .. } = room.r.clients[slot];
        if player_id == 0 || flags & CLIENT_BOT != 0 {
            continue;
        }
        if !deliver_from(room, slot) {
            turn = turn.or(Some(slot));
        }
        let waits = room.r.channels[slot].whole_waits(&room.r.fragments[slot * WINDOW..][..WINDOW]);
        if !waits {
            room.r.channels[slot].may_acknowledge();
        }
        let code = room.r.clients[slot].wire[WIRE_FAULT];
        if code != 0 && events::hook(room, Fault::KIND, slot as u16, &Fault { code }) {
            room.r.clients[slot].wire[WIRE_FAULT] = 0;
        }
        if flags & (CLIENT_RENEWING | CLIENT_LEAVING) == CLIENT_RENEWING && !waits {
            renew(room, slot);
        }
    }
    // Who found no room comes first in the next tick: a flood of some does not starve the others.
    room.r.head[0].wire[WIRE_TURN] = turn.unwrap_or(first) as u32;
}

/// False: no room for another message in this tick.
fn deliver_from(room: &mut Room, slot: usize) -> bool {
    if !room.r.channels[slot].waiting(&room.r.fragments[slot * WINDOW..][..WINDOW]) {
        return true;
    }
    let mut bytes = [0u8; MESSAGE_BYTES_MAX_TO_SERVER as usize];
    for _ in 0..MESSAGES_PER_TICK {
        if room.hook_bytes + bytes.len() + events::RESERVE_BYTES + 16 > room.s.output.len() {
            return false;
        }
        let Region { channels, fragments, clients, stats, .. } = &mut room.r;
        let slots = &mut fragments[slot * WINDOW..][..WINDOW];
        match channels[slot].take_message(slots, &mut bytes) {
            Ok(Some(length)) => {
                stats[0].messages_in = stats[0].messages_in.wrapping_add(1);
                events::message(room, slot, &bytes[..length]);
            }
            Ok(None) => break,
            Err(code) => {
                clients[slot].wire[WIRE_FAULT] = code as u32;
                break;
            }
        }
    }
    true
}

/// Queues a reliable message (kind byte first) for one slot, or with `to` 0xffff for all but `except`. `E_CHANNEL_FULL`:
/// the pool is full. A client whose queue is full is closed, and the others are not the worse for it.
pub fn send(room: &mut Room, to: u16, except: u32, message: &[u8]) -> Result<(), i32> {
    send_to(&mut room.r, message, |slot, _| {
        if to == 0xffff {
            slot as u32 != except
        } else {
            slot == usize::from(to)
        }
    })
}

/// Queues a message for the clients that `wanted` names.
pub fn send_to(
    r: &mut Region,
    message: &[u8],
    wanted: impl Fn(usize, &Client) -> bool,
) -> Result<(), i32> {
    if message.is_empty() || message.len() > MESSAGE_BYTES_MAX_TO_CLIENT as usize {
        return Err(error::E_MESSAGE_TOO_LONG);
    }
    if !make_room(r, message.len()) {
        r.stats[0].pool_full = r.stats[0].pool_full.wrapping_add(1);
        return Err(error::E_CHANNEL_FULL);
    }
    let tick = r.head[0].tick;
    let Region { channels, pool_head, pool_chunks, pool_bytes, clients, stats, .. } = r;
    let mut pool = Pool::new(&mut pool_head[0], pool_chunks, pool_bytes);
    let id = pool.store(message, tick).ok_or(error::E_CHANNEL_FULL)?;
    for (slot, client) in clients.iter_mut().enumerate() {
        if client.player_id == 0 || client.flags & CLIENT_BOT != 0 || !wanted(slot, client) {
            continue;
        }
        if channels[slot].enqueue(&mut pool, id) {
            stats[0].messages_out = stats[0].messages_out.wrapping_add(1);
        } else if channels[slot].close(&mut pool) {
            client.wire[WIRE_FAULT] = error::E_CHANNEL_FULL as u32;
        }
    }
    pool.settle(id);
    stats[0].pool_bytes = pool.bytes_used();
    Ok(())
}

/// True if the pool takes so many bytes more. When it is full, clients that hold it are closed, the one whose oldest
/// message has waited longest first: it has acknowledged nothing for two seconds, or that message not for eight.
pub fn make_room(r: &mut Region, bytes: usize) -> bool {
    let (tick, second) = (r.head[0].tick, r.head[0].sizes.flights);
    let Region { channels, pool_head, pool_chunks, pool_bytes, clients, .. } = r;
    let mut pool = Pool::new(&mut pool_head[0], pool_chunks, pool_bytes);
    while !pool.fits(bytes) {
        let held_up = |(slot, channel): (usize, &Channel)| {
            let age = u32::from(pool.age(channel.oldest()?, tick));
            let silent = tick.wrapping_sub(channel.ack_tick) > 2 * second;
            (silent || age > 8 * second).then_some((age, slot))
        };
        let Some((_, slot)) = channels.iter().enumerate().filter_map(held_up).max() else {
            return false;
        };
        channels[slot].close(&mut pool);
        clients[slot].wire[WIRE_FAULT] = error::E_CHANNEL_FULL as u32;
    }
    true
}
