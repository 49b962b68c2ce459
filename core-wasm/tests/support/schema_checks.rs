//! What a client of a random schema holds, beside the copied world. The rules of precision are written down anew here,
//! in exact arithmetic: half a quantum for places, half a sixteenth of one per tick for velocities, half a step for aim.

use super::*;

impl Moment {
    fn get(&self, entities: usize, column: usize, row: usize) -> i64 {
        i64::from(self.columns[column * entities + row])
    }
}

impl World<'_> {
    /// Every snapshot that a client has taken in since the last look.
    pub fn look(&mut self, k: usize) -> Outcome {
        let stats = self.seats[k].player.stats();
        claim!(stats.hash_mismatches == 0, "{} witnesses differ", stats.hash_mismatches);
        claim!(stats.hash_checks == stats.snapshots, "{} without witness", stats.snapshots);
        claim!(stats.malformed == 0, "{} packets were malformed", stats.malformed);
        let held: Vec<u32> = {
            let client = self.seats[k].player.client();
            let history = client.m.head[0].sizes.history as usize;
            let ticks = client.m.held[..history].iter().map(|held| held.tick);
            ticks.filter(|tick| *tick != u32::MAX).collect()
        };
        for tick in held {
            if self.seats[k].seen.insert(tick) {
                self.look_at(k, tick)?;
            }
        }
        Ok(())
    }

    fn look_at(&mut self, k: usize, tick: u32) -> Outcome {
        self.checked.snapshots += 1;
        let Some(moment) = self.moments.get(&tick) else {
            return Err(TestCaseError::fail(format!("a snapshot of tick {tick}")));
        };
        let (plan, setup) = (self.plan, &self.setup);
        let entities = setup.head.entities_max as usize;
        let seat = &mut self.seats[k];
        let own = (seat.handle & 0xffff) as usize;
        let mut client = seat.player.client();
        client.view(tick, 0, tick, 0);
        let newest = client.m.head[0].newest == tick;
        let sizes = client.m.head[0].sizes;
        let place = tick as usize & (sizes.history as usize - 1);
        let words = sizes.set_words as usize;
        let set = client.m.sets[place * words..][..words].to_vec();
        let has = |e: usize| set[e / 32] >> (e % 32) & 1 != 0;
        own_is(&client, moment, setup, own, place)?;
        let mut exact = true;
        for e in (0..entities).filter(|e| *e != own) {
            let seen = within(moment, entities, own, e);
            claim!(seen || !has(e), "tick {tick}: {e} is held and cannot be seen");
            exact &= seen == has(e);
        }
        self.checked.sets += 1;
        self.checked.exact_sets += u64::from(exact);
        claim!(exact || moment.deferred, "tick {tick}: somebody in view is missing");
        let shown = client.m.view_list[0] as usize;
        for e in client.m.view_list[1..=shown].iter().copied() {
            let e = e as usize;
            let at = |column: usize| i64::from(client.m.view[column * entities + e]);
            if e == own || at(column::SLOT) == 0xfffe || client.held_row(tick, e).is_none() {
                continue;
            }
            self.checked.rows += 1;
            let was = |column: usize| moment.get(entities, column, e);
            if newest {
                let (a, b) = (at(column::GENERATION), was(column::GENERATION));
                claim!(a == b, "tick {tick}: {e} is generation {a}, not {b}");
            }
            row_is(plan, &at, &was)
                .map_err(|what| TestCaseError::fail(format!("tick {tick}, row {e}: {what}")))?;
            for field in setup.fields.iter().filter(|f| {
                i64::from(f.kind) == was(column::KIND) && f.audience == audience::VISIBLE
            }) {
                let column = usize::from(field.column);
                let (a, b) = (at(column), was(column));
                claim!(a == b, "tick {tick}, row {e}, field {column} of {field:?}: {a}, not {b}");
                self.checked.values += 1;
            }
        }
        Ok(())
    }

    /// In a quiet room: everything that is told reliably, and what is in view.
    pub fn told_all(&mut self, k: usize, enough: bool) -> Outcome {
        let now = self.room.room().r.head[0].tick;
        let Seat { player, handle, .. } = &mut self.seats[k];
        let own = (*handle & 0xffff) as usize;
        let client = player.client();
        let newest = client.m.head[0].newest;
        claim!(newest != u32::MAX && newest + 4 >= now, "newest {newest} at {now}");
        let view = self.room.room();
        claim!(client.m.roster == view.r.roster, "another roster");
        claim!(client.m.stats[0].walls_hash == view.r.stats[0].walls_hash, "other walls");
        for field in self.setup.room_fields.iter().filter(|f| f.audience != audience::NONE) {
            let at = usize::from(field.column);
            let (a, b) = (client.m.room_fields[at], view.r.room_fields[at]);
            claim!(a == b, "room field {at}: {a}, not {b}");
        }
        let place = newest as usize & (client.m.head[0].sizes.history as usize - 1);
        let words = client.m.head[0].sizes.set_words as usize;
        let set = &client.m.sets[place * words..][..words];
        let entities = self.setup.head.entities_max as usize;
        let moment = &self.moments[&now];
        let bytes = self.setup.head.text_bytes as usize;
        for e in (0..entities).filter(|e| *e != own && within(moment, entities, own, *e)) {
            let held = set[e / 32] >> (e % 32) & 1 != 0;
            claim!(held || !enough, "{e} stands in view and is not held");
            let number = moment.get(entities, column::KIND, e);
            for text in self
                .setup
                .texts
                .iter()
                .filter(|t| i64::from(t.kind) == number && t.audience == audience::VISIBLE)
            {
                let at = e * bytes + usize::from(text.offset);
                let length = usize::from(view.r.texts[at]);
                let (a, b) = (&client.m.texts[at..=at + length], &view.r.texts[at..=at + length]);
                claim!(a == b, "text {} of {e}: {a:?}, not {b:?}", text.index);
            }
        }
        for text in self.setup.texts.iter().filter(|t| t.kind == 0 && t.audience != audience::NONE)
        {
            let at = usize::from(text.offset);
            let length = usize::from(view.r.room_texts[at]);
            let a = &client.m.room_texts[at..=at + length];
            claim!(a == &view.r.room_texts[at..=at + length], "room text {}", text.index);
        }
        self.checked.undecodable += u64::from(client.m.stats[0].undecodable);
        Ok(())
    }
}

