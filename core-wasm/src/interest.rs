//! `select`: who sees what. The grid is rebuilt over everything alive; each client's square of
//! cells is looked through, and what lies within its view radius becomes a bit of `visible`. Who is
//! left out when bytes are short (far ones first, nobody for ever) is decided in `snapshot`.

use crate::gen::{column, flag, kind};
use crate::grid;
use crate::room::Room;
use crate::world::World;

/// Fills `visible` for every player; for bots too, which decide by it.
pub fn select(room: &mut Room) {
    let sizes = room.r.head[0].sizes;
    let (n, words) = (sizes.entities as usize, sizes.set_words as usize);
    let world = World::new(room.r.columns, n);
    let memory = (&mut *room.s.cell_starts, &mut *room.s.cell_items, &mut *room.s.cell_of);
    let grid = grid::build(room.config.head, &sizes, &world, memory, |world, i| {
        world.get(column::FLAGS, i) & flag::ALIVE != 0 && world.get(column::KIND, i) != kind::FREE
    });
    // Places in the order of the cells: the queries then read memory in one direction.
    let (xs, ys) = (world.column(column::X), world.column(column::Y));
    let places = &mut room.s.cell_places[..grid.items().len()];
    for (place, item) in places.iter_mut().zip(grid.items()) {
        *place = [xs[usize::from(*item)], ys[usize::from(*item)]];
    }
    room.s.visible.fill(0);
    let sets = room.s.visible.chunks_exact_mut(words);
    for (client, set) in room.r.clients.iter().zip(sets) {
        if client.player_id == 0 {
            continue;
        }
        let own = (client.handle & 0xffff) as usize;
        let (x, y) = (world.get(column::X, own), world.get(column::Y, own));
        let radius = world.get(column::VIEW_RADIUS, own);
        let all = i64::from(radius) * i64::from(radius);
        grid.spans(x, y, radius, |span| {
            for (item, place) in grid.items()[span.clone()].iter().zip(&places[span]) {
                let (dx, dy) =
                    (i64::from(place[0]) - i64::from(x), i64::from(place[1]) - i64::from(y));
                // Without a branch: which side of the rim one stands on cannot be foreseen.
                let inside = u32::from(dx * dx + dy * dy <= all);
                set[usize::from(*item >> 5)] |= inside << (item & 31);
            }
        });
        set[own >> 5] &= !(1 << (own & 31));
    }
}
