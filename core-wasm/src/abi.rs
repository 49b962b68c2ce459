//! The exports of the WASM build, and the only `unsafe` of the crate: turning linear memory into
//! slices.
//!
//! One instance is one room or one client. Its memory is imported, sized before, never grown: stack
//! and static data come first (`--stack-first` or not does not matter), from `__heap_base` on lie
//! region and buffers. The buffer for the configuration is the start of that same memory: `*_init`
//! moves it to its place. Negative answers are error codes.
//!
//! No call keeps a reference beyond its return, and the host never calls into an instance from two
//! threads: so at any time there is one `&mut` to this memory.
#![allow(unsafe_code)]

use crate::config::{Config, Sizes};
use crate::gen::{address, error, WallBox, MAP_BOXES_MAX, STEP_BYTES_MAX, TABLE_HASH};
use crate::history;
use crate::region::Region;
use crate::room::{self, Room};

#[path = "abi_client.rs"]
mod client;

pub mod step {
    //! The way to a game's own step: two imported functions, of the instance that its host has made of the module in the configuration. A
    //! host without one links functions that are never called.

    use crate::gen::{step_word as word, ConfigHead};
    use crate::step::Words;

    #[link(wasm_import_module = "step")]
    extern "C" {
        #[rustfmt::skip]
        fn step(
            tick: i32,
            tick_rate_hz: i32,
            buttons: i32,
            move_x: i32,
            move_y: i32,
            aim: i32,
            pitch: i32,
            aux0: i32,
            aux1: i32,
            aux2: i32,
            aux3: i32,
            flags: i32,
            x: i32,
            y: i32,
            z: i32,
            radius: i32,
            height: i32,
            top_speed: i32,
            acceleration: i32,
            friction: i32,
            vx: i32,
            vy: i32,
            vz: i32,
            number_a: i32,
            number_b: i32,
            timer_a: i32,
            timer_b: i32,
        ) -> i32;
        fn read(pair: i32) -> i64;
    }

    /// Bytes of the game's own step. A function of its own, and exported, so that `tools/optimise-wasm.mjs` can make it answer 0 for pages that
    /// have none: all that follows from it is gone from their module then.
    #[no_mangle]
    #[inline(never)]
    pub extern "C" fn step_bytes(head: &ConfigHead) -> u32 {
        head.step_bytes
    }

    /// Calls the step; the words from `vx` on are its answer where that is 0.
    pub fn call(w: &mut Words) -> i32 {
        // SAFETY: both take and answer plain numbers, and see none of this memory.
        unsafe {
            #[rustfmt::skip]
            let fault = step(
                w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11], w[12], w[13],
                w[14], w[15], w[16], w[17], w[18], w[19], w[20], w[21], w[22], w[26], w[27], w[28], w[29],
            );
            if fault == 0 {
                for (pair, two) in w[word::VX..].chunks_exact_mut(2).enumerate() {
                    let both = read(pair as i32);
                    (two[0], two[1]) = (both as i32, (both >> 32) as i32);
                }
            }
            fault
        }
    }
}

/// Bytes of the buffer for a configuration: 32 KiB of rows, the walls of the largest schema and the largest step of a game's own.
pub const CONFIG_BYTES: usize =
    32_768 + MAP_BOXES_MAX as usize * WallBox::BYTES + STEP_BYTES_MAX as usize;
const PAGE: usize = 65_536;

extern "C" {
    static __heap_base: u8;
}

/// A broken invariant ends this instance: its host sees a trap.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

fn base() -> usize {
    // Only its address is used: the linker defines it as the first byte after stack and static
    // data.
    ((&raw const __heap_base) as usize + 15) & !15
}

/// All memory from the base on.
fn memory() -> &'static mut [u8] {
    let end = core::arch::wasm32::memory_size(0) * PAGE;
    // SAFETY: base..end lies inside the imported memory, which never shrinks; nothing else (no
    // allocator runs, stack and static data end before __heap_base) refers to it; exports are not
    // re-entered, and each calls this once.
    unsafe { core::slice::from_raw_parts_mut(base() as *mut u8, end.saturating_sub(base())) }
}

