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
import { axis2, button, circle, defineSchema, player, text, u8 } from '../../src/schema/index.ts';
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
  const game = { name: 'g', input: { move: axis2(), fire: button() } };
  const refused = (define: () => unknown): void => void t.throws(define, { code: 'E_SCHEMA' });
  const owner = { a: u8({ to: 'owner' }) };
  const room = { a: u8({ to: 'room' }) };
  const health = { health: u8() };
  const shape = circle(1);
  // @ts-expect-error a field named like a built-in
  refused(() => defineSchema({ ...game, player: { fields: health } }));
  // @ts-expect-error a field named like a built-in, in a kind
  refused(() => defineSchema({ ...game, kinds: { a: { shape, fields: health } } }));
  // @ts-expect-error a kind named like a built-in
  refused(() => defineSchema({ ...game, kinds: { player: { shape } } }));
  // @ts-expect-error room fields have no owner
  refused(() => defineSchema({ ...game, room: { fields: owner } }));
  // @ts-expect-error fields of kinds go to those who see them, or nowhere
  refused(() => defineSchema({ ...game, kinds: { a: { shape, fields: room } } }));
  // @ts-expect-error no such audience
  refused(() => defineSchema({ ...game, player: { fields: { a: u8({ to: 'all' }) } } }));
  // @ts-expect-error a message field goes where the message goes
  refused(() => defineSchema({ ...game, toClient: { a: { who: player({ to: 'room' }) } } }));
  // @ts-expect-error timers take no text
  refused(() => defineSchema({ ...game, timers: { a: { t: text(4) } } }));
  // @ts-expect-error not an option
  refused(() => defineSchema({ ...game, tickRate: 30 }));
  // @ts-expect-error not an option of a player
  refused(() => defineSchema({ ...game, player: { speed: 3 } }));
  // @ts-expect-error a number is no field
  refused(() => defineSchema({ ...game, player: { fields: { kills: 3 } } }));
  // @ts-expect-error no input
  refused(() => defineSchema({ name: 'g' }));
  t.end();
});
