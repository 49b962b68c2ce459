//! Areas of the schema: who enters and leaves one is told to the hooks, once each.

use crate::events;
use crate::gen::{column, Area, ConfigArea, POSITION_MAX};
use crate::region::CLIENT_LEAVING;
use crate::room::Room;

/// True if its numbers are usable.
pub fn area_ok(area: &ConfigArea) -> bool {
    let most = POSITION_MAX as i32;
    let place = |value: i32| (-most..=most).contains(&value);
    let size = |value: i32| (0..=most).contains(&value);
    let sizes = size(area.half_x) && size(area.half_y) && size(area.height);
    sizes && place(area.x) && place(area.y) && place(area.z) && area.round <= 1
}

/// True if a place is in it: the edge is not, nor is its top; its bottom is.
pub fn inside(area: &ConfigArea, (x, y, z): (i32, i32, i32)) -> bool {
    let (dx, dy) = (i64::from(x) - i64::from(area.x), i64::from(y) - i64::from(area.y));
    let half_x = i64::from(area.half_x);
    let half_y = if area.round == 0 { i64::from(area.half_y) } else { half_x };
    let near = dx.abs() < half_x
        && dy.abs() < half_y
        && (area.round == 0 || dx * dx + dy * dy < half_x * half_x);
    let over = i64::from(z) - i64::from(area.z);
    near && over >= 0 && (area.height == 0 || over < i64::from(area.height))
}

/// Tells who has come and gone since the tick before. The dead, and who leaves the room, are in none.
pub fn watch(room: &mut Room) {
    let areas = room.config.areas;
    if areas.is_empty() {
        return;
    }
    for slot in 0..room.r.clients.len() {
        let client = room.r.clients[slot];
        if client.player_id == 0 {
            continue;
        }
        let row = (client.handle & 0xffff) as usize;
        let world = room.world();
        let here = world.alive(row) && client.flags & CLIENT_LEAVING == 0;
        let at = [column::X, column::Y, column::Z].map(|f| world.get(f, row));
        let mut told = client.areas;
        for (k, area) in areas.iter().enumerate() {
            let now = here && inside(area, (at[0], at[1], at[2]));
            if now == (told >> k & 1 != 0) {
                continue;
            }
            let event = Area { player: client.handle, area: k as u32, inside: u32::from(now) };
            if events::area(room, &event) {
                told ^= 1 << k;
            }
        }
        room.r.clients[slot].areas = told;
    }
}
