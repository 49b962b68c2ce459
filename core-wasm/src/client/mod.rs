//! The client half: what one client knows of a room, in one block of memory laid out at its start.
//!
//! `receive` takes a packet in, `sample` stores and predicts a command, `packet` builds the next one to send, `view`
//! fills the matrix that is drawn. The same movement, the same codes and the same packet layer as in the room.
//!
//! Absent on purpose: clocks (the host passes ticks), extrapolation (what is shown never runs past what was received),
//! prediction of anything but the own player and its own projectiles.

mod commit;
mod messages;
mod predict;
mod receive;
mod sets;
mod view;

pub use predict::{Pose, Shot};

use crate::bits::BitWriter;
use crate::codec::input;
use crate::config::{plan_wire, Config, Sizes, WireField, WireKind};
use crate::gen::{
    error, ClientEvent, ClientStats, InputCommand, WallBox, MESSAGE_BYTES_MAX_TO_CLIENT,
    MESSAGE_BYTES_MAX_TO_SERVER, PACKET_BYTES_MAX, RECEIVE_WINDOW_TO_CLIENT,
};
use crate::history::OwnFast;
use crate::layout;
use crate::movers::Moved;
use crate::netchan::pool::{Chunk, Pool, PoolHead, CHUNK_BYTES};
use crate::netchan::{write_header, Channel, FragmentSlot, Read, SendLimits, HEADER_BYTES};
use crate::region::{align, TICK_NONE};
use crate::walls::WallGrid;
use bytemuck::{Pod, Zeroable};

/// First word of a client's memory: 'FRL1'.
const CLIENT_MAGIC: u32 = 0x314c_5246;
/// Chunks of the send pool: 64 KiB.
const POOL_CHUNKS: u32 = 1024;
/// Own commands and predicted states kept, ticks. A power of two.
const LOCAL_RING: usize = 128;
/// Own shots predicted at a time.
const SHOTS: usize = 16;
/// Events waiting for the host.
const EVENTS: usize = 512;
/// Bytes of complete messages waiting for the host: two of the longest.
const INBOX_BYTES: usize = 2 * (MESSAGE_BYTES_MAX_TO_CLIENT as usize + 8);
/// Packets whose tick is remembered by sequence.
const ARRIVED: usize = 256;

/// Scalars of a client.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct ClientHead {
    magic: u32,
    /// Lengths of the arrays.
    pub sizes: Sizes,
    /// From the JoinReply.
    pub player_id: u32,
    /// Entity of the own player.
    pub handle: u32,
    epoch: u32,
    /// 1: snapshots carry the witness.
    pub verify: u32,
    /// Newest snapshot, or TICK_NONE.
    pub newest: u32,
    /// Newest own command, 0 none.
    pub local: u32,
    predicting: u32,
    assembly: u32,
    inbox_first: u32,
    inbox_end: u32,
    events_first: u32,
    events_count: u32,
    /// Display error of the own player when it was measured last, and the local time of that in 1/65536 tick.
    error: [i32; 3],
    error_teleport: u32,
    error_at_low: u32,
    error_at_high: u32,
    /// Local time of the last view.
    shown_low: u32,
    shown_high: u32,
    walls_total: u32,
    walls_got: u32,
    joined: u32,
    broken: u32,
}

/// Where the numbers of messages stand as a channel begins, modulo 65,536 (JoinReply).
#[derive(Clone, Copy, Debug, Default)]
pub struct Numbers {
    /// Messages of this client that the room has read.
    pub read: u16,
    /// Messages of the room that this client is not sent.
    pub before: u16,
}

/// A snapshot that is held.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Held {
    /// Its tick, or TICK_NONE.
    pub tick: u32,
}

/// Which tick came with which packet.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Arrived {
    tick: u32,
    sequence: u16,
    known: u16,
}

/// What the newest row of an entity took, for tools.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct RowCost {
    /// Tick of the snapshot that carried it.
    tick: u32,
    /// Bits of it there.
    bits: u32,
}

/// An entity that a snapshot lets in.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Enter {
    index: u32,
    generation: u32,
    owner: u32,
    command: u32,
}