/// The rule of who sees whom, over i128.
fn within(moment: &Moment, entities: usize, own: usize, e: usize) -> bool {
    let get = |column: usize, row: usize| i128::from(moment.get(entities, column, row));
    if get(column::KIND, e) == 0 || get(column::FLAGS, e) & i128::from(flag::ALIVE) == 0 {
        return false;
    }
    let (dx, dy) =
        (get(column::X, e) - get(column::X, own), get(column::Y, e) - get(column::Y, own));
    let radius = get(column::VIEW_RADIUS, own);
    dx * dx + dy * dy <= radius * radius
}

/// One's own player travels exact.
fn own_is(
    client: &fray_core::client::Client,
    moment: &Moment,
    setup: &Setup,
    own: usize,
    place: usize,
) -> Outcome {
    let entities = setup.head.entities_max as usize;
    let was = |column: usize| moment.get(entities, column, own);
    let fast = client.m.own_fast[place];
    let half = |column: usize| was(column).clamp(0, 0xffff);
    let steady = i64::from(flag::ALIVE | flag::GROUNDED | flag::JUMP_HELD);
    for (name, a, b) in [
        ("x", i64::from(fast.x), was(column::X)),
        ("y", i64::from(fast.y), was(column::Y)),
        ("z", i64::from(fast.z), was(column::Z)),
        ("vx", i64::from(fast.vx), was(column::VX)),
        ("vy", i64::from(fast.vy), was(column::VY)),
        ("vz", i64::from(fast.vz), was(column::VZ)),
        ("dash left", i64::from(fast.dash_left), half(column::DASH_LEFT)),
        ("dash wait", i64::from(fast.dash_wait), half(column::DASH_WAIT)),
        ("weapon wait", i64::from(fast.weapon_wait), half(column::WEAPON_WAIT)),
        ("flags", i64::from(fast.flags) & steady, was(column::FLAGS) & steady),
    ] {
        claim!(a == b, "own {name}: {a}, not {b}");
    }
    let values = client.m.head[0].sizes.own_values as usize;
    let fields = setup.fields.iter().filter(|f| {
        f.kind == 1 && (f.audience == audience::OWNER || f.audience == audience::VISIBLE)
    });
    let slow = [
        column::HEALTH,
        column::TEAM,
        column::WEAPON,
        column::RADIUS,
        column::HEIGHT,
        column::TOP_SPEED,
        column::ACCELERATION,
        column::FRICTION,
        column::DASH_X,
        column::DASH_Y,
        column::PROTECTED_UNTIL,
        column::VIEW_RADIUS,
    ];
    let columns = slow.into_iter().chain(fields.map(|f| usize::from(f.column)));
    let held = &client.m.own_slow[place * values..][..values];
    claim!(columns.clone().count() == held.len(), "{} own values", held.len());
    for (column, a) in columns.zip(held) {
        let b = was(column);
        claim!(i64::from(*a) == b, "own column {column}: {a}, not {b}");
    }
    Ok(())
}

