//! A room and its tick: the list of stages. Two calls per tick; between them the plugin's hooks run
//! outside.

use crate::collide;
use crate::config::{plan_wire, Config, Sizes};
use crate::gen::{column, error, flag, kind, RoomStats};
use crate::movement;
use crate::netchan::pool::Pool;
use crate::region::{align, Flight, Region, RoomHead, Scratch, Timer, REGION_MAGIC, TICK_NONE};
use crate::rows::Shape;
use crate::walls::Walls;
use crate::walls_of;
use crate::world::World;
use crate::{
    combat, command, harm, history, indices, ingest, input, interest, physics, rng, roster,
    snapshot, timers,
};

/// A room: views over its memory, made anew for each call.
pub struct Room<'a> {
    /// The configuration.
    pub config: Config<'a>,
    /// State.
    pub r: Region<'a>,
    /// Buffers.
    pub s: Scratch<'a>,
    /// Bytes of hook events written in this call.
    pub hook_bytes: usize,
    /// Largest radius or half depth of what stands in the grid of this moment.
    pub reach: i32,
}

/// First half of a tick: everything up to the plugin. Returns the bytes of hook events in the
/// output buffer.
pub fn begin(room: &mut Room, input_bytes: usize) -> Result<u32, i32> {
    take_in(room, input_bytes)?;
    input::apply(room);
    physics::simulate(room);
    resolve(room);
    Ok(room.hook_bytes as u32)
}

/// Second half: the plugin's commands, then what clients are sent. Returns the rows of the packet
/// table.
pub fn end(room: &mut Room, command_bytes: usize) -> Result<u32, i32> {
    obey(room, command_bytes);
    history::record(room);
    interest::select(room);
    Ok(encode(room))
}

/// One stage of a tick, for a tick whose stages are timed from outside: 1 to 4, one after the other, in the place of [`begin`], and 5 to
/// 8 in the place of [`end`]. Answers bytes of hook events up to the fourth, and rows after the eighth. `E_CORE` for one that is not
/// next.
pub fn stage(room: &mut Room, number: u32, bytes: usize) -> Result<u32, i32> {
    let [before, hooked, reach] = [room.s.between[0], room.s.between[1], room.s.between[2]];
    if number != 1 && number != 5 && number != before + 1 {
        return Err(error::E_CORE);
    }
    if number != 1 && number != 5 {
        (room.hook_bytes, room.reach) = (hooked as usize, reach as i32);
    }
    let mut rows = 0;
    match number {
        1 => take_in(room, bytes)?,
        2 => input::apply(room),
        3 => physics::simulate(room),
        4 => resolve(room),
        5 => obey(room, bytes),
        6 => history::record(room),
        7 => interest::select(room),
        8 => rows = encode(room),
        _ => return Err(error::E_CORE),
    }
    room.s.between.copy_from_slice(&[number, room.hook_bytes as u32, room.reach as u32]);
    Ok(if number < 5 { room.hook_bytes as u32 } else { rows })
}

/// The next tick is open, with what came for it.
fn take_in(room: &mut Room, input_bytes: usize) -> Result<(), i32> {
    open_tick(room)?;
    harm::tell_deaths(room);
    ingest::records(room, input_bytes);
    Ok(())
}

fn resolve(room: &mut Room) {
    combat::resolve(room);
    timers::tell_timers(room);
    indices::offer_handles(room);
}

fn obey(room: &mut Room, command_bytes: usize) {
    command::apply(room, command_bytes);
    roster::refresh(room);
}

fn encode(room: &mut Room) -> u32 {
    let packets = snapshot::encode(room);
    close_tick(room);
    packets
}

/// Before the stages of [`begin`]: the next tick is open.
pub fn open_tick(room: &mut Room) -> Result<(), i32> {
    let head = &mut room.r.head[0];
    // The last ticks before the counter's end are never reached: 2^31 at 128 Hz are 194 days.
    if head.open != 0 || head.created == 0 || head.tick >= u32::MAX >> 1 {
        return Err(error::E_CORE);
    }
    head.tick += 1;
    head.open = 1;
    head.hits = 0;
    room.hook_bytes = 0;
    room.r.texts_changed.fill(0);
    let n = head.sizes.entities as usize;
    let (_, rest) = room.r.columns.split_at_mut((column::FLAGS * n).min(room.r.columns.len()));
    for flags in rest.iter_mut().take(n) {
        *flags &= !flag::TOUCHED;
    }
    indices::release_indices(room);
    crate::movers::set(room.config.movers, room.r.head[0].tick, room.r.movers);
    Ok(())
}