layout! {
    /// All of a client's memory. Rings of snapshots have one place more than the history: the last is scratch.
    pub struct Memory(s: &Sizes) {
        /// Scalars.
        head: ClientHead = 1,
        /// Counters.
        stats: ClientStats = 1,
        /// The configuration's bytes.
        config: u8 = s.config_bytes,
        /// Visible fields per kind.
        wire_kinds: WireKind = s.kinds,
        /// Visible fields.
        wire_fields: WireField = s.fields,
        /// Packet layer.
        channel: Channel = 1,
        /// Send pool.
        pool_head: PoolHead = 1,
        /// Send pool.
        pool_chunks: Chunk = POOL_CHUNKS,
        /// Send pool.
        pool_bytes: u8 = POOL_CHUNKS as usize * CHUNK_BYTES,
        /// Fragments received out of order.
        fragments: FragmentSlot = RECEIVE_WINDOW_TO_CLIENT,
        /// The message that is coming in.
        assembly: u8 = MESSAGE_BYTES_MAX_TO_CLIENT,
        /// Complete messages: u32 length, bytes.
        inbox: u8 = INBOX_BYTES,
        /// Snapshots: tick & (history - 1).
        held: Held = s.history + 1,
        /// Entities alive in a snapshot.
        sets: u32 = (s.history + 1) * s.set_words,
        /// Entities whose row the snapshot carried.
        updates: u32 = (s.history + 1) * s.set_words,
        /// Rows, as in the room's history.
        rows: u16 = (s.history + 1) * s.entities * s.row_halves,
        /// Own exact state.
        own_fast: OwnFast = s.history + 1,
        /// Own slow values.
        own_slow: i32 = (s.history + 1) * s.own_values,
        /// Tick by packet sequence.
        arrived: Arrived = ARRIVED,
        /// Scratch: who enters.
        enters: Enter = s.entities,
        /// Scratch: age of the row that stands for a member.
        ages: u8 = s.entities,
        /// Scratch: bits of the rows of a snapshot.
        bits: u16 = s.entities,
        /// What the newest row of each took.
        costs: RowCost = s.entities,
        /// Handle by index, as entered last.
        handles: u32 = s.entities,
        /// Owner by index (projectiles).
        owners: u32 = s.entities,
        /// Command tick by index (own projectiles).
        commands: u32 = s.entities,
        /// Own commands.
        local_commands: InputCommand = LOCAL_RING,
        /// Own predicted states.
        poses: Pose = LOCAL_RING,
        /// Own predicted shots.
        shots: Shot = SHOTS,
        /// Events waiting.
        events: ClientEvent = EVENTS,
        /// Walls: count, 0.
        walls_count: u32 = 2,
        /// Walls.
        walls: WallBox = s.walls,
        /// Static grid.
        wall_grid: WallGrid = 1,
        /// First item of each cell.
        wall_starts: u16 = s.wall_cells + 1,
        /// Wall numbers by cell.
        wall_items: u16 = s.wall_items,
        /// Moving boxes as they are in the tick that is predicted.
        movers: Moved = s.movers,
        /// Roster rows.
        roster: u8 = s.players * s.roster_row_bytes,
        /// Room fields.
        room_fields: i32 = s.room_fields,
        /// Text bytes per entity.
        texts: u8 = s.entities * s.text_bytes,
        /// Handle whose texts stand there.
        text_handles: u32 = s.entities,
        /// Text bytes of the room.
        room_texts: u8 = s.room_text_bytes,
        /// What is drawn: the matrix.
        view: i32 = s.columns * s.entities,
        /// What is drawn: count, indices.
        view_list: u32 = 1 + s.entities,
        /// Packets in and out.
        packet: u8 = PACKET_BYTES_MAX,
        /// Messages in and out.
        message: u8 = MESSAGE_BYTES_MAX_TO_CLIENT,
        /// The event handed out last.
        event: ClientEvent = 1,
        /// The command to sample.
        command: InputCommand = 1,
        /// Handle of the own player.
        own: u32 = 2,
    }
}

/// A client: views over its memory, made anew for each call.
pub struct Client<'a> {
    /// The configuration.
    pub config: Config<'a>,
    /// Everything else.
    pub m: Memory<'a>,
}

/// Bytes that a client of a checked configuration needs.
pub fn memory_bytes(sizes: &Sizes) -> usize {
    Memory::bytes(sizes)
}

