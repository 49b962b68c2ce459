/** What the compiler must accept and refuse. `tsc` is the test: an unused expectation is an error. */
import t from 'tap';
import type {
  InputOf,
  KindFieldsOf,
  MessagesToClient,
  MessagesToServer,
  OwnPlayerFieldsOf,
  PlayerFieldsOf,
  PlayerId,
  RoomFieldsOf,
  SeenPlayerFieldsOf,
  TimersOf,
  WeaponName,
} from '../../src/schema/index.ts';
import {
  axis2,
  bits,
  button,
  circle,
  defineSchema,
  player,
  text,
  u8,
} from '../../src/schema/index.ts';
import type { sample } from './sample.ts';

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};
type S = typeof sample;

t.test('inputs, fields, messages and timers are inferred', (t) => {
  same<InputOf<S>['fire'], boolean>(true);
  same<InputOf<S>['move'], { readonly x: number; readonly y: number }>(true);
  same<InputOf<S>['aim'], number>(true);
  same<InputOf<S>['tool'], number>(true);
  same<PlayerFieldsOf<S>['stealth'], boolean>(true);
  same<PlayerFieldsOf<S>['clan'], string>(true);
  same<RoomFieldsOf<S>['leader'], PlayerId>(true);
  same<KindFieldsOf<S, 'crate'>['content'], number>(true);
  same<keyof KindFieldsOf<S, 'flag'>, 'holder' | 'facing'>(true);
  same<MessagesToServer<S>['chat'], { text: string }>(true);
  same<MessagesToClient<S>['chat'], { from: PlayerId; text: string }>(true);
  same<TimersOf<S>['respawn'], { who: PlayerId }>(true);
  same<WeaponName<S>, 'blaster' | 'rail'>(true);
  t.end();
});

t.test('what does not leave the server is not in the types of clients', (t) => {
  same<keyof SeenPlayerFieldsOf<S>, 'kills' | 'colour' | 'stealth' | 'charge' | 'clan'>(true);
  same<keyof OwnPlayerFieldsOf<S>, 'kills' | 'colour' | 'ammo' | 'stealth' | 'charge' | 'clan'>(
    true,
  );
  t.end();
});

t.test('what cannot be is a type error, and E_SCHEMA as well', (t) => {
  const input = { move: axis2(), fire: button() };
  // @ts-expect-error a field named like a built-in
  t.throws(() => defineSchema({ name: 'g', input, player: { fields: { health: u8() } } }), {
    code: 'E_SCHEMA',
  });
  // @ts-expect-error a field named like a built-in, in a kind
  t.throws(
    () =>
      defineSchema({ name: 'g', input, kinds: { a: { shape: circle(1), fields: { x: u8() } } } }),
    { code: 'E_SCHEMA' },
  );
  // @ts-expect-error a kind named like a built-in
  t.throws(() => defineSchema({ name: 'g', input, kinds: { player: { shape: circle(1) } } }), {
    code: 'E_SCHEMA',
  });
  // @ts-expect-error room fields have no owner
  t.throws(() => defineSchema({ name: 'g', input, room: { fields: { a: u8({ to: 'owner' }) } } }), {
    code: 'E_SCHEMA',
  });
  // @ts-expect-error fields of kinds go to those who see them, or nowhere
  t.throws(
    () =>
      defineSchema({
        name: 'g',
        input,
        kinds: { a: { shape: circle(1), fields: { b: bits(2, { to: 'room' }) } } },
      }),
    { code: 'E_SCHEMA' },
  );
  // @ts-expect-error no such audience
  t.throws(() => defineSchema({ name: 'g', input, player: { fields: { a: u8({ to: 'all' }) } } }), {
    code: 'E_SCHEMA',
  });
  // @ts-expect-error a message field goes where the message goes
  t.throws(
    () => defineSchema({ name: 'g', input, toClient: { a: { who: player({ to: 'room' }) } } }),
    { code: 'E_SCHEMA' },
  );
  // @ts-expect-error timers take no text
  t.throws(() => defineSchema({ name: 'g', input, timers: { a: { t: text(4) } } }), {
    code: 'E_SCHEMA',
  });
  // @ts-expect-error not an option
  t.throws(() => defineSchema({ name: 'g', input, tickRate: 30 }), { code: 'E_SCHEMA' });
  // @ts-expect-error not an option of a player
  t.throws(() => defineSchema({ name: 'g', input, player: { speed: 3 } }), { code: 'E_SCHEMA' });
  // @ts-expect-error a number is no field
  t.throws(() => defineSchema({ name: 'g', input, player: { fields: { kills: 3 } } }), {
    code: 'E_SCHEMA',
  });
  // @ts-expect-error no input
  t.throws(() => defineSchema({ name: 'g' }), { code: 'E_SCHEMA' });
  t.end();
});