/// After the stages of [`end`]: the tick is over and its numbers stand in the stats.
pub fn close_tick(room: &mut Room) {
    let head = &mut room.r.head[0];
    head.created = 1;
    head.open = 0;
    let stats = &mut room.r.stats[0];
    stats.tick = head.tick;
    stats.players = head.players;
    stats.entities = head.entities;
    stats.epoch = room.config.head.epoch;
    stats.pool_bytes =
        Pool::new(&mut room.r.pool_head[0], room.r.pool_chunks, room.r.pool_bytes).bytes_used();
}

/// Another owner goes on with a room that lies in a region, as of the end of a tick, under an `epoch` of its own: what the one before
/// did and sent after that is not known. From now on the room stands at the first tick from `least` on that is a whole history
/// behind its own, so that nothing in its rings moves and nothing of what stands there is within reach; time has passed it by: timers
/// and lives that ended meanwhile end with the next tick. Its clients' packets are of other epochs than before, and each
/// begins anew with its Resume. Answers the tick. `E_CORE` between `begin` and `end`, and beyond the last tick.
pub fn adopt(region: &mut [u8], scratch: &mut [u8], epoch: u32, least: u32) -> Result<u32, i32> {
    let at = config_offset() + core::mem::offset_of!(crate::gen::ConfigHead, epoch);
    let place = region.get_mut(at..at + 4).ok_or(error::E_CORE)?;
    place.copy_from_slice(&epoch.to_le_bytes());
    let room = open(region, scratch).ok_or(error::E_CORE)?;
    let head = &mut room.r.head[0];
    // As in `open_tick`: the end of the counter is never reached.
    let history = u64::from(head.sizes.history);
    let missing = u64::from(least.saturating_sub(head.tick).max(1));
    let tick = u64::from(head.tick) + missing.next_multiple_of(history);
    if head.open != 0 || head.created == 0 || tick >= u64::from(u32::MAX >> 1) {
        return Err(error::E_CORE);
    }
    let tick = tick as u32;
    head.tick = tick;
    crate::movers::set(room.config.movers, tick, room.r.movers);
    room.r.stats[0].tick = tick;
    room.r.stats[0].epoch = epoch;
    room.r.epochs.fill(epoch);
    room.r.channels.iter_mut().for_each(|channel| channel.inherit());
    Ok(tick)
}

/// Bytes that a room of a checked configuration needs: region, then scratch.
pub fn memory_bytes(sizes: &Sizes) -> usize {
    Region::bytes(sizes) + Scratch::bytes(sizes)
}

/// Bytes of the fixed part at the start of a region, before the configuration.
pub fn config_offset() -> usize {
    align(size_of::<RoomHead>()) + align(size_of::<RoomStats>()) + 8
}

/// Lays out a new room over `memory` (8-aligned, its old content does not matter) from a
/// configuration that stands at `config_at` of it. The room is at `firstTick`, before onCreate's
/// commands: call [`end`] next.
pub fn init(memory: &mut [u8], config_at: usize, config_bytes: usize) -> Result<(), i32> {
    let bytes =
        memory.get(config_at..).and_then(|rest| rest.get(..config_bytes)).ok_or(error::E_CONFIG)?;
    let config = Config::parse(bytes)?;
    let sizes = Sizes::of(&config, config_bytes as u32);
    let whole = memory_bytes(&sizes);
    if memory.len() < whole {
        return Err(error::E_CORE);
    }
    let offset = config_offset();
    memory.copy_within(config_at..config_at + config_bytes, offset);
    memory[..offset].fill(0);
    memory[offset + config_bytes..whole].fill(0);
    let (region, scratch) = memory.split_at_mut(Region::bytes(&sizes));
    let head = RoomHead { magic: REGION_MAGIC, sizes, ..Default::default() };
    region[..size_of::<RoomHead>()].copy_from_slice(bytemuck::bytes_of(&head));
    let mut room = open(region, scratch).ok_or(error::E_CORE)?;
    prepare(&mut room).ok_or(error::E_CORE)
}

