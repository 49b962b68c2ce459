//! `select`: who sees what, and what of it is due. The grid is rebuilt over everything alive; each client's square of cells
//! is looked through, and what it may see becomes a bit of `visible`. Who is left out when bytes are short (far ones
//! first, nobody for ever) is decided in `snapshot`.
//!
//! Beside the view radius, all by configuration: who is seen stays so a little further out (`viewKeep`), a kind may be
//! seen from a distance of its own (`seenWithin`) or always, by all or by its team (`relevance`), and what is far
//! away is sent in every second or fourth snapshot (rate tiers). Whom a wall hides is not seen, but by relevance (`sight.rs`).

use crate::gen::{column, flag, kind, ConfigHead, ConfigKind, ENTITIES_MAX};
use crate::grid::{self, Grid};
use crate::region::Client;
use crate::room::Room;
use crate::sight::{Sight, Target};
use crate::sight_of;
use crate::world::World;

/// `relevance` of a kind that everybody sees wherever it is.
const ALWAYS: u32 = 1;
/// `relevance` of a kind that its own team sees wherever it is.
const TEAM: u32 = 2;

/// Overload level from which on far states are sent more seldom, whatever the game says.
pub const LEVEL_TIERS: u32 = 1;
/// Permille of the view radius from which on they go into every 2nd and every 4th snapshot then.
const OVERLOAD_TIERS: [u32; 2] = [400, 700];
/// Overload level from which on snapshots are sent half as often.
pub const LEVEL_SEND: u32 = 2;

type Set = [u32; ENTITIES_MAX as usize / 32];

/// Ticks from one snapshot of a client to its next.
pub fn send_every(head: &ConfigHead, overload: u32) -> u32 {
    let own = head.send_every.max(1);
    if overload >= LEVEL_SEND {
        own * 2
    } else {
        own
    }
}

/// How often far states are sent.
#[derive(Clone, Copy)]
struct Tiers {
    /// Permille of the view radius from which on a state goes into every 2nd, and into every 4th snapshot.
    rims: [u32; 2],
    /// Log2 of the snapshots from one state to the next, at most.
    most: u32,
}

/// Squares of the distances at which the tiers of one client begin.
type Rims = [i64; 2];

impl Tiers {
    /// Those of a game, or of an overload level where they are lower; None if every state goes into every snapshot.
    fn of(head: &ConfigHead, overload: u32) -> Option<Self> {
        let own = [head.tier_half, head.tier_quarter];
        if overload >= LEVEL_TIERS {
            let sooner = |k: usize| {
                if own[k] == 0 {
                    OVERLOAD_TIERS[k]
                } else {
                    own[k].min(OVERLOAD_TIERS[k])
                }
            };
            return Some(Self { rims: [sooner(0), sooner(1)], most: 2 });
        }
        // Others are shown between two states, so the next has to be there within the interpolation delay.
        let snapshots = head.interpolation_ticks / send_every(head, overload);
        let most = snapshots.checked_ilog2().unwrap_or(0).min(2);
        (own != [0, 0] && most > 0).then_some(Self { rims: own, most })
    }

    fn rims(&self, radius: i32) -> Rims {
        self.rims.map(|permille| match permille {
            0 => i64::MAX,
            _ => square(i64::from(radius) * i64::from(permille) / 1000),
        })
    }

    /// True if a state is due in the snapshot of this number.
    #[inline]
    fn due(&self, rims: &Rims, away: i64, snapshot: u32, item: u32) -> bool {
        let tier = u32::from(away > rims[0]).max(2 * u32::from(away > rims[1])).min(self.most);
        snapshot.wrapping_add(item) & ((1 << tier) - 1) == 0
    }
}

/// True if states are sent by tiers.
pub fn tiered(head: &ConfigHead, overload: u32) -> bool {
    Tiers::of(head, overload).is_some()
}

fn square(value: i64) -> i64 {
    value * value
}

/// Fills `visible` for every player (for bots too, which decide by it), and `due` where there are tiers.
pub fn select(room: &mut Room) {
    let sizes = room.r.head[0].sizes;
    let world = World::new(room.r.columns, sizes.entities as usize);
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
    let (config, head) = (&room.config, &room.r.head[0]);
    let tiers = Tiers::of(config.head, head.overload);
    let look = Look { grid, places, world };
    let words = sizes.set_words as usize;
    let (clients, visible) = (&*room.r.clients, &mut *room.r.visible);
    let plain = |kind: &ConfigKind| kind.seen_within == 0 && kind.relevance == 0;
    let every = send_every(config.head, head.overload);
    let sight = sight_of!(room.r, config, every);
    let hints = &mut *room.s.hints;
    let is_plain = tiers.is_none() && config.head.view_keep == 0 && sight.is_none();
    if is_plain && config.kinds.iter().all(plain) {
        in_view(&look, clients, visible.chunks_exact_mut(words));
        return;
    }
    let rules = Rules {
        kinds: config.kinds,
        keep: config.head.view_keep,
        farthest: config.kinds.iter().map(|kind| kind.seen_within).max().unwrap_or(0),
        tiers,
        snapshot: head.tick / every,
        sight,
    };
    let sets = visible.chunks_exact_mut(words).zip(room.s.due.chunks_exact_mut(words));
    for (slot, (client, (visible, due))) in clients.iter().zip(sets).enumerate() {
        if client.player_id == 0 {
            visible.fill(0);
        } else {
            let hints = hints.chunks_exact_mut(sizes.entities as usize).nth(slot);
            let own = (client.handle & 0xffff) as usize;
            rules.look_around(&look, (slot, own), (visible, due), hints.unwrap_or_default());
        }
    }
}

