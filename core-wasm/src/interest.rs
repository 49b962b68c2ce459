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
    let (xs, ys) = (world.column(column::X), world.column(column::Y));
    room.s.visible.fill(0);
    for (slot, client) in room.r.clients.iter().enumerate() {
        if client.player_id == 0 {
            continue;
        }
        let own = (client.handle & 0xffff) as usize;
        let (x, y) = (world.get(column::X, own), world.get(column::Y, own));
        let radius = world.get(column::VIEW_RADIUS, own);
        let all = i64::from(radius) * i64::from(radius);
        let Some(set) = room.s.visible.get_mut(slot * words..(slot + 1) * words) else { continue };
        grid.near(x, y, radius, |other| {
            let (dx, dy) =
                (i64::from(xs[other]) - i64::from(x), i64::from(ys[other]) - i64::from(y));
            if dx * dx + dy * dy <= all && other != own {
                set[other / 32] |= 1 << (other % 32);
            }
        });
    }
}