fn prepare(room: &mut Room) -> Option<()> {
    let config = room.config;
    let head = &mut room.r.head[0];
    head.tick = config.head.first_tick;
    head.dilation_permille = 1000;
    head.random = rng::seeded(config.head.seed_low, config.head.seed_high);
    room.r
        .plugin_random
        .copy_from_slice(&rng::seeded(config.head.plugin_seed_low, config.head.plugin_seed_high));
    plan_wire(&config, room.r.wire_kinds, room.r.wire_fields);
    for field in config.room_fields {
        room.r.room_fields[usize::from(field.column)] = field.initial;
    }
    room.r.walls[..config.boxes.len()].copy_from_slice(config.boxes);
    set_walls(room, config.boxes.len())?;
    crate::movers::set(config.movers, config.head.first_tick, room.r.movers);
    let head = &mut room.r.head[0];
    let entities = head.sizes.entities as usize;
    head.free_count = entities as u32;
    for i in 0..entities {
        room.r.free[i / 32] |= 1 << (i % 32);
    }
    room.r.flights.fill(Flight { tick: TICK_NONE, ..Default::default() });
    room.r.base_tick.fill(TICK_NONE);
    room.r.timers.fill(Timer::default());
    Pool::new(&mut room.r.pool_head[0], room.r.pool_chunks, room.r.pool_bytes).clear();
    indices::offer_handles(room);
    Some(())
}

/// The room that lies in a region, with scratch behind it. None if the region was never laid out or
/// is too short.
pub fn open<'a>(region: &'a mut [u8], scratch: &'a mut [u8]) -> Option<Room<'a>> {
    let sizes = sizes_of(region)?;
    let mut r = Region::carve(region, &sizes)?;
    let s = Scratch::carve(scratch, &sizes)?;
    let config: &'a mut [u8] = core::mem::take(&mut r.config);
    let config = Config::view(config)?;
    Some(Room { config, r, s, hook_bytes: 0, reach: 0 })
}

/// The lengths of a region that was laid out.
pub fn sizes_of(region: &[u8]) -> Option<Sizes> {
    let head: RoomHead = bytemuck::pod_read_unaligned(region.get(..size_of::<RoomHead>())?);
    (head.magic == REGION_MAGIC).then_some(head.sizes)
}

impl<'a> Room<'a> {
    /// The entity matrix.
    #[inline]
    pub fn world(&mut self) -> World<'_> {
        World::new(self.r.columns, self.r.head[0].sizes.entities as usize)
    }

    /// The walls.
    pub fn walls(&self) -> Walls<'_> {
        walls_of!(self.r)
    }

    /// The shape of history rows.
    pub fn shape(&self) -> Shape<'_> {
        Shape::new(&self.config, self.r.wire_kinds, self.r.wire_fields)
    }

    /// The slot of a player's entity.
    pub fn slot_of(&mut self, row: usize) -> Option<usize> {
        let world = self.world();
        let slot = world.get(column::SLOT, row);
        (world.get(column::KIND, row) == kind::PLAYER).then_some(slot as usize)
    }

    /// Marks a player as changed from outside in this tick.
    pub fn touch(&mut self, row: usize) {
        let mut world = self.world();
        if world.get(column::KIND, row) == kind::PLAYER {
            world.raise(row, flag::TOUCHED);
        }
    }
}

/// The first `count` walls are those of the room. None: there is no place for so many, which no configuration leads to.
pub fn set_walls(room: &mut Room, count: usize) -> Option<()> {
    let (r, head) = (&mut room.r, room.config.head);
    let all = r.walls.get(..count)?;
    r.wall_grid[0] = crate::walls::build(head, all, r.wall_starts, r.wall_items)?;
    r.walls_count[0] = count as u32;
    r.stats[0].walls_hash = crate::walls::hash(all);
    if r.blinds.is_empty() {
        return Some(());
    }
    let blinds = crate::sight::blinds(head, all, r.blinds);
    let all = &r.blinds[..blinds];
    r.blind_grid[0] = crate::walls::build(head, all, r.blind_starts, r.blind_items)?;
    Some(())
}

/// The walls of a region; borrows only their arrays.
#[macro_export]
macro_rules! walls_of {
    ($r:expr) => {
        $crate::walls::Walls {
            boxes: &$r.walls[..($r.walls_count[0] as usize).min($r.walls.len())],
            grid: $r.wall_grid[0],
            starts: &*$r.wall_starts,
            items: &*$r.wall_items,
            movers: &*$r.movers,
        }
    };
}