/// Lays out a client over `memory` (8-aligned) from a configuration that stands at `config_at` of it.
pub fn init(memory: &mut [u8], config_at: usize, config_bytes: usize) -> Result<(), i32> {
    let bytes =
        memory.get(config_at..).and_then(|rest| rest.get(..config_bytes)).ok_or(error::E_CONFIG)?;
    let config = Config::parse(bytes)?;
    let sizes = Sizes::of(&config, config_bytes as u32);
    let whole = memory_bytes(&sizes);
    if memory.len() < whole {
        return Err(error::E_CORE);
    }
    let offset = align(size_of::<ClientHead>()) + align(size_of::<ClientStats>());
    memory.copy_within(config_at..config_at + config_bytes, offset);
    memory[..offset].fill(0);
    memory[offset + config_bytes..whole].fill(0);
    let head = ClientHead { magic: CLIENT_MAGIC, sizes, ..Zeroable::zeroed() };
    memory[..size_of::<ClientHead>()].copy_from_slice(bytemuck::bytes_of(&head));
    let mut client = open(memory).ok_or(error::E_CORE)?;
    let config = client.config;
    plan_wire(&config, client.m.wire_kinds, client.m.wire_fields);
    client.m.held.fill(Held { tick: TICK_NONE });
    client.m.head[0].newest = TICK_NONE;
    client.m.head[0].predicting = 1;
    client.m.stats[0].dilation_permille = 1000;
    for field in config.room_fields {
        client.m.room_fields[usize::from(field.column)] = field.initial;
    }
    // Those of the schema need no message; the room's may follow.
    client.m.walls[..config.boxes.len()].copy_from_slice(config.boxes);
    client.set_walls(config.boxes.len()).ok_or(error::E_CORE)?;
    client.pool().clear();
    client.m.channel[0].open(0);
    Ok(())
}

/// The client that lies in `memory`. None if it was never laid out.
pub fn open(memory: &mut [u8]) -> Option<Client<'_>> {
    let head: ClientHead = bytemuck::pod_read_unaligned(memory.get(..size_of::<ClientHead>())?);
    if head.magic != CLIENT_MAGIC {
        return None;
    }
    let mut m = Memory::carve(memory, &head.sizes)?;
    let bytes: &mut [u8] = core::mem::take(&mut m.config);
    let config = Config::view(bytes)?;
    Some(Client { config, m })
}

