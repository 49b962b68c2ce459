import t from 'tap';
import { FrayError } from '../../src/errors.ts';
import {
  angle,
  axis2,
  bits,
  bool,
  box,
  button,
  circle,
  defineSchema,
  hitscan,
  i32,
  player,
  projectile,
  quantised,
  text,
  u8,
  u16,
} from '../../src/schema/index.ts';
import { sample } from './sample.ts';

/** A declaration as JavaScript would pass it. */
const loose = defineSchema as unknown as (declaration: object) => typeof sample;

function message(declaration: object): string {
  try {
    loose(declaration);
  } catch (error) {
    if (error instanceof FrayError && error.code === 'E_SCHEMA') return error.message;
    throw error;
  }
  return 'no error';
}

const base = { name: 'g', input: { move: axis2() } };

t.test('a wrong schema is E_SCHEMA that names the path', (t) => {
  const refusals: [object, string][] = [
    [{ ...base, name: '' }, 'name: must be'],
    [{ ...base, tickRateHz: 0 }, 'tickRateHz: must be 1..128'],
    [{ ...base, tickRateHz: 29.5 }, 'tickRateHz: must be an integer'],
    [{ ...base, tickRateHZ: 30 }, 'tickRateHZ: is not an option'],
    [{ ...base, player: { fields: { kills: 3 } } }, 'player.fields.kills: must be an object'],
    [{ ...base, player: { fields: { kills: {} } } }, 'player.fields.kills: must be a field'],
    [{ ...base, player: { fields: { health: u8() } } }, 'player.fields.health: is built in'],
    [{ ...base, player: { fields: { x: u8() } } }, 'player.fields.x: is built in'],
    [{ ...base, player: { fields: { id: u8() } } }, 'player.fields.id: is built in'],
    [{ ...base, player: { fields: { name: text(8) } } }, 'player.fields.name: is built in'],
    [
      { ...base, player: { fields: { constructor: u8() } } },
      'player.fields.constructor: is a name of JavaScript',
    ],
    [{ ...base, player: { fields: { 'a b': u8() } } }, 'player.fields.a b: a name is'],
    [
      { ...base, player: { fields: { kills: u8({ initial: 300 }) } } },
      'player.fields.kills: starts outside',
    ],
    [
      { ...base, player: { fields: { kills: u8({ max: 300 }) } } },
      'player.fields.kills: holds at most 255',
    ],
    [
      { ...base, player: { fields: { kills: u8({ min: 9, max: 3 }) } } },
      'player.fields.kills: needs integers',
    ],
    [{ ...base, player: { fields: { kills: bits(0) } } }, 'player.fields.kills: needs 1..31 bits'],
    [{ ...base, player: { fields: { kills: bits(32) } } }, 'player.fields.kills: needs 1..31 bits'],
    [
      { ...base, player: { fields: { kills: quantised({ min: 0, max: 1, step: 0 }) } } },
      'player.fields.kills: needs min < max',
    ],
    [{ ...base, player: { fields: { kills: text(129) } } }, 'player.fields.kills: must be 1..128'],
    [
      {
        ...base,
        player: {
          fields: Object.fromEntries(Array.from({ length: 33 }, (_, k) => [`f${k}`, u8()])),
        },
      },
      'player.fields: has 33 fields',
    ],
    [
      { ...base, player: { movement: { topSpeed: -1 } } },
      'player.movement.topSpeed: must be 0..200',
    ],
    [
      { ...base, player: { movement: { dash: { speed: 3, durationMs: 3 } } } },
      'player.movement.dash.cooldownMs: is missing',
    ],
    [{ ...base, player: { shape: box(1, 1) } }, 'player.shape: must be circle'],
    [
      {
        ...base,
        tickRateHz: 1,
        weapons: { a: projectile({ damage: 1, cooldownMs: 1, speed: 100, lifeMs: 9 }) },
      },
      'weapons.a.speed: must be 0..64',
    ],
    [
      { ...base, weapons: { a: hitscan({ damage: 1, cooldownMs: 1, range: Number.NaN }) } },
      'weapons.a.range: must be',
    ],
    [{ ...base, weapons: { a: {} } }, 'weapons.a: must be projectile'],
    [
      { ...base, player: { fields: { clan: text(9, { to: 'room' }) } } },
      "player.fields.clan: cannot go to 'room'",
    ],
    [
      { ...base, room: { fields: { a: u8({ to: 'owner' }) } } },
      "room.fields.a: cannot go to 'owner', only to 'room', 'none'",
    ],
    [
      { ...base, kinds: { crate: { shape: circle(1), fields: { a: u8({ to: 'owner' }) } } } },
      "kinds.crate.fields.a: cannot go to 'owner'",
    ],
    [{ ...base, kinds: { crate: {} } }, 'kinds.crate.shape: must be an object'],
    [{ ...base, kinds: { player: { shape: circle(1) } } }, 'kinds.player: is built in'],
    [{ ...base, toServer: { chat: { text: text(4000) } } }, 'toServer.chat.text: must be 1..2048'],
    [{ ...base, toServer: { chat: { a: text(2048), b: text(2048) } } }, 'toServer.chat: can be'],
    [
      { ...base, toClient: { chat: { a: u8({ to: 'room' }) } } },
      "toClient.chat.a: cannot have a 'to' here",
    ],
    [{ ...base, timers: { a: { t: text(3) } } }, 'timers.a.t: must not be a text'],
    [
      { ...base, timers: { a: { a: u8(), b: u8(), c: u8(), d: u8(), e: u8() } } },
      'timers.a: has 5 arguments',
    ],
    [{ ...base, input: { a: axis2(), b: axis2() } }, 'input: has more than one axis2()'],
    [{ ...base, input: { a: angle(), b: angle() } }, 'input: has more than one angle()'],
    [{ ...base, input: { fire: u8() } }, 'input.fire: must be a button()'],
    [{ ...base, input: { a: u16() } }, 'input.a: must be axis2()'],
    [
      {
        ...base,
        input: Object.fromEntries(Array.from({ length: 13 }, (_, k) => [`b${k}`, button()])),
      },
      "input: has 13 buttons of the author's",
    ],
    [{ name: 'g' }, 'input: must be an object'],
    [{ ...base, world: { width: 1 } }, 'world.width: must be 2..32768'],
    [{ ...base, world: { dimensions: 4 } }, 'world.dimensions: must be 2 or 3'],
    [{ ...base, net: { aimBits: 4.5 } }, 'net.aimBits: must be an integer'],
    [{ ...base, net: { snapshotBytesMax: 5000 } }, 'net.snapshotBytesMax: must be 224..1000 bytes'],
    [{ ...base, net: { rewindMsMax: 1001 } }, 'net.rewindMsMax: must be 0..1000 ms'],
    [{ ...base, net: { rewindCoverMsMax: 201 } }, 'net.rewindCoverMsMax: must be 0..200 ms'],
    [
      { ...base, net: { rewindMsMax: 90, rewindCoverMsMax: 91 } },
      'net.rewindCoverMsMax: must be 0..90 ms',
    ],
    [{ ...base, net: { deadStopShots: 1 } }, 'net.deadStopShots: must be true or false'],
    [{ ...base, net: { hideBehindWalls: 1 } }, 'net.hideBehindWalls: must be true or false'],
    [{ ...base, net: { viewKeep: 65 } }, 'net.viewKeep: must be 0..64 units'],
    [{ ...base, net: { halfRateFrom: 1.5 } }, 'net.halfRateFrom: must be 0..1'],
    [
      { ...base, net: { halfRateFrom: 0.5, quarterRateFrom: 0.4 } },
      'net.quarterRateFrom: must be 0.5..1',
    ],
    [{ ...base, net: { sendEvery: 3 } }, 'net.sendEvery: must be 1, 2 or 4'],
    [{ ...base, net: { sendEvery: 4 } }, 'net.sendEvery: is longer than net.interpolationMs'],
    [{ ...base, player: { seenByTeam: 1 } }, 'player.seenByTeam: must be true or false'],
    [
      { ...base, kinds: { flag: { shape: circle(1), seenWithin: -1 } } },
      'kinds.flag.seenWithin: must be 0..512 units',
    ],
    [
      { ...base, kinds: { flag: { shape: circle(1), alwaysSeen: 'yes' } } },
      'kinds.flag.alwaysSeen: must be true or false',
    ],
  ];
  for (const [declaration, wanted] of refusals) {
    t.match(message(declaration), `Cannot use this schema: ${wanted}`, wanted);
  }
  t.end();
});

