import fc from 'fast-check';
import { test } from 'tap';
import { CATCH_UP_TICKS_MAX, PHASE_SLOTS, PhaseSlots } from '../../workers/slots.ts';

const INTERVAL = 1e6 / 30;
const at = (us: number): Float64Array => Float64Array.of(us);

test('rooms are spread evenly over at most 8 phase slots', (t) => {
  const slots = new PhaseSlots<number>();
  const taken = Array.from({ length: 20 }, (_, room) => slots.add(room, INTERVAL, 5e6));
  const sizes = new Map<number, number>();
  for (const slot of taken) sizes.set(slot.index, (sizes.get(slot.index) ?? 0) + 1);
  t.equal(sizes.size, PHASE_SLOTS);
  t.same([...sizes.values()].sort(), [2, 2, 2, 2, 3, 3, 3, 3]);
  t.ok(
    Math.abs(Math.abs((taken[0]?.dueUs ?? 0) - (taken[1]?.dueUs ?? 0)) - INTERVAL / 2) < 0.01,
    'two rooms stand half an interval apart',
  );
  const dues = [...new Set(taken)].map((slot) => slot.dueUs).sort((a, b) => a - b);
  for (let i = 1; i < dues.length; i += 1)
    t.ok(Math.abs((dues[i] ?? 0) - (dues[i - 1] ?? 0) - INTERVAL / 8) < 0.01);
  t.end();
});

test('a slot keeps its beat, catches up at most 3 ticks and skips the rest', (t) => {
  const slots = new PhaseSlots<string>();
  const slot = slots.add('a', 1000, 10_000);
  t.equal(slot.dueUs, 11_000);
  t.equal(slots.take(slot, at(11_400)), 1);
  t.equal(slot.dueUs, 12_000, 'a late tick does not move the next');
  t.equal(slots.take(slot, at(14_100)), 3);
  t.equal(slot.tickUs, 14_000);
  t.equal(slot.dueUs, 15_000);
  t.equal(slot.skipped, 0);
  t.equal(slots.take(slot, at(25_999)), 1 + CATCH_UP_TICKS_MAX);
  t.equal(slot.skipped, 10 - CATCH_UP_TICKS_MAX);
  t.equal(slot.dueUs, 26_000);
  t.end();
});

test('ticks run + ticks skipped = intervals passed, whatever the lateness; due moments stay on the grid', (t) => {
  const property = fc.property(
    fc.array(fc.integer({ min: 0, max: 9000 }), { maxLength: 60, size: 'max' }),
    (lates) => {
      const slots = new PhaseSlots<string>();
      const slot = slots.add('a', 1000, 0);
      const first = slot.dueUs;
      let ran = 0;
      for (const late of lates) ran += slots.take(slot, at(slot.dueUs + late));
      return slot.dueUs - first === (ran + slot.skipped) * 1000;
    },
  );
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

test('the slot that is due first comes first; empty slots do not count; rates may differ', (t) => {
  const slots = new PhaseSlots<string>();
  t.equal(slots.next(), undefined);
  const slow = slots.add('slow', 1e6 / 20, 0);
  const fast = slots.add('fast', 1e6 / 128, 0);
  t.equal(slots.next(), fast);
  slots.remove(fast, 'fast');
  t.equal(slots.next(), slow);
  slots.add('fast again', 1e6 / 128, 40_000);
  t.ok(
    fast.dueUs > 40_000 && fast.dueUs <= 40_000 + 1e6 / 128,
    'a slot that stood empty owes no ticks',
  );
  t.end();
});

test('a slot that rests is due on its grid, and with the next interval once it is roused', (t) => {
  const slots = new PhaseSlots<string>();
  const slot = slots.add('a', 1000, 10_000);
  slots.take(slot, at(11_000));
  slot.turns = 8;
  slots.rest(slot, 3);
  t.match(slot, { dueUs: 15_000, turns: 11, resting: true, slept: 3, skipped: 0 });
  slots.rouse(slot, 12_300);
  t.match(slot, { dueUs: 13_000, turns: 9, resting: false, slept: 1 });
  slots.rouse(slot, 12_900);
  t.equal(slot.dueUs, 13_000, 'once');
  slots.rest(slot, 3);
  slots.rouse(slot, 16_500);
  t.match(slot, { dueUs: 16_000, turns: 12 }, 'one that is due stays due');
  slots.rest(slot, 0);
  t.equal(slot.resting, false);
  t.end();
});

test('slower time stretches the intervals, and real time is back on the grid', (t) => {
  const slots = new PhaseSlots<string>();
  const slot = slots.add('a', 1000, 10_000);
  slots.pace(500);
  t.equal(slots.take(slot, at(11_000)), 1);
  t.match(slot, { tickUs: 11_000, dueUs: 13_000 });
  t.equal(slots.take(slot, at(14_900)), 1, 'late by less than an interval');
  t.equal(slots.take(slot, at(17_100)), 1, 'none is made up for');
  t.match(slot, { tickUs: 17_000, dueUs: 19_000, skipped: 1 });
  slots.pace(800);
  t.equal(slots.take(slot, at(19_000)), 1);
  t.equal(slot.dueUs, 20_250);
  slots.pace(1000);
  t.equal(slots.take(slot, at(20_250)), 1);
  t.equal(slot.dueUs, 21_000, 'on the grid again');
  t.equal(slots.take(slot, at(21_000)), 1);
  t.equal(slot.dueUs, 22_000);
  t.end();
});
