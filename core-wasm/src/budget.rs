//! How many bytes a snapshot may have, so that no path fills up with them. A path that is too slow for what it is sent
//! keeps it in a queue, and each snapshot comes later than the one before. The round trip shows that: it does not come back down to
//! what it was. Then as many bytes go out as have come through, less a part that drains the queue; and slowly more again, once it is
//! empty.
//!
//! Loss alone says nothing: radio loses packets of any size. Jitter does not either: the *least* round trip of half a
//! second counts, and has to stand out from the mean. Nor is anything gained where packets are small already. The idea is that of TCP Vegas (Brakmo, Peterson, 1995) and LEDBAT (RFC 6817).
//!
//! Whole numbers of acknowledgements that are journalled, so a replay goes the same way. What is left out for want of bytes is chosen in
//! `snapshot/defer.rs`.

use bytemuck::{Pod, Zeroable};

/// Bytes of a snapshot beside the one entity that always has to fit: head, own player, who leaves.
const BESIDE_BYTES: u32 = 64;
/// ms of one look.
const WINDOW_MS: u32 = 500;
/// ms that the round trip has to be longer for, all through a window, for a queue to stand.
const QUEUE_MS: u32 = 80;
/// ms of one that is not waited for twice.
const LONG_MS: u32 = 500;
/// Windows in a row with a queue before it counts: a window of bad luck is none.
const STRIKES: u32 = 2;
/// Windows after which the shortest round trip of all is looked for anew: a path may have become another.
const BASE_WINDOWS: u32 = 20;
/// The same while a queue stands: what looks like one may be the path.
const STUCK_WINDOWS: u32 = 60;

/// Between which bytes a budget is.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Ticks per second.
    pub rate: u32,
    /// Every path is believed to take so many.
    pub least: u32,
    /// What the game allows.
    pub most: u32,
}

impl Bounds {
    /// `entity`: bytes of the largest full state. It has to fit, or it would wait for ever.
    pub fn of(rate: u32, entity: u32, most: u32) -> Self {
        Self { rate, least: (BESIDE_BYTES + entity).min(most), most }
    }
}

/// The budget of one client. All zero at a join.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Budget {
    /// Bytes of a snapshot at most; 0: as many as the game allows.
    limit: u32,
    /// Tick in which the window began.
    since: u32,
    /// Snapshots sent in it.
    sent: u32,
    /// Packets acknowledged in it, their bytes, and the ticks that they took: sum, and the least.
    acked: u32,
    acked_bytes: u32,
    ticks: u32,
    least: u32,
    /// Least ticks, plus 1, of this stretch of windows and of the one before; 0: none yet.
    base: [u32; 2],
    /// Windows of this stretch.
    windows: u32,
    /// Windows in a row with a queue.
    strikes: u32,
    /// Bytes of the newest packet.
    size: u32,
    /// 1: after a silence, and no queue seen since: it grows by halves.
    easy: u32,
}

impl Budget {
    /// Bytes of the next snapshot of a client.
    pub fn bytes(&mut self, tick: u32, bounds: Bounds) -> u32 {
        let window = ticks_of(WINDOW_MS, bounds.rate);
        if self.since == 0 || tick.wrapping_sub(self.since) >= window {
            if self.acked > 0 {
                self.look(bounds);
            }
            (self.since, self.sent) = (tick.max(1), 0);
            (self.acked, self.acked_bytes, self.ticks, self.least) = (0, 0, 0, 0);
        }
        self.sent += 1;
        self.limit(bounds)
    }

    fn limit(&self, bounds: Bounds) -> u32 {
        if self.limited() {
            self.limit.min(bounds.most)
        } else {
            bounds.most
        }
    }

    /// True while the path and not the game is what limits.
    pub fn limited(&self) -> bool {
        self.limit != 0
    }

    /// A packet of so many bytes goes out.
    pub fn sends(&mut self, bytes: u32) {
        self.size = bytes;
    }

    /// Nothing has been heard of the client for so long that the path may be full of what it was sent: it begins anew with little.
    pub fn silent(&mut self, bounds: Bounds) {
        (self.limit, self.easy, self.strikes) = (bounds.least, 1, 0);
    }

    /// A packet has been acknowledged, so many ticks after it was sent. `bytes`: None if that is too long ago to know.
    pub fn arrived(&mut self, bytes: Option<u32>, ticks: u32) {
        let bytes = bytes.unwrap_or(self.size);
        self.least = if self.acked == 0 { ticks } else { self.least.min(ticks) };
        self.acked += 1;
        self.acked_bytes = self.acked_bytes.saturating_add(bytes);
        self.ticks = self.ticks.saturating_add(ticks);
    }

    /// What the window said.
    fn look(&mut self, bounds: Bounds) {
        let Bounds { rate, least, most } = bounds;
        let shortest = self.base.iter().filter(|base| **base != 0).min();
        let queue = self.least.saturating_sub(shortest.map_or(self.least, |base| base - 1));
        let spread = self.ticks / self.acked - self.least;
        let large = self.acked_bytes / self.acked > least;
        let stands = large && queue >= ticks_of(QUEUE_MS, rate).max(2) && queue >= 2 * spread;
        self.strikes = if stands { self.strikes + 1 } else { 0 };
        self.remember(stands);
        let long = ticks_of(LONG_MS, rate);
        if self.strikes >= STRIKES || (stands && queue >= long) {
            let eighths = if queue >= 2 * long {
                2
            } else if queue >= long {
                4
            } else if queue >= long / 2 {
                6
            } else {
                7
            };
            // What came through, spread over as many snapshots as were sent meanwhile.
            let through = self.acked_bytes / self.sent.max(1) * eighths / 8;
            self.limit = through.min(self.limit(bounds)).max(least);
            self.easy = 0;
        } else if !stands && self.limited() {
            self.limit += if self.easy == 1 { self.limit / 2 } else { most / 32 + 1 };
            if self.limit >= most {
                self.limit = 0;
            }
        }
    }

