//! Indices of entities: which are offered to the plugin, and when a removed one may be used again.

use crate::gen::{column, ENTITIES_MAX, SPAWNABLE_MAX};
use crate::region::{self, CLIENT_BOT, TICK_NONE};
use crate::room::{next_generation, Room};

/// Offers the lowest free indices to the plugin, but keeps one for each player who may still come.
pub fn offer_handles(room: &mut Room) {
    let head = &room.r.head[0];
    let kept = head.sizes.players - head.players;
    let count = head.free_count.saturating_sub(kept).min(SPAWNABLE_MAX) as usize;
    let n = head.sizes.entities as usize;
    let mut found = 0;
    for word in 0..room.r.free.len() {
        let mut bits = room.r.free[word];
        while bits != 0 && found < count {
            let index = word * 32 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            let generation = room.r.columns[column::GENERATION * n + index];
            found += 1;
            room.r.spawnable[found] = (next_generation(generation) as u32) << 16 | index as u32;
        }
    }
    room.r.spawnable[0] = found as u32;
    room.r.spawnable[found + 1..].fill(0);
}

/// Frees resting indices that no client can know any more: each has acknowledged a snapshot made
/// after the removal, or none that it may still acknowledge (nor its reference) held the index, or
/// the history has passed.
pub fn release_indices(room: &mut Room) {
    let head = room.r.head[0];
    let (now, sizes) = (head.tick, head.sizes);
    if head.resting == 0 || !now.is_multiple_of(RELEASE_TICKS) {
        return;
    }
    let mut known = [0u32; ENTITIES_MAX as usize / 32];
    let known = &mut known[..sizes.set_words as usize];
    collect_known(room, known);
    let mut kept = 0;
    for k in 0..head.resting as usize {
        let rest = room.r.resting[k];
        let index = rest.index as usize;
        if now - rest.tick >= sizes.history || known[index / 32] >> (index % 32) & 1 == 0 {
            room.r.free[index / 32] |= 1 << (index % 32);
            room.r.head[0].free_count += 1;
        } else {
            room.r.resting[kept] = rest;
            kept += 1;
        }
    }
    room.r.resting[kept..head.resting as usize].fill(region::Resting::default());
    room.r.head[0].resting = kept as u32;
}

/// Indices that stand in the reference of a client, or in a newer snapshot that it may acknowledge.
/// A snapshot made after a removal does not hold the index, so what was acknowledged since then is
/// not in the way.
fn collect_known(room: &Room, known: &mut [u32]) {
    let flights = room.r.head[0].sizes.flights as usize;
    let rows = room.r.flights.chunks_exact(flights);
    let sets = room.r.flight_sets.chunks_exact(flights * known.len());
    for (client, (flights, sets)) in room.r.clients.iter().zip(rows.zip(sets)) {
        if client.player_id == 0 || client.flags & CLIENT_BOT != 0 {
            continue;
        }
        let reference = client.reference_tick;
        for (flight, set) in flights.iter().zip(sets.chunks_exact(known.len())) {
            if flight.tick != TICK_NONE && (reference == TICK_NONE || flight.tick >= reference) {
                known.iter_mut().zip(set).for_each(|(all, bits)| *all |= bits);
            }
        }
    }
}

/// Ticks between two looks at the resting indices: a look costs a pass over the open snapshots of
/// all clients.
const RELEASE_TICKS: u32 = 4;
