//! What a decoded snapshot changes: the rings of what is held, counters, the events of who enters and leaves.

use super::messages::{ENTER, LEAVE};
use super::receive::{has, members, Set, Snapshot, ToOwnedSet, SET_WORDS_MAX};
use super::{Arrived, Client, RowCost, ARRIVED};
use crate::gen::ClientEvent;
use crate::netchan::Header;
use crate::region::TICK_NONE;
use bytemuck::Zeroable;

impl Client<'_> {
    /// Takes the snapshot in scratch into the rings; the newest one also moves the present.
    pub(super) fn commit(&mut self, header: &Header, s: &Snapshot) {
        let sizes = self.m.head[0].sizes;
        let (words, values) = (sizes.set_words as usize, sizes.own_values as usize);
        let (entities, halves) = (sizes.entities as usize, sizes.row_halves as usize);
        let (place, scratch) = (self.place(s.tick), self.scratch());
        let old = self.m.head[0].newest;
        let fresh = old == TICK_NONE || s.tick > old;
        if fresh {
            self.tell_sets(s, old);
        }
        self.m.held[place].tick = s.tick;
        self.m.sets.copy_within(scratch * words..(scratch + 1) * words, place * words);
        self.m.updates.copy_within(scratch * words..(scratch + 1) * words, place * words);
        self.m.own_slow.copy_within(scratch * values..(scratch + 1) * values, place * values);
        self.m.own_fast[place] = s.own;
        for w in 0..words {
            let mut left = self.m.updates[place * words + w];
            while left != 0 {
                let e = w * 32 + left.trailing_zeros() as usize;
                left &= left - 1;
                let from = (scratch * entities + e) * halves;
                self.m.rows.copy_within(from..from + halves, (place * entities + e) * halves);
                if fresh {
                    self.m.costs[e] = RowCost { tick: s.tick, bits: u32::from(self.m.bits[e]) };
                }
            }
        }
        self.m.arrived[usize::from(header.sequence) % ARRIVED] =
            Arrived { tick: s.tick, sequence: header.sequence, known: 1 };
        self.count(s, old, fresh);
        if !fresh {
            return;
        }
        self.m.head[0].newest = s.tick;
        for event in &s.events[..s.event_count] {
            if old == TICK_NONE || event.tick > old {
                self.m.stats[0].events_seen += 1;
                self.match_shot_event(event);
                self.push_event(*event);
            }
        }
        let touched =
            s.touched.is_some_and(|back| old == TICK_NONE || s.tick - back.min(s.tick) > old);
        // Of some of the ticks since the last snapshot nothing is known.
        let untold = old != TICK_NONE && s.told_after > old;
        self.reconcile(s.tick, touched || untold);
    }

    fn count(&mut self, s: &Snapshot, old: u32, fresh: bool) {
        let visible: u32 = self.set_at(s.tick).iter().map(|w| w.count_ones()).sum();
        let stats = &mut self.m.stats[0];
        stats.snapshots += 1;
        stats.snapshot_bits = s.bits;
        stats.snapshot_bytes_sum = stats.snapshot_bytes_sum.wrapping_add(s.bits.div_ceil(8));
        if let Some((said, found)) = s.hash {
            stats.hash_checks += 1;
            stats.hash_mismatches += u32::from(said != found);
        }
        if !fresh {
            return;
        }
        if old != TICK_NONE {
            stats.snapshot_gap_max = stats.snapshot_gap_max.max(s.tick - old);
        }
        stats.snapshot_tick = s.tick;
        stats.applied_tick = s.applied;
        stats.visible = visible;
        stats.own_alive = u32::from(s.own.flags & crate::gen::flag::ALIVE as u16 != 0);
        if let Some(margin) = s.margin {
            stats.margin_ticks256 = margin;
            stats.dilation_permille = s.dilation;
        }
        if let Some(late) = s.late {
            stats.inputs_late = late;
        }
    }

    /// Leave and enter events from the newest set to the one in scratch, and the handles of who enters.
    fn tell_sets(&mut self, s: &Snapshot, old: u32) {
        let words = self.m.head[0].sizes.set_words as usize;
        let scratch = self.scratch();
        let before = self.before(if old == TICK_NONE { None } else { Some(old) });
        for e in members(&before[..words]) {
            if !has(&self.m.sets[scratch * words..], e) {
                self.told(LEAVE, self.m.handles[e], s.tick);
                self.shot_left(self.m.handles[e]);
            }
        }
        let mut told: Set = [0; SET_WORDS_MAX];
        for i in 0..s.enters {
            let enter = self.m.enters[i];
            let e = enter.index as usize;
            let handle = enter.generation << 16 | enter.index;
            if has(&before, e) && self.m.handles[e] == handle {
                continue;
            }
            if has(&before, e) {
                self.told(LEAVE, self.m.handles[e], s.tick);
                self.shot_left(self.m.handles[e]);
            }
            (self.m.handles[e], self.m.owners[e], self.m.commands[e]) =
                (handle, enter.owner, enter.command);
            self.match_shot(handle, enter.owner, enter.command);
            self.told(ENTER, handle, s.tick);
            told[e / 32] |= 1 << (e % 32);
        }
        // Someone known at the reference, gone from the newest snapshot, back in this one.
        let now = self.m.sets[scratch * words..][..words].to_owned_set();
        for e in members(&now[..words]) {
            if !has(&before, e) && !has(&told, e) {
                self.told(ENTER, self.m.handles[e], s.tick);
            }
        }
    }

    /// Whoever is in sight leaves it.
    pub(super) fn tell_gone(&mut self) {
        let newest = self.m.head[0].newest;
        if newest == TICK_NONE {
            return;
        }
        let words = self.m.head[0].sizes.set_words as usize;
        let before = self.before(Some(newest));
        for e in members(&before[..words]) {
            self.told(LEAVE, self.m.handles[e], newest);
        }
    }

    fn told(&mut self, kind: u16, subject: u32, tick: u32) {
        self.push_event(ClientEvent { kind, subject, tick, ..Zeroable::zeroed() });
    }
}