t.test('the smallest schema has documented defaults', (t) => {
  const { layout, tickRateHz } = defineSchema({ name: 'g', input: {} });
  t.equal(tickRateHz, 30);
  t.match(layout.world, { width: 64, depth: 64, dimensions: 2, gravity: 0 });
  t.match(layout.net, { snapshotBytesMax: 600, interpolationMs: 100, aimBits: 8 });
  t.match(layout.movement, { topSpeed: 6, acceleration: 60, friction: 40, dash: null });
  t.equal(layout.kinds[0]?.health, 100);
  t.equal(layout.columns, 32);
  t.end();
});

t.test('fields stand in their columns, texts behind one another', (t) => {
  const [players, , crate] = sample.layout.kinds;
  t.same(
    players?.fields.map((field) => [field.name, field.column, field.audience]),
    [
      ['kills', 32, 'room'],
      ['colour', 33, 'visible'],
      ['ammo', 34, 'owner'],
      ['streak', 35, 'none'],
      ['stealth', 36, 'visible'],
      ['charge', 37, 'visible'],
      ['score', 38, 'none'],
    ],
  );
  t.same(
    crate?.texts.map(({ name, index, offset }) => [name, index, offset]),
    [['note', 0, 0]],
  );
  t.same(
    sample.layout.roomFields.map((field) => [field.name, field.column, field.audience]),
    [
      ['leader', 0, 'room'],
      ['startedAt', 1, 'room'],
      ['secret', 2, 'none'],
    ],
  );
  t.equal(sample.layout.columns, 39);
  t.equal(sample.layout.textBytes, 16, '1 + 12, rounded up');
  t.equal(sample.layout.roomTextBytes, 24, '1 + 20, rounded up');
  t.same(
    sample.layout.inputs.map(({ name, kind, place }) => [name, kind, place]),
    [
      ['move', 'move', 0],
      ['aim', 'aim', 0],
      ['fire', 'button', 0],
      ['wave', 'button', 4],
      ['dash', 'button', 1],
      ['lean', 'axis', 0],
      ['tool', 'field', 1],
    ],
  );
  t.end();
});

t.test(
  'the hash is the same for the same schema, and differs for every change that both ends must know',
  (t) => {
    const schema = (change: object = {}) =>
      loose({ ...base, player: { fields: { a: u8(), b: bool() } }, ...change }).hash;
    t.equal(schema(), schema());
    t.equal(
      schema(),
      0xecf90c0e5d3b44e4n,
      'golden: an engine or a refactoring that changes it locks players out',
    );
    const changes: object[] = [
      { name: 'h' },
      { tickRateHz: 60 },
      { player: { fields: { b: bool(), a: u8() } } },
      { player: { fields: { a: u16(), b: bool() } } },
      { player: { fields: { a: u8({ to: 'owner' }), b: bool() } } },
      { toServer: { chat: { text: text(10) } } },
      { world: { width: 65 } },
      { kinds: { crate: { shape: circle(1) } } },
      { timers: { a: { n: i32(), who: player() } } },
    ];
    const hashes = new Set([schema(), ...changes.map((change) => schema(change))]);
    t.equal(hashes.size, changes.length + 1);
    t.equal(schema({ tickRateHz: 30 }), schema(), 'a default that is written out changes nothing');
    t.end();
  },
);
