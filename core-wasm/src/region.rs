//! The memory of a room: one region that is its whole state, and scratch behind it that means
//! nothing between two calls.
//!
//! The macro `layout!` turns a list of arrays into a struct of slices carved from one `&mut [u8]`,
//! and into a table of name, offset, bytes and element size. Elements are Pod: fixed-size integers
//! without padding. Arrays start at multiples of 8. Saving a room is copying the region; restoring
//! is copying it back. No pointer, no usize, no allocation.

use bytemuck::{Pod, Zeroable};

use crate::config::{Sizes, WireField, WireKind};
use crate::gen::{
    ClientEvent, InputCommand, PacketOut, RoomStats, WallBox, EVENTS_MAX, INPUT_WINDOW_TICKS,
    PACKET_BYTES_MAX, RECEIVE_WINDOW_TO_SERVER, SEND_POOL_BYTES, SPAWNABLE_MAX, TIMERS_MAX,
};
use crate::history::OwnFast;
use crate::movers::Moved;
use crate::netchan::pool::{Chunk, PoolHead, CHUNK_BYTES};
use crate::netchan::{Channel, FragmentSlot};
use crate::walls::WallGrid;

/// One array of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its field in the struct.
    pub name: &'static str,
    /// Bytes from the start.
    pub offset: usize,
    /// Its length in bytes.
    pub bytes: usize,
    /// Bytes of one element.
    pub element: usize,
}

/// Rounds up to a multiple of 8.
pub const fn align(bytes: usize) -> usize {
    (bytes + 7) & !7
}

/// Cuts `count` elements off the front of `bytes`; the rest starts at a multiple of 8 again.
pub fn take<T: Pod>(bytes: &mut [u8], count: usize) -> Option<(&mut [T], &mut [u8])> {
    let length = count.checked_mul(size_of::<T>())?;
    let (own, rest) = bytes.split_at_mut_checked(align(length))?;
    let own = own.get_mut(..length)?;
    Some((bytemuck::try_cast_slice_mut(own).ok()?, rest))
}