/// The configuration as the host wrote it. `E_CORE` for one with a step of the game's own in a module that was built without.
pub(crate) fn config_in(memory: &[u8], bytes: u32) -> Result<Config<'_>, i32> {
    let bytes = memory.get(..(bytes as usize).min(CONFIG_BYTES)).ok_or(error::E_CONFIG)?;
    let config = Config::parse(bytes)?;
    if config.head.step_bytes != 0 && step::step_bytes(config.head) == 0 {
        return Err(error::E_CORE);
    }
    Ok(config)
}

fn with_room(run: impl FnOnce(&mut Room) -> Result<u32, i32>) -> i32 {
    let memory = memory();
    let Some(sizes) = room::sizes_of(memory) else { return -error::E_CORE };
    let bytes = Region::bytes(&sizes);
    if memory.len() < room::memory_bytes(&sizes) {
        return -error::E_CORE;
    }
    let (region, scratch) = memory.split_at_mut(bytes);
    let Some(mut room) = room::open(region, scratch) else { return -error::E_CORE };
    answer(run(&mut room))
}

pub(crate) fn answer(result: Result<u32, i32>) -> i32 {
    match result {
        Ok(value) => value as i32,
        Err(code) => -code,
    }
}

/// Hash of the tables this core was built with.
#[no_mangle]
pub extern "C" fn abi_version() -> u32 {
    TABLE_HASH
}

/// Where to write the configuration before `*_memory_bytes` and `*_init`; the memory must hold
/// it there; at most [`CONFIG_BYTES`].
#[no_mangle]
pub extern "C" fn config_address() -> u32 {
    base() as u32
}

/// Linear memory that a room of the configuration needs, in bytes.
#[no_mangle]
pub extern "C" fn room_memory_bytes(config_bytes: u32) -> i32 {
    let found = config_in(memory(), config_bytes);
    answer(
        found.map(|config| (base() + room::memory_bytes(&Sizes::of(&config, config_bytes))) as u32),
    )
}

/// Lays out a room. Its first call is then `room_end` with the commands of onCreate.
#[no_mangle]
pub extern "C" fn room_init(config_bytes: u32) -> i32 {
    if config_bytes as usize > CONFIG_BYTES {
        return -error::E_CONFIG;
    }
    answer(room::init(memory(), 0, config_bytes as usize).map(|()| 0))
}

/// A place in memory, see ADDRESSES; 0 for what a room does not have.
#[no_mangle]
pub extern "C" fn room_address(which: u32) -> u32 {
    let at = |pointer: *const u8| Ok(pointer as usize as u32);
    let found = with_room(|room| {
        let (r, s) = (&room.r, &room.s);
        match which {
            address::REGION | address::CONFIG => Ok(base() as u32),
            address::REGION_BYTES => Ok(Region::bytes(&r.head[0].sizes) as u32),
            address::INPUT => at(s.input.as_ptr()),
            address::INPUT_BYTES => Ok(s.input.len() as u32),
            address::EVENTS => at(s.output.as_ptr()),
            address::PACKETS => at(s.packets.as_ptr().cast()),
            address::COLUMNS => at(r.columns.as_ptr().cast()),
            address::ROOM_FIELDS => at(r.room_fields.as_ptr().cast()),
            address::SPAWNABLE => at(r.spawnable.as_ptr().cast()),
            address::RANDOM => at(r.plugin_random.as_ptr().cast()),
            address::STATS => at(r.stats.as_ptr().cast()),
            address::ROSTER => at(r.roster.as_ptr()),
            address::TEXTS => at(r.texts.as_ptr()),
            address::ROOM_TEXTS => at(r.room_texts.as_ptr()),
            address::HASH => at(r.hash.as_ptr().cast()),
            address::PLAYERS => at(r.players.as_ptr().cast()),
            address::INPUTS => at(r.applied.as_ptr().cast()),
            address::VISIBLE => at(r.visible.as_ptr().cast()),
            address::WALLS => at(r.walls_count.as_ptr().cast()),
            address::TIMERS => at(r.timers.as_ptr().cast()),
            address::EPOCHS => at(r.epochs.as_ptr().cast()),
            address::HAPPENED => at(r.events.as_ptr().cast()),
            address::HAPPENED_NEXT => at((&raw const r.head[0].events_next).cast()),
            address::CONFIG_BYTES => Ok(CONFIG_BYTES as u32),
            address::ROSTER_ROW_BYTES => Ok(r.head[0].sizes.roster_row_bytes),
            _ => Ok(0),
        }
    });
    found.max(0) as u32
}