/// The walls of a region that hide who is behind them, if any do; borrows only their arrays.
#[macro_export]
macro_rules! sight_of {
    ($r:expr, $config:expr, $every:expr) => {
        $crate::sight::Sight::of(
            ($config.head, $config.movers),
            $crate::walls::Walls {
                boxes: &*$r.blinds,
                grid: $r.blind_grid[0],
                starts: &*$r.blind_starts,
                items: &*$r.blind_items,
                movers: &[],
            },
            ($r.head[0].tick, $every),
        )
    };
}

/// Adds an entity with the columns of its kind; the lowest free index. None if there is none.
pub fn add_entity(room: &mut Room, kind: i32) -> Option<usize> {
    let word = room.r.free.iter().position(|bits| *bits != 0)?;
    let index = word * 32 + room.r.free[word].trailing_zeros() as usize;
    add_entity_at(room, kind, index);
    Some(index)
}

/// The same with a given free index.
pub fn add_entity_at(room: &mut Room, number: i32, index: usize) {
    room.r.free[index / 32] &= !(1 << (index % 32));
    let head = &mut room.r.head[0];
    head.free_count -= 1;
    head.entities += 1;
    room.r.born[index] = head.tick;
    let config = room.config;
    let mut world = room.world();
    let generation = world.get(column::GENERATION, index);
    world.clear_row(index);
    world.set(column::GENERATION, index, next_generation(generation));
    world.set(column::KIND, index, number);
    world.set(column::SLOT, index, crate::gen::PLAYER_NONE as i32);
    world.set(column::FLAGS, index, flag::GROUNDED);
    if let Some(row) = config.kinds.get((number - 1) as usize) {
        let flags = row.flags as i32 & (flag::SOLID | flag::TOUCH) | flag::GROUNDED;
        for (column, value) in [
            (column::FLAGS, flags),
            (column::RADIUS, row.radius),
            (column::DEPTH, row.depth),
            (column::HEIGHT, row.height),
            (column::HEALTH, row.health),
            (column::TOP_SPEED, row.top_speed),
            (column::ACCELERATION, row.acceleration),
            (column::FRICTION, row.friction),
            (column::VIEW_RADIUS, row.view_radius),
        ] {
            world.set(column, index, value);
        }
    }
    for field in config.fields_of(number as u32) {
        world.set(usize::from(field.column), index, field.initial);
    }
    let bytes = room.r.head[0].sizes.text_bytes as usize;
    room.r.texts[index * bytes..][..bytes].fill(0);
}

/// Generations are 16 bits and never 0, so that a handle is never 0.
pub fn next_generation(generation: i32) -> i32 {
    if generation >= 0xffff {
        1
    } else {
        generation + 1
    }
}

/// Removes an entity: its index rests until no client can know it.
pub fn remove_entity(room: &mut Room, index: usize) {
    let sizes = room.r.head[0].sizes;
    let mut world = room.world();
    if world.get(column::KIND, index) == kind::FREE {
        return;
    }
    let generation = world.get(column::GENERATION, index);
    world.clear_row(index);
    world.set(column::GENERATION, index, generation);
    if sizes.text_bytes > 0 {
        for told in room.r.texts_told.chunks_exact_mut(sizes.set_words as usize) {
            told[index / 32] &= !(1 << (index % 32));
        }
    }
    let head = &mut room.r.head[0];
    head.entities -= 1;
    if let Some(place) = room.r.resting.get_mut(head.resting as usize) {
        *place = crate::region::Resting { tick: head.tick, index: index as u32 };
        head.resting += 1;
    }
}

/// Moves a body out of walls after something else than its own step moved it.
pub fn settle(room: &mut Room, row: usize) {
    let config = room.config;
    let mut body = movement::Body::read(&room.world(), row);
    let before = (body.x, body.y);
    let walls = walls_of!(room.r);
    if !collide::push_out(&mut body, config.head, &walls, config.head.step_height) {
        // What moved it may have moved it out of the world: walls let it overlap, the edge does not.
        (body.x, body.y) = before;
        collide::keep_inside(&mut body, config.head);
    }
    body.write(&mut room.world(), row);
}
