//! Which events a snapshot carries.

use super::client::{has, Sets, Viewer, Writer, EVENTS_HEAD_BITS, OWN_VIEW_RADIUS};
use crate::bits::BitWriter;
use crate::codec::event::EventCode;
use crate::codec::row::Origin;
use crate::gen::{column, event, flag, ClientEvent, EVENTS_MAX, EVENTS_PER_SNAPSHOT_MAX};
use crate::history::OwnFast;
use crate::sight::Target;

impl Writer<'_, '_> {
    /// Handle of an index that the client holds at the reference, else 0.
    pub(super) fn held(&self, sets: &Sets, index: usize) -> u32 {
        if index < self.frame.entities && sets.before(index) {
            let generation =
                self.r.columns[column::GENERATION * self.frame.entities + index] as u32;
            generation << 16 | index as u32
        } else {
            0
        }
    }

    pub(super) fn event_code<'c>(
        &self,
        client: &Viewer,
        origin: &Origin,
        held: &'c dyn Fn(usize) -> u32,
    ) -> EventCode<'c> {
        EventCode {
            tick: self.frame.tick,
            own: client.handle,
            origin: *origin,
            high: self.frame.code.shape.high,
            heads: self.frame.code.shape.heads,
            shift: self.frame.code.shape.shift,
            index_bits: self.frame.index_bits,
            held,
        }
    }

    /// What a client is told of an event: nothing of what happened to somebody whom it does not see, unless to itself, or if it did
    /// that itself to somebody whom it has seen of late. Where walls hide, it is not named either who is not seen and was not of late.
    fn told(&self, client: &Viewer, e: &ClientEvent, near: bool) -> Option<ClientEvent> {
        let shot = e.kind == event::SHOT;
        let (whose, other) = if shot { (e.subject, e.object) } else { (e.object, e.subject) };
        let (mine, did) = (whose == client.handle, other == client.handle);
        let seen = mine
            || (did && (self.sees(whose) || self.was_sent(whose)))
            || (near && self.in_sight(client, whose, e));
        // One's own projectile is no secret.
        let named = (mine && shot) || self.names(client, other);
        let other = if named { other } else { 0 };
        let (subject, object) = if shot { (whose, other) } else { (other, whose) };
        seen.then_some(ClientEvent { subject, object, ..*e })
    }

    /// True if a client may be told who somebody is: where walls hide, of whom it sees, or has seen of late.
    pub(super) fn names(&self, client: &Viewer, handle: u32) -> bool {
        self.frame.sight.is_none()
            || handle == client.handle
            || self.sees(handle)
            || self.was_sent(handle)
    }

    /// True if walls hide neither whom an event within the view happened to nor, if he is dead or gone, its place.
    fn in_sight(&self, client: &Viewer, whose: u32, e: &ClientEvent) -> bool {
        let Some(sight) = &self.frame.sight else { return true };
        if self.alive(whose) {
            return self.sees(whose);
        }
        let (n, own) = (self.frame.entities, (client.handle & 0xffff) as usize);
        let viewer = sight.viewer(&|f| self.r.columns[f * n + own]);
        let mut no_hint = u16::MAX;
        !sight.hides(&viewer, &Target::at(e.x, e.y, e.z), &mut no_hint)
    }

    fn alive(&self, handle: u32) -> bool {
        let (n, row) = (self.frame.entities, (handle & 0xffff) as usize);
        let get = |f: usize| self.r.columns[f * n + row];
        row < n
            && get(column::GENERATION) as u32 == handle >> 16
            && get(column::FLAGS) & flag::ALIVE != 0
    }

    /// True if somebody is within the client's interest.
    fn sees(&self, handle: u32) -> bool {
        let visible = &self.r.visible[self.slot * self.frame.words..][..self.frame.words];
        self.alive(handle) && has(visible, (handle & 0xffff) as usize)
    }

    /// True if one of the snapshots that are kept held somebody.
    fn was_sent(&self, handle: u32) -> bool {
        let (flights, words) = (self.frame.flights, self.frame.words);
        let first = self.slot * flights;
        let sets = self.r.flight_sets[first * words..].chunks_exact(words);
        let row = (handle & 0xffff) as usize;
        self.r.flights[first..][..flights].iter().zip(sets).any(|(flight, set)| {
            let kept = self.frame.tick.wrapping_sub(flight.tick) < flights as u32;
            kept && row < self.frame.entities && has(set, row)
        })
    }

    /// Events after a tick that the client is told of, in at most so many bits.
    pub(super) fn write_events(
        &mut self,
        out: &mut BitWriter,
        client: &Viewer,
        sets: &Sets,
        origin: &Origin,
        own: &OwnFast,
        (since, limit): (u32, u32),
    ) {
        let next = self.r.head[0].events_next;
        let newest = &self.r.events[next.wrapping_sub(1) as usize % EVENTS_MAX as usize];
        if next == 0 || newest.tick <= since {
            out.bit(false);
            return;
        }
        let held = |index: usize| self.held(sets, index);
        let code = self.event_code(client, origin, &held);
        let radius =
            i64::from(self.r.own_values[self.slot * self.frame.own_values + OWN_VIEW_RADIUS]);
        let near = |e: &ClientEvent| {
            let (dx, dy) = (i64::from(e.x) - i64::from(own.x), i64::from(e.y) - i64::from(own.y));
            dx * dx + dy * dy <= radius * radius
        };
        // Bit: how far back in the ring.
        let mut chosen = [0u32; EVENTS_MAX as usize / 32 + 1];
        let (mut count, mut dropped, mut bits) = (0, 0, EVENTS_HEAD_BITS);
        // The client's own first, then the newest.
        for own_ones in [true, false] {
            for back in 1..=next.min(EVENTS_MAX) {
                let e = &self.r.events[(next - back) as usize % EVENTS_MAX as usize];
                if e.tick <= since {
                    break;
                }
                let mine = e.subject == client.handle || e.object == client.handle;
                if mine != own_ones {
                    continue;
                }
                let Some(e) = self.told(client, e, near(e)) else { continue };
                let size = code.bits(&e);
                if count == EVENTS_PER_SNAPSHOT_MAX || bits + size > limit {
                    dropped += 1;
                    continue;
                }
                bits += size;
                chosen[back as usize / 32] |= 1 << (back % 32);
                count += 1;
            }
        }
        out.bit(count > 0);
        if count > 0 {
            out.put(count, 5);
        }
        for (w, word) in chosen.iter().enumerate().rev() {
            let mut left = *word;
            while left != 0 {
                let bit = 31 - left.leading_zeros();
                left &= !(1 << bit);
                let back = w as u32 * 32 + bit;
                let e = &self.r.events[(next - back) as usize % EVENTS_MAX as usize];
                if let Some(e) = self.told(client, e, near(e)) {
                    code.write(out, &e);
                }
            }
        }
        let stats = &mut self.r.stats[0];
        stats.events_dropped = stats.events_dropped.wrapping_add(dropped);
    }
}