/// The built-in values of somebody else, to the declared precision.
fn row_is(
    plan: &Plan,
    at: &dyn Fn(usize) -> i64,
    was: &dyn Fn(usize) -> i64,
) -> Result<(), String> {
    let quantum = 1i64 << plan.shift;
    let same = |column: usize, name: &str, mask: i64| {
        let (a, b) = (at(column), was(column) & mask);
        if a == b {
            Ok(())
        } else {
            Err(format!("{name} {a}, not {b}"))
        }
    };
    same(column::KIND, "kind", -1)?;
    same(column::TEAM, "team", 255)?;
    same(column::WEAPON, "weapon", 255)?;
    same(column::TELEPORT, "teleport", 3)?;
    let health = was(column::HEALTH).clamp(0, ((1 << plan.health_bits) - 1).max(1));
    if at(column::HEALTH) != health {
        return Err(format!("health {}, not {health}", at(column::HEALTH)));
    }
    let axes = if plan.high { 3 } else { 2 };
    for column in [column::X, column::Y, column::Z].into_iter().take(axes) {
        let (a, b) = (at(column), was(column));
        if 2 * (a - b).abs() > quantum || a % quantum != 0 {
            return Err(format!("place {a}, not {b}, in quanta of {quantum}"));
        }
    }
    for column in [column::VX, column::VY, column::VZ].into_iter().take(axes) {
        // In 1/16 quantum; the largest number of units is 32,767. Half a unit there and half of 1/65536 back.
        let (a, b) = (16 * at(column), 16 * was(column));
        let b = b.clamp(-32768 * quantum, 32767 * quantum);
        if 2 * (a - b).abs() > quantum + 16 {
            return Err(format!("velocity {a}, not {b}, in quanta of {quantum} / 16"));
        }
    }
    let step = 65536i64 >> plan.aim_bits;
    let turned = (at(column::AIM) - was(column::AIM)).rem_euclid(65536);
    if 2 * turned.min(65536 - turned) > step || at(column::AIM) % step != 0 {
        return Err(format!("aim {}, not {}", at(column::AIM), was(column::AIM)));
    }
    let down = was(column::PITCH) - at(column::PITCH);
    if plan.high && !(0..step).contains(&down) {
        return Err(format!("pitch {}, not {}", at(column::PITCH), was(column::PITCH)));
    }
    let (a, b) = (at(column::RADIUS), was(column::RADIUS).min(0xffff * quantum));
    if 2 * (a - b).abs() > quantum {
        return Err(format!("radius {a}, not {b}"));
    }
    Ok(())
}
