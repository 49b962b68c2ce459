//! Timers: named data that comes back as an event when its tick has come.

use crate::events;
use crate::gen::{self, AddTimer, CancelTimer};
use crate::region;
use crate::room::Room;

/// Timer events of this tick, in order of due tick, then id. What finds no room comes in the next
/// tick.
pub fn tell_timers(room: &mut Room) {
    let now = room.r.head[0].tick;
    while room.r.head[0].timers > 0 && room.r.timers[0].due <= now {
        let region::Timer { id, timer, args, .. } = room.r.timers[0];
        if !events::hook(room, gen::Timer::KIND, 0, &gen::Timer { id, timer, args }) {
            break;
        }
        drop_timer(room, 0);
    }
}

/// The command AddTimer: kept in order of due tick, then id.
pub fn add_timer(room: &mut Room, command: AddTimer) -> Option<()> {
    let count = room.r.head[0].timers as usize;
    let waiting = room.r.timers.get(..count)?;
    if count == room.r.timers.len() || waiting.iter().any(|t| t.id == command.id) {
        return None;
    }
    let at =
        waiting.iter().position(|t| (t.due, t.id) > (command.due, command.id)).unwrap_or(count);
    room.r.timers.copy_within(at..count, at + 1);
    let AddTimer { id, due, timer, args } = command;
    room.r.timers[at] = region::Timer { id, due, timer, args };
    room.r.head[0].timers += 1;
    Some(())
}

/// The command CancelTimer.
pub fn cancel_timer(room: &mut Room, command: CancelTimer) -> Option<()> {
    let count = room.r.head[0].timers as usize;
    let at = room.r.timers.get(..count)?.iter().position(|t| t.id == command.id)?;
    drop_timer(room, at);
    Some(())
}

fn drop_timer(room: &mut Room, at: usize) {
    let count = room.r.head[0].timers as usize;
    room.r.timers.copy_within(at + 1..count, at);
    room.r.timers[count - 1] = region::Timer::default();
    room.r.head[0].timers -= 1;
}