/// Declares a struct of slices over one block of bytes. `count` expressions may use the name given
/// for the sizes.
#[macro_export]
macro_rules! layout {
    ($(#[$meta:meta])* pub struct $name:ident($sizes:ident: &$type:ty) {
        $( $(#[$field_meta:meta])* $field:ident: $element:ty = $count:expr, )*
    }) => {
        $(#[$meta])*
        pub struct $name<'a> {
            $( $(#[$field_meta])* pub $field: &'a mut [$element], )*
        }

        impl<'a> $name<'a> {
            /// Bytes of the whole layout.
            pub fn bytes($sizes: &$type) -> usize {
                0usize $( + $crate::region::align(($count) as usize * size_of::<$element>()) )*
            }

            /// Cuts the arrays out of `bytes`, which must start at a multiple of 8. None if they
            /// are too few.
            pub fn carve(bytes: &'a mut [u8], $sizes: &$type) -> Option<Self> {
                $(
                    let count = ($count) as usize;
                    let ($field, bytes) = $crate::region::take::<$element>(bytes, count)?;
                )*
                let _ = bytes;
                Some(Self { $( $field, )* })
            }

            /// Tells each array in order.
            pub fn rows($sizes: &$type, mut tell: impl FnMut($crate::region::Row)) {
                let mut offset = 0usize;
                $(
                    let (name, element) = (stringify!($field), size_of::<$element>());
                    let bytes = ($count) as usize * element;
                    tell($crate::region::Row { name, offset, bytes, element });
                    offset += $crate::region::align(bytes);
                )*
                let _ = offset;
            }
        }
    };
}

/// No tick: a client without reference, an entity without baseline.
pub const TICK_NONE: u32 = u32::MAX;
/// First word of a region: 'FRR1'.
pub const REGION_MAGIC: u32 = 0x3152_5246;

/// Scalars of a room.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct RoomHead {
    /// [`REGION_MAGIC`] once laid out.
    pub magic: u32,
    /// The tick that ran last (firstTick after init).
    pub tick: u32,
    /// Lengths of all arrays.
    pub sizes: Sizes,
    /// 1 once onCreate's commands were applied: walls are fixed.
    pub created: u32,
    /// 1 between `begin` and `end`.
    pub open: u32,
    /// Overload level of the worker.
    pub overload: u32,
    /// Time dilation, 1000 = real time.
    pub dilation_permille: u32,
    /// Free indices (bits of `free`).
    pub free_count: u32,
    /// Taken player slots.
    pub players: u32,
    /// Used entities.
    pub entities: u32,
    /// Removed indices waiting until clients have let go of them.
    pub resting: u32,
    /// Events ever made; event e stands at e % EVENTS_MAX.
    pub events_next: u32,
    /// Timers waiting.
    pub timers: u32,
    /// Proposed hits of this tick.
    pub hits: u32,
    /// Deaths of the last `end`, told in the next `begin`.
    pub deaths: u32,
    /// Bit k: room field k changed and has not been put into a message yet.
    pub room_fields_dirty: [u32; 2],
    /// Bit k: text k of the room changed (rows of ConfigText with kind 0, in order).
    pub room_texts_dirty: u32,
    /// Simulation's generator (xoshiro128), unused bits of a state are never zero all.
    pub random: [u32; 4],
    /// Free for the stages of the wire: 0 at start.
    pub wire: [u32; 4],
    /// 0.
    pub reserved: u32,
}

/// One player slot as seen by the session side and the snapshot stages.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Client {
    /// generation of the slot << 16 | slot; 0: the slot is free.
    pub player_id: u32,
    /// The player's entity.
    pub handle: u32,
    /// Session id, 0 for a bot.
    pub session: u32,
    /// CLIENT_BOT, CLIENT_VERIFY, CLIENT_LEAVING and so on.
    pub flags: u32,
    /// Times the slot was taken, low 16 bits.
    pub generation: u32,
    /// Newest snapshot this client acknowledged (R), or TICK_NONE.
    pub reference_tick: u32,
    /// Tick at which R last changed (or of the join): silence is counted from here.
    pub ack_tick: u32,
    /// Newest command that was applied (its own tick), or TICK_NONE.
    pub applied_tick: u32,
    /// Newest command tick accepted into the ring, or TICK_NONE.
    pub newest_input: u32,
    /// Ticks in a row without a command.
    pub missing: u32,
    /// Arrival margin, 1/256 tick, smoothed: > 0 commands come early. Set by ingest from
    /// Packet.arrivalUs.
    pub margin256: i32,
    /// Commands that came too late, wraps.
    pub inputs_late: u32,
    /// Code of CLIENT_LEAVING.
    pub leave_code: u32,
    /// Tick of the join.
    pub joined_tick: u32,
    /// Free for the stages of the wire: 0 at a join.
    pub wire: [u32; 6],
    /// Bit k: hooks were told that the player is in area k of the schema.
    pub areas: u32,
}

/// The player is a bot: its input comes as BotInput, no packets go out.
pub const CLIENT_BOT: u32 = 1;
/// The client wants a state hash in each snapshot.
pub const CLIENT_VERIFY: u32 = 2;
/// The player leaves when this tick ends.
pub const CLIENT_LEAVING: u32 = 4;
/// Together with CLIENT_RENEWING: the client has kept what it had, and the upper 16 bits say how many messages it has read.
pub const CLIENT_KNOWS: u32 = 128;
/// Together with CLIENT_KNOWS: it has heard of the owner before this one.
pub const CLIENT_RECENT: u32 = 256;
/// The client has not been given the whole roster, room fields, texts and walls yet (the wire
/// clears it).
pub const CLIENT_FRESH: u32 = 8;
/// Nothing is heard of the client (record Drop). BotInput may move its player.
pub const CLIENT_AWAY: u32 = 16;
/// The client has lost its state: its channel begins anew once all that it had sent is handed out.
pub const CLIENT_RENEWING: u32 = 32;
/// Rows of the roster, room fields or texts of the room changed while the client was away: it is
/// told the whole again.
pub const CLIENT_MISSED: u32 = 64;

/// One sent snapshot that may still be acknowledged; stands at [`flight_at`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Flight {
    /// Its tick, or TICK_NONE for an empty place.
    pub tick: u32,
    /// Sequence of the packet that carried it.
    pub sequence: u16,
    /// Bytes of that packet; with [`FLIGHT_ACKED`] in it, it was acknowledged.
    pub state: u16,
}

/// Bit of [`Flight::state`], above the bytes of any packet.
pub const FLIGHT_ACKED: u16 = 0x8000;

impl Flight {
    /// True if its packet was acknowledged.
    #[inline]
    pub fn acked(&self) -> bool {
        self.state & FLIGHT_ACKED != 0
    }
}

/// Place of the snapshot of a slot and tick in the rings `flights`, `flight_sets`, `flight_updates`
/// and `own_fast`. A ring holds at least one second: an older reference counts as none (the server
/// names it in each snapshot, so it alone decides); baselines of entities live as long as the
/// history.
#[inline]
pub fn flight_at(sizes: &Sizes, slot: usize, tick: u32) -> usize {
    slot * sizes.flights as usize + (tick & (sizes.flights - 1)) as usize
}

/// An index that was removed; clients may still hold it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Resting {
    /// Tick of the removal: no set of a snapshot of this tick or later holds it.
    pub tick: u32,
    /// The index.
    pub index: u32,
}