impl Client<'_> {
    fn pool(&mut self) -> Pool<'_> {
        Pool::new(&mut self.m.pool_head[0], self.m.pool_chunks, self.m.pool_bytes)
    }

    /// Takes the place in the room that the JoinReply named. Messages have numbers behind those of the pages before (`Numbers`).
    pub fn join(
        &mut self,
        player_id: u32,
        (handle, epoch): (u32, u32),
        verify: bool,
        numbers: Numbers,
    ) -> Result<(), i32> {
        let head = &mut self.m.head[0];
        if head.joined != 0 || (handle & 0xffff) >= head.sizes.entities || handle == 0 {
            return Err(error::E_CORE);
        }
        head.joined = 1;
        (head.player_id, head.handle, head.epoch, head.verify) =
            (player_id, handle, epoch, u32::from(verify));
        self.m.own[0] = handle;
        self.number(numbers);
        Ok(())
    }

    fn number(&mut self, Numbers { read, before }: Numbers) {
        self.m.channel[0].number(read, before);
        self.m.stats[0].messages_received = self.m.channel[0].messages_received;
    }

    /// Goes on with the same player under another epoch: the room has lost its last moments, and nothing that both ends held of
    /// snapshots counts any more. Who is in sight leaves; whoever still is enters with the first snapshot. Messages that the room has
    /// not read go out again; answers how many it had acknowledged and has lost.
    pub fn rejoin(&mut self, handle: u32, epoch: u32, numbers: Numbers) -> Result<u32, i32> {
        let head = self.m.head[0];
        if head.joined == 0 || (handle & 0xffff) >= head.sizes.entities || handle == 0 {
            return Err(error::E_CORE);
        }
        self.tell_gone();
        let Memory { channel, pool_head, pool_chunks, pool_bytes, .. } = &mut self.m;
        let mut pool = Pool::new(&mut pool_head[0], pool_chunks, pool_bytes);
        let read = Read { count: numbers.read, recent: true };
        let lost = channel[0].restart(0, &mut pool, Some(read));
        let m = &mut self.m;
        m.fragments.fill(Zeroable::zeroed());
        m.held.fill(Held { tick: TICK_NONE });
        m.arrived.fill(Zeroable::zeroed());
        m.local_commands.fill(Zeroable::zeroed());
        m.poses.fill(Zeroable::zeroed());
        m.shots.fill(Zeroable::zeroed());
        m.sets.fill(0);
        m.updates.fill(0);
        m.costs.fill(Zeroable::zeroed());
        let head = &mut m.head[0];
        (head.handle, head.epoch) = (handle, epoch);
        (head.newest, head.local, head.assembly) = (TICK_NONE, 0, 0);
        (head.error, head.error_teleport) = ([0; 3], 0);
        m.own[0] = handle;
        m.view_list[0] = 0;
        self.number(numbers);
        Ok(lost)
    }

    /// Queues the first `bytes` of the message buffer for the server.
    pub fn send(&mut self, bytes: usize) -> Result<(), i32> {
        if bytes == 0 || bytes > MESSAGE_BYTES_MAX_TO_SERVER as usize {
            return Err(error::E_MESSAGE_TOO_LONG);
        }
        let Memory { channel, pool_head, pool_chunks, pool_bytes, message, stats, .. } =
            &mut self.m;
        let mut pool = Pool::new(&mut pool_head[0], pool_chunks, pool_bytes);
        let id = pool.store(&message[..bytes], 0).ok_or(error::E_CHANNEL_FULL)?;
        let queued = channel[0].enqueue(&mut pool, id);
        pool.settle(id);
        stats[0].messages_sent = channel[0].messages_sent;
        stats[0].send_queue = channel[0].messages_waiting();
        if queued {
            Ok(())
        } else {
            Err(error::E_CHANNEL_FULL)
        }
    }

    /// Builds the next outgoing packet in the packet buffer: fragments that are due, then every own command that the
    /// newest snapshot has not applied, 16 at most. `local_tick` is the time for resending.
    pub fn packet(&mut self, local_tick: u32) -> Result<usize, i32> {
        let head = self.m.head[0];
        if head.joined == 0 {
            return Err(error::E_CORE);
        }
        let count = self.commands_waiting();
        let Memory {
            channel,
            pool_head,
            pool_chunks,
            pool_bytes,
            packet,
            local_commands,
            stats,
            ..
        } = &mut self.m;
        let pool = Pool::new(&mut pool_head[0], pool_chunks, pool_bytes);
        let header = channel[0].next_packet(local_tick);
        let mut out = BitWriter::new(&mut packet[HEADER_BYTES..]);
        let most = out.bits_left() - input::bits_max(self.config.head, count);
        channel[0].write_reliable(&pool, &mut out, most, SendLimits::TO_SERVER);
        input::write(&mut out, self.config.head, count, |i| {
            local_commands[(head.local as usize - i) % LOCAL_RING]
        });
        let Some(length) = out.finish() else {
            channel[0].cancel_packet();
            return Err(error::E_CORE);
        };
        let bytes = HEADER_BYTES + length;
        write_header(&mut packet[..bytes], header, head.epoch);
        stats[0].send_queue = channel[0].messages_waiting();
        Ok(bytes)
    }

    /// Own commands, counted from the newest back, that the newest snapshot has not seen.
    fn commands_waiting(&self) -> usize {
        let head = &self.m.head[0];
        let done = if head.newest == TICK_NONE { 0 } else { head.newest };
        (0..input::COMMANDS as u32)
            .take_while(|i| {
                let Some(tick) = head.local.checked_sub(*i) else { return false };
                tick > done
                    && self.m.local_commands[tick as usize % LOCAL_RING].tick == tick
                    && tick != 0
            })
            .count()
    }

    /// Moves the next event into the event place. False: none.
    pub fn next_event(&mut self) -> bool {
        let head = &mut self.m.head[0];
        if head.events_count == 0 {
            return false;
        }
        self.m.event[0] = self.m.events[head.events_first as usize % EVENTS];
        head.events_first = (head.events_first + 1) % EVENTS as u32;
        head.events_count -= 1;
        true
    }

    fn push_event(&mut self, event: ClientEvent) {
        let head = &mut self.m.head[0];
        if head.events_count as usize == EVENTS {
            // The host did not ask for a long time: the oldest goes.
            head.events_first = (head.events_first + 1) % EVENTS as u32;
            head.events_count -= 1;
        }
        let at = (head.events_first + head.events_count) as usize % EVENTS;
        self.m.events[at] = event;
        self.m.head[0].events_count += 1;
    }
}
