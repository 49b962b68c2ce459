//! Which events a snapshot carries.

use super::client::{has, Sets, Viewer, Writer, EVENTS_HEAD_BITS, OWN_VIEW_RADIUS};
use crate::bits::BitWriter;
use crate::codec::event::EventCode;
use crate::codec::row::Origin;
use crate::gen::{column, event, flag, ClientEvent, EVENTS_MAX, EVENTS_PER_SNAPSHOT_MAX};
use crate::history::OwnFast;
use crate::sight::Target;

/// What a client knows of somebody whom an event names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Seen,
    Hidden,
    /// Dead, or not there any more.
    Gone,
}

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

    /// What a client is told of an event that is not its own, where walls hide: nothing if whom it happened to is hidden, else
    /// all but who did it if that one is. Of who is not there any more, the place has to be in sight.
    fn seen_event(&self, client: &Viewer, e: &ClientEvent) -> Option<ClientEvent> {
        let Some(sight) = &self.frame.sight else { return Some(*e) };
        let n = self.frame.entities;
        let get = |f: usize, row: usize| self.r.columns[f * n + row];
        let state = |handle: u32| {
            let row = (handle & 0xffff) as usize;
            let same = row < n && get(column::GENERATION, row) as u32 == handle >> 16;
            if handle == client.handle {
                State::Seen
            } else if !same || get(column::FLAGS, row) & flag::ALIVE == 0 {
                State::Gone
            } else if has(&self.r.visible[self.slot * self.frame.words..], row) {
                State::Seen
            } else {
                State::Hidden
            }
        };
        let (whose, other) =
            if e.kind == event::SHOT { (e.subject, e.object) } else { (e.object, e.subject) };
        let own = (client.handle & 0xffff) as usize;
        let gone = || {
            let viewer = sight.viewer(&|f| get(f, own));
            let mut no_hint = u16::MAX;
            sight.hides(&viewer, &Target::at(e.x, e.y, e.z), &mut no_hint)
        };
        let hidden = match state(whose) {
            State::Seen => false,
            State::Hidden => true,
            State::Gone => gone(),
        };
        let nameless = other != 0 && state(other) == State::Hidden;
        let other = if nameless { 0 } else { other };
        let (subject, object) =
            if e.kind == event::SHOT { (e.subject, other) } else { (other, e.object) };
        (!hidden).then_some(ClientEvent { subject, object, ..*e })
    }

    /// Events after a tick that are the client's own or within its view, in at most so many bits.
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
                let (dx, dy) =
                    (i64::from(e.x) - i64::from(own.x), i64::from(e.y) - i64::from(own.y));
                let mine = e.subject == client.handle || e.object == client.handle;
                let near = dx * dx + dy * dy <= radius * radius;
                if mine != own_ones || !(mine || near) {
                    continue;
                }
                let seen = if mine { Some(*e) } else { self.seen_event(client, e) };
                let Some(e) = seen else { continue };
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
                let mine = e.subject == client.handle || e.object == client.handle;
                let seen = if mine { None } else { self.seen_event(client, e) };
                code.write(out, &seen.unwrap_or(*e));
            }
        }
        let stats = &mut self.r.stats[0];
        stats.events_dropped = stats.events_dropped.wrapping_add(dropped);
    }
}