/// A hit that `resolve` proposes and `command` commits.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Hit {
    /// Handle of the shooter.
    pub attacker: u32,
    /// Handle of who is hit.
    pub target: u32,
    /// Points before scaling.
    pub amount: i32,
    /// 1000 = unchanged, 0 = cancelled.
    pub permille: u32,
    /// Where.
    pub x: i32,
    /// Where.
    pub y: i32,
    /// Where.
    pub z: i32,
    /// Velocity added to the target.
    pub push_x: i32,
    /// Velocity added to the target.
    pub push_y: i32,
    /// Velocity added to the target.
    pub push_z: i32,
    /// Index of the weapon.
    pub weapon: u32,
    /// Command tick of the shot.
    pub command: u32,
    /// ZONES.
    pub zone: u32,
}

/// Who hurt a player, and when last.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Hurt {
    /// Handle, 0 for an empty place.
    pub attacker: u32,
    /// Tick.
    pub tick: u32,
}

/// Attackers remembered of each player: the one who kills, and those that a death names beside.
pub const HURTS: u32 = 4;

/// A death of the tick before.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Death {
    /// Handle.
    pub victim: u32,
    /// Handle or 0.
    pub attacker: u32,
}

/// A waiting timer.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Timer {
    /// Unique among waiting timers.
    pub id: u32,
    /// Tick at which it fires.
    pub due: u32,
    /// Index of its declaration.
    pub timer: u32,
    /// Arguments.
    pub args: [i32; 4],
}

layout! {
    /// The whole state of a room.
    pub struct Region(s: &Sizes) {
        /// Scalars.
        head: RoomHead = 1,
        /// Counters.
        stats: RoomStats = 1,
        /// State hash: low, high.
        hash: u32 = 2,
        /// The configuration's bytes.
        config: u8 = s.config_bytes,
        /// Visible fields per kind.
        wire_kinds: WireKind = s.kinds,
        /// Visible fields.
        wire_fields: WireField = s.fields,
        /// The entity matrix.
        columns: i32 = s.columns * s.entities,
        /// Handle per slot, 0 none.
        players: u32 = s.players,
        /// Slots.
        clients: Client = s.players,
        /// Author's fields of the room.
        room_fields: i32 = s.room_fields,
        /// The plugin's generator.
        plugin_random: u32 = 4,
        /// Handles offered to the plugin: count, then handles.
        spawnable: u32 = 1 + SPAWNABLE_MAX,
        /// Waiting timers, `head.timers` of them, sorted by due tick, then id.
        timers: Timer = TIMERS_MAX,
        /// Walls: count, 0.
        walls_count: u32 = 2,
        /// Walls (directly behind their count).
        walls: WallBox = s.walls,
        /// Static grid over the walls.
        wall_grid: WallGrid = 1,
        /// First item of each cell, and one past the last.
        wall_starts: u16 = s.wall_cells + 1,
        /// Wall numbers by cell.
        wall_items: u16 = s.wall_items,
        /// Walls that hide who is behind them: those of the room, in as few boxes. See `sight.rs`.
        blinds: WallBox = s.blinds,
        /// Static grid over them.
        blind_grid: WallGrid = 1,
        /// First item of each cell, and one past the last.
        blind_starts: u16 = s.blinds.min(1) * s.wall_cells + 1,
        /// Their numbers by cell.
        blind_items: u16 = s.blinds.min(1) * s.wall_items,
        /// Moving boxes as they are in this tick.
        movers: Moved = s.movers,
        /// Bit set of free indices; the lowest is taken first.
        free: u32 = s.set_words,
        /// Removed indices, oldest first, `head.resting` of them.
        resting: Resting = s.entities,
        /// Proposed hits.
        hits: Hit = s.hits,
        /// Deaths of the last `end`.
        deaths: Death = s.entities,
        /// Who hurt each player lately: slot * HURTS.
        hurts: Hurt = s.players * HURTS,
        /// Ring of events, see `RoomHead::events_next`.
        events: ClientEvent = EVENTS_MAX,
        /// Roster rows, `roster_row_bytes` each.
        roster: u8 = s.players * s.roster_row_bytes,
        /// Per slot: 1 the row changed and has not been put into a message yet (the wire clears
        /// it).
        roster_dirty: u8 = s.players,
        /// Text bytes per entity.
        texts: u8 = s.entities * s.text_bytes,
        /// Bit set of entities: a text changed in this tick (cleared in the next `begin`).
        texts_changed: u32 = s.set_words,
        /// Text bytes of the room.
        room_texts: u8 = s.room_text_bytes,
        /// Ring of commands per slot: command of tick t at slot * INPUT_WINDOW_TICKS + t %
        /// INPUT_WINDOW_TICKS.
        inputs: InputCommand = s.players * INPUT_WINDOW_TICKS,
        /// Command applied last, per slot.
        applied: InputCommand = s.players,
        /// Epoch of the packets of each slot, both ways: the room's, until the client begins anew.
        epochs: u32 = s.players,
        /// Packet layer, per slot.
        channels: Channel = s.players,
        /// Fragments received: slot * RECEIVE_WINDOW_TO_SERVER.
        fragments: FragmentSlot = s.players * RECEIVE_WINDOW_TO_SERVER,
        /// Reliable messages waiting in the room.
        pool_head: PoolHead = 1,
        /// Its chunks.
        pool_chunks: Chunk = SEND_POOL_BYTES as usize / CHUNK_BYTES,
        /// Their bytes.
        pool_bytes: u8 = SEND_POOL_BYTES,
        /// Wire words of all entities: row of tick t and entity e at ((t % history) * entities + e)
        /// * row_halves.
        history: u16 = s.history * s.entities * s.row_halves,
        /// Per entity: the newest tick at which anything but the place in its row was another than the
        /// tick before. Rows since then differ in the place alone.
        steady_since: u32 = s.entities,
        /// Exact own state, kept as long as a reference may be: see [`flight_at`].
        own_fast: OwnFast = s.players * s.flights,
        /// Slow own values as recorded last: slot * own_values + k.
        own_values: i32 = s.players * s.own_values,
        /// Tick at which each of them changed last.
        own_changed: u32 = s.players * s.own_values,
        /// Tick at which each index was taken last: what clients acknowledged before belongs to the
        /// entity before.
        born: u32 = s.entities,
        /// Newest tick of an entity that a client acknowledged, or TICK_NONE: slot * entities +
        /// index. Older than `born` counts as none.
        base_tick: u32 = s.players * s.entities,
        /// Snapshots in flight: see [`flight_at`].
        flights: Flight = s.players * s.flights,
        /// Bytes that the path of each client takes.
        budgets: crate::budget::Budget = s.players,
        /// Entities alive for the client at that snapshot: `flight_at` * set_words.
        flight_sets: u32 = s.players * s.flights * s.set_words,
        /// Entities whose state that snapshot carried: `flight_at` * set_words.
        flight_updates: u32 = s.players * s.flights * s.set_words,
        /// Priority accumulators: slot * entities + index.
        priority: u16 = s.players * s.entities,
        /// Bit set of entities whose texts the client was told: slot * set_words.
        texts_told: u32 = s.players * s.set_words,
        /// Bit sets of visible entities: slot * set_words. Made by `select`, which starts from those of the tick before.
        visible: u32 = s.players * s.set_words,
    }
}