/// What is looked at.
struct Look<'a> {
    grid: Grid<'a>,
    places: &'a [[i32; 2]],
    world: World<'a>,
}

impl Look<'_> {
    /// Square of the distance between two rows.
    fn away(&self, a: usize, b: usize) -> i64 {
        let along = |f| i64::from(self.world.get(f, a)) - i64::from(self.world.get(f, b));
        square(along(column::X)) + square(along(column::Y))
    }
}

/// All that is within the view radius.
fn in_view<'s>(look: &Look, clients: &[Client], sets: impl Iterator<Item = &'s mut [u32]>) {
    let (grid, world) = (&look.grid, &look.world);
    for (client, set) in clients.iter().zip(sets) {
        set.fill(0);
        if client.player_id == 0 {
            continue;
        }
        let own = (client.handle & 0xffff) as usize;
        let (x, y) = (world.get(column::X, own), world.get(column::Y, own));
        let radius = world.get(column::VIEW_RADIUS, own);
        let all = square(i64::from(radius));
        grid.spans(x, y, radius, |span| {
            for (item, place) in grid.items()[span.clone()].iter().zip(&look.places[span]) {
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

/// What a game or an overload level says beside the view radius.
struct Rules<'a> {
    kinds: &'a [ConfigKind],
    keep: i32,
    /// The longest `seenWithin`.
    farthest: i32,
    tiers: Option<Tiers>,
    /// Number of this tick's snapshots.
    snapshot: u32,
    sight: Option<Sight<'a>>,
}

impl Rules<'_> {
    fn look_around(
        &self,
        look: &Look,
        (slot, own): (usize, usize),
        (visible, due): (&mut [u32], &mut [u32]),
        hints: &mut [u16],
    ) {
        let mut before: Set = [0; ENTITIES_MAX as usize / 32];
        before[..visible.len()].copy_from_slice(visible);
        visible.fill(0);
        due.fill(0);
        let (x, y) = (look.world.get(column::X, own), look.world.get(column::Y, own));
        let radius = look.world.get(column::VIEW_RADIUS, own);
        let rims = self.tiers.map(|tiers| (tiers, tiers.rims(radius)));
        let reach = radius.max(self.farthest).saturating_add(self.keep);
        let sight =
            self.sight.as_ref().map(|sight| (sight, sight.viewer(&|f| look.world.get(f, own))));
        let mut see = |item: usize, away: i64| {
            let bit = 1 << (item & 31);
            visible[item >> 5] |= bit;
            let now = rims
                .as_ref()
                .is_none_or(|(tiers, rims)| tiers.due(rims, away, self.snapshot, item as u32));
            due[item >> 5] |= if now { bit } else { 0 };
        };
        look.grid.spans(x, y, reach, |span| {
            for (item, place) in look.grid.items()[span.clone()].iter().zip(&look.places[span]) {
                let item = usize::from(*item);
                let away = square(i64::from(place[0]) - i64::from(x))
                    + square(i64::from(place[1]) - i64::from(y));
                let seen = before[item >> 5] >> (item & 31) & 1 != 0;
                let kept = if seen { i64::from(self.keep) } else { 0 };
                let within = match self.kind(look, item).seen_within {
                    0 => radius,
                    own => own,
                };
                if away > square(i64::from(within) + kept) {
                    continue;
                }
                let hidden = sight.as_ref().is_some_and(|(sight, viewer)| {
                    (!seen || sight.turn(slot, item))
                        && sight.hides(viewer, &Target::of(&look.world, item), &mut hints[item])
                });
                if !hidden {
                    see(item, away);
                }
            }
        });
        self.relevant(look, own, |item| see(item, look.away(own, item)));
        visible[own >> 5] &= !(1 << (own & 31));
    }

    fn kind(&self, look: &Look, item: usize) -> &ConfigKind {
        &self.kinds[look.world.get(column::KIND, item) as usize - 1]
    }

    /// Tells what is seen wherever it is.
    fn relevant(&self, look: &Look, own: usize, mut tell: impl FnMut(usize)) {
        if self.kinds.iter().all(|kind| kind.relevance == 0) {
            return;
        }
        let team = look.world.get(column::TEAM, own);
        for item in look.grid.items() {
            let item = usize::from(*item);
            let friend = team != 0 && look.world.get(column::TEAM, item) == team;
            match self.kind(look, item).relevance {
                ALWAYS => tell(item),
                TEAM if friend => tell(item),
                _ => {}
            }
        }
    }
}
