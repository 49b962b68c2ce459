//! The exports of the client half. Memory, buffers and answers as in `abi.rs`; what they do stands in `client/`.

use super::{answer, base, config_in, memory, CONFIG_BYTES};
use crate::client::{self, Client, Numbers};
use crate::config::Sizes;
use crate::gen::address;

fn with_client(run: impl FnOnce(&mut Client) -> Result<u32, i32>) -> i32 {
    let Some(mut client) = client::open(memory()) else { return -crate::gen::error::E_CORE };
    answer(run(&mut client))
}

/// Linear memory that a client of the configuration needs, in bytes.
#[no_mangle]
pub extern "C" fn client_memory_bytes(config_bytes: u32) -> i32 {
    let found = config_in(memory(), config_bytes);
    answer(
        found.map(|config| {
            (base() + client::memory_bytes(&Sizes::of(&config, config_bytes))) as u32
        }),
    )
}

/// Lays out a client. `client_join` comes next.
#[no_mangle]
pub extern "C" fn client_init(config_bytes: u32) -> i32 {
    if config_bytes as usize > CONFIG_BYTES {
        return -crate::gen::error::E_CONFIG;
    }
    answer(client::init(memory(), 0, config_bytes as usize).map(|()| 0))
}

/// A place in memory, see ADDRESSES; 0 for what a client does not have.
#[no_mangle]
pub extern "C" fn client_address(which: u32) -> u32 {
    let at = |pointer: *const u8| Ok(pointer as usize as u32);
    let found = with_client(|client| {
        let m = &client.m;
        match which {
            address::CONFIG => Ok(base() as u32),
            address::CONFIG_BYTES => Ok(CONFIG_BYTES as u32),
            address::EVENTS => at(m.event.as_ptr().cast()),
            address::COLUMNS | address::VIEW => at(m.view.as_ptr().cast()),
            address::ROOM_FIELDS => at(m.room_fields.as_ptr().cast()),
            address::STATS => at(m.stats.as_ptr().cast()),
            address::ROSTER => at(m.roster.as_ptr()),
            address::TEXTS => at(m.texts.as_ptr()),
            address::ROOM_TEXTS => at(m.room_texts.as_ptr()),
            address::PACKET_BUFFER => at(m.packet.as_ptr()),
            address::MESSAGE => at(m.message.as_ptr()),
            address::VIEW_LIST => at(m.view_list.as_ptr().cast()),
            address::INPUTS => at(m.command.as_ptr().cast()),
            address::WALLS => at(m.walls_count.as_ptr().cast()),
            address::ROSTER_ROW_BYTES => Ok(m.head[0].sizes.roster_row_bytes),
            address::OWN => at(m.own.as_ptr().cast()),
            address::COSTS => at(m.costs.as_ptr().cast()),
            _ => Ok(0),
        }
    });
    found.max(0) as u32
}

/// Takes the place that the JoinReply named. Once.
#[no_mangle]
pub extern "C" fn client_join(
    player_id: u32,
    handle: u32,
    epoch: u32,
    verify: u32,
    numbers: u32,
) -> i32 {
    with_client(|client| {
        client.join(player_id, (handle, epoch), verify != 0, numbers_of(numbers)).map(|()| 0)
    })
}

/// Lower half: messages that the room has read; upper half: messages that the client is not sent.
fn numbers_of(both: u32) -> Numbers {
    Numbers { read: both as u16, before: (both >> 16) as u16 }
}

/// Goes on with the same player under another epoch, after the room has lost its last moments: messages that it has lost.
#[no_mangle]
pub extern "C" fn client_rejoin(handle: u32, epoch: u32, numbers: u32) -> i32 {
    with_client(|client| client.rejoin(handle, epoch, numbers_of(numbers)))
}

/// A packet at ADDRESSES.packetBuffer: bits 1 new snapshot, 2 messages waiting, 4 events waiting.
#[no_mangle]
pub extern "C" fn client_receive(length: u32) -> i32 {
    with_client(|client| client.receive(length as usize))
}

/// The command at ADDRESSES.inputs: stored and predicted.
#[no_mangle]
pub extern "C" fn client_sample() -> i32 {
    with_client(|client| client.sample().map(|()| 0))
}

/// Builds the next packet at ADDRESSES.packetBuffer: its length.
#[no_mangle]
pub extern "C" fn client_packet(local_tick: u32) -> i32 {
    with_client(|client| client.packet(local_tick).map(|length| length as u32))
}

/// Queues the message at ADDRESSES.message.
#[no_mangle]
pub extern "C" fn client_send(length: u32) -> i32 {
    with_client(|client| client.send(length as usize).map(|()| 0))
}

/// Moves the next received message to ADDRESSES.message: its length, or -1.
#[no_mangle]
pub extern "C" fn client_message() -> i32 {
    with_client(|client| Ok(client.next_message().map_or(u32::MAX, |length| length as u32)))
}

/// Moves the next event to ADDRESSES.events: 1, or 0 for none.
#[no_mangle]
pub extern "C" fn client_event() -> i32 {
    with_client(|client| Ok(u32::from(client.next_event())))
}

/// Fills ADDRESSES.view and viewList: the number shown.
#[no_mangle]
pub extern "C" fn client_view(
    tick: u32,
    fraction: u32,
    local_tick: u32,
    local_fraction: u32,
) -> i32 {
    with_client(|client| Ok(client.view(tick, fraction, local_tick, local_fraction)))
}

/// Switches prediction off (0) or on.
#[no_mangle]
pub extern "C" fn client_predict(on: u32) -> i32 {
    with_client(|client| {
        client.predict(on != 0);
        Ok(0)
    })
}