layout! {
    /// Buffers and scratch. Nothing in here means anything between two calls, but for what the host
    /// reads or writes.
    pub struct Scratch(s: &Sizes) {
        /// Records before `begin`, commands before `end`.
        input: u8 = s.input_bytes,
        /// The stage that ran last by itself, and of its room what the next one goes on with: see `room::stage`. Nothing in it lasts
        /// beyond a half of a tick.
        between: u32 = 3,
        /// Table of packets.
        packets: PacketOut = s.players,
        /// Hook events after `begin`; packets after `end`, PACKET_BYTES_MAX per player.
        output: u8 = s.output_bytes,
        /// Grid of this moment: first item of each cell, and one past the last.
        cell_starts: u16 = s.cells_x * s.cells_y + 1,
        /// Entity indices by cell.
        cell_items: u16 = s.entities,
        /// Cell of each entity.
        cell_of: u16 = s.entities,
        /// x and y of each of `cell_items`. Made by `select`.
        cell_places: [i32; 2] = s.entities,
        /// Bit sets of the visible entities whose state is due in this tick: slot * set_words. Made by `select` where
        /// there are rate tiers.
        due: u32 = s.players * s.set_words,
        /// The blind that was last in the way, or anything: slot * entities + index. Kept by `select` from tick to tick; nothing
        /// depends on it.
        hints: u16 = s.blinds.min(1) * s.players * s.entities,
        /// Differences of this tick, for splicing. Made by `encode`.
        delta_keys: crate::snapshot::Key = crate::snapshot::keys_of(s.entities),
        /// The long ones. Made by `encode`.
        delta_longs: crate::snapshot::Long = 2 * s.entities,
        /// What a client sees by urgency, where bytes are short. Made by `encode`.
        keys: u32 = s.entities,
    }
}

const _: () = assert!(PACKET_BYTES_MAX.is_multiple_of(4));