    /// Keeps the shortest round trip. One with a queue is no measure, unless it has been so for long.
    fn remember(&mut self, stands: bool) {
        self.windows += 1;
        let one = self.least + 1;
        if stands {
            if self.strikes >= STUCK_WINDOWS {
                (self.base, self.windows, self.strikes) = ([one; 2], 0, 0);
            }
            return;
        }
        self.base[0] = if self.base[0] == 0 { one } else { self.base[0].min(one) };
        if self.windows >= BASE_WINDOWS {
            (self.base, self.windows) = ([0, self.base[0]], 0);
        }
    }
}

fn ticks_of(ms: u32, rate: u32) -> u32 {
    (ms * rate).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    const ARENA: Bounds = Bounds { rate: 30, least: 96, most: 600 };

    /// A path of so many bytes a tick and a delay, behind a queue that holds two seconds of them. Returns the longest and the mean age of a
    /// packet in the second half of `ticks`, and the bytes that came through in a tick of it.
    fn path(
        carries: u32,
        delay: u32,
        wanted: u32,
        ticks: u32,
        mut luck: impl FnMut(u32) -> Option<u32>,
    ) -> (u32, u32, u32) {
        let mut budget = Budget::default();
        let mut queue: VecDeque<(u32, u32)> = VecDeque::new();
        let mut acks: Vec<(u32, u32, u32)> = Vec::new();
        let (mut held, mut credit) = (0, 0);
        let (mut longest, mut sum, mut count, mut through) = (0, 0, 0, 0);
        for tick in 1..=ticks {
            let bytes = budget.bytes(tick, ARENA).min(wanted) + 40;
            if held + bytes <= 60 * carries {
                queue.push_back((tick, bytes));
                held += bytes;
            }
            credit = (credit + carries).min(carries.max(1200));
            while let Some((sent, bytes)) =
                queue.front().copied().filter(|(_, bytes)| *bytes <= credit)
            {
                queue.pop_front();
                (credit, held) = (credit - bytes, held - bytes);
                if let Some(late) = luck(tick) {
                    acks.push((tick + delay + late, sent, bytes));
                }
            }
            if queue.is_empty() {
                credit = credit.min(carries);
            }
            acks.retain(|(when, sent, bytes)| {
                if *when <= tick {
                    budget.arrived(Some(*bytes), tick - sent);
                    if tick > ticks / 2 {
                        longest = longest.max(tick - sent);
                        (sum, count, through) = (sum + tick - sent, count + 1, through + bytes);
                    }
                }
                *when > tick
            });
        }
        (longest, sum / count.max(1), through / (ticks / 2))
    }

    #[test]
    fn a_slow_path_is_sent_what_it_takes_and_no_queue_stays() {
        // 8 KB a second, of which 20 are wanted: without a budget the queue is always full, two seconds long.
        let (longest, mean, through) = path(273, 3, 600, 3000, |_| Some(0));
        assert!(longest <= 3 + 30, "{longest} ticks");
        assert!(mean <= 3 + 8, "{mean} ticks on average");
        assert!(through >= 273 * 3 / 4, "{through} of 273 bytes a tick are used");
    }

    #[test]
    fn less_than_a_path_takes_is_sent_whole() {
        let (longest, _, through) = path(700, 3, 600, 600, |_| Some(0));
        assert!(longest <= 5 && through >= 600, "{longest} ticks, {through} bytes");
    }

    #[test]
    fn neither_loss_nor_jitter_is_a_queue() {
        for (loss, jitter) in [(5, 2), (30, 12), (60, 0)] {
            let mut state = 7u32;
            let mut draw = move |below: u32| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) % below
            };
            let mut sent = 0;
            let mut budget = Budget::default();
            let mut acks: Vec<(u32, u32)> = Vec::new();
            for tick in 1..6000 {
                sent += budget.bytes(tick, ARENA);
                if draw(100) >= loss {
                    acks.push((tick + 4 + draw(jitter + 1), tick));
                }
                acks.retain(|(when, from)| {
                    if *when <= tick {
                        budget.arrived(Some(640), tick - from);
                    }
                    *when > tick
                });
            }
            assert!(
                sent / 5999 >= 590,
                "{} of 600 bytes at {loss} % and {jitter} ticks",
                sent / 5999
            );
        }
    }

    #[test]
    fn a_longer_way_is_taken_for_a_queue_for_half_a_minute_at_most() {
        let mut budget = Budget::default();
        let mut least = 600;
        for tick in 1..3600 {
            let bytes = budget.bytes(tick, ARENA);
            let way = if tick < 600 { 3 } else { 12 };
            if tick > way {
                budget.arrived(Some(640), way);
            }
            least = least.min(bytes);
        }
        assert!(least < 600);
        assert_eq!(budget.bytes(3600, ARENA), 600, "all of it again");
    }
}