/// Array `index` of the region, in the order of [`Region::rows`]: its offset (`what` 0), its bytes (1) or those of one element (2); all ones
/// where there is none. For who compares two regions; its names stand in `bindings/region-names.ts`.
#[no_mangle]
pub extern "C" fn room_row(index: u32, what: u32) -> u32 {
    let mut found = u32::MAX;
    let Some(sizes) = room::sizes_of(memory()) else { return found };
    let mut at = 0;
    Region::rows(&sizes, |row| {
        if at == index {
            found = match what {
                0 => row.offset as u32,
                1 => row.bytes as u32,
                _ => row.element as u32,
            };
        }
        at += 1;
    });
    found
}

/// First half of a tick; bytes of hook events.
#[no_mangle]
pub extern "C" fn room_begin(input_bytes: u32) -> i32 {
    with_room(|room| room::begin(room, input_bytes as usize))
}

/// Second half of a tick; rows of the packet table, their offsets made addresses.
#[no_mangle]
pub extern "C" fn room_end(command_bytes: u32) -> i32 {
    with_room(|room| room::end(room, command_bytes as usize).map(|rows| addressed(room, rows)))
}

/// One of the eight stages of a tick, see [`room::stage`]; the last answers as [`room_end`].
#[no_mangle]
pub extern "C" fn room_stage(number: u32, bytes: u32) -> i32 {
    with_room(|room| {
        let answer = room::stage(room, number, bytes as usize)?;
        Ok(if number == 8 { addressed(room, answer) } else { answer })
    })
}

fn addressed(room: &mut Room, rows: u32) -> u32 {
    let output = room.s.output.as_ptr() as usize as u32;
    for row in room.s.packets.iter_mut().take(rows as usize) {
        row.offset += output;
    }
    rows
}

/// Another owner goes on with the room: see [`room::adopt`]. Answers the tick that it stands at then.
#[no_mangle]
pub extern "C" fn room_adopt(epoch: u32, least: u32) -> i32 {
    let memory = memory();
    let Some(sizes) = room::sizes_of(memory) else { return -error::E_CORE };
    let bytes = Region::bytes(&sizes);
    if memory.len() < room::memory_bytes(&sizes) {
        return -error::E_CORE;
    }
    let (region, scratch) = memory.split_at_mut(bytes);
    answer(room::adopt(region, scratch, epoch, least))
}

/// Messages of a slot's client that were handed out, modulo 65,536 and all epochs of its session counted.
#[no_mangle]
pub extern "C" fn room_messages_read(slot: u32) -> i32 {
    with_room(|room| {
        let channel = room.r.channels.get(slot as usize).ok_or(error::E_CORE)?;
        Ok(channel.messages_received & 0xffff)
    })
}

/// Messages of the room that a slot's client has acknowledged or read, modulo 65,536: the first that waits has the next number.
#[no_mangle]
pub extern "C" fn room_messages_done(slot: u32) -> i32 {
    with_room(|room| {
        let channel = room.r.channels.get(slot as usize).ok_or(error::E_CORE)?;
        Ok(channel.messages_done & 0xffff)
    })
}

/// Hash of the live world: low half returned, both at ADDRESSES.hash.
#[no_mangle]
pub extern "C" fn room_state_hash() -> u32 {
    with_room(|room| {
        let hash = history::state_hash(room);
        (room.r.hash[0], room.r.hash[1]) = (hash as u32, (hash >> 32) as u32);
        Ok(hash as u32)
    }) as u32
}

/// Hash of the whole region.
#[no_mangle]
pub extern "C" fn room_region_hash() -> u32 {
    let memory = memory();
    let bytes = room::sizes_of(memory).map_or(0, |sizes| Region::bytes(&sizes));
    history::region_hash(memory.get(..bytes).unwrap_or(&[]))
}
