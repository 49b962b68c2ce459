import fc from 'fast-check';
import { test } from 'tap';
import { ClientEvent, InputCommand } from '../../protocol/gen/tables.ts';
import { EventQueue } from '../../src/client/events.ts';
import { controlsOf, Steer } from '../../src/client/headless/steer.ts';
import { findWords, readLine, TalkCheck, writeLine } from '../../src/client/headless/talk.ts';
import { InputSampler } from '../../src/client/input.ts';
import { linkText } from '../../src/client/link.ts';
import { Listeners } from '../../src/client/listeners.ts';
import { SharedPacer, TimerPacer } from '../../src/client/pacer.ts';
import {
  angle,
  axis,
  axis2,
  bits,
  button,
  defineSchema,
  player,
  text,
  u8,
} from '../../src/schema/index.ts';

const schema = defineSchema({
  name: 'parts',
  input: {
    move: axis2(),
    aim: angle(),
    fire: button(),
    wave: button(),
    lean: axis(),
    stance: bits(3),
  },
  toServer: { shout: { loud: u8({ min: 2 }), text: text(60) }, chat: { text: text(120) } },
  toClient: { note: { text: text(100) }, chat: { from: player(), text: text(120) } },
});

test('a button that was down at any time since the last sample counts as pressed, once', async (t) => {
  const sampler = new InputSampler(schema.layout);
  const command = new DataView(new ArrayBuffer(InputCommand.bytes));
  const buttons = () => command.getUint16(InputCommand.buttons, true);
  sampler.set({ fire: true });
  sampler.set({ fire: false });
  sampler.sample(command, 1, Uint32Array.of(0, 0));
  t.equal(buttons(), 1, 'the tap between two ticks');
  sampler.sample(command, 2, Uint32Array.of(0, 0));
  t.equal(buttons(), 0);
  sampler.set({ fire: true });
  sampler.sample(command, 3, Uint32Array.of(0, 0));
  sampler.sample(command, 4, Uint32Array.of(0, 0));
  t.equal(buttons(), 1, 'held');
  sampler.set({ wave: true });
  sampler.sample(command, 5, Uint32Array.of(0, 0));
  t.equal(buttons(), 1 | 16, 'inputs that are not named stay');
  sampler.clear();
  sampler.sample(command, 6, Uint32Array.of(0, 0));
  t.equal(buttons(), 0);
});

test("a command carries stick, aim, the author's inputs and the view tick", async (t) => {
  const sampler = new InputSampler(schema.layout);
  const command = new DataView(new ArrayBuffer(InputCommand.bytes));
  const move = { x: 3, y: 4 };
  sampler.set({ move, aim: Math.PI, lean: -1, stance: 5 });
  move.x = 0;
  sampler.sample(command, 77, Uint32Array.of(12, 16384));
  t.equal(command.getUint32(InputCommand.tick, true), 77);
  t.equal(command.getInt8(InputCommand.moveX), 76, 'a stick is at most 1 long, and copied');
  t.equal(command.getInt8(InputCommand.moveY), 102);
  t.equal(command.getUint16(InputCommand.aim, true), 32768);
  t.equal(command.getInt16(InputCommand.aux, true), -127);
  t.equal(command.getInt16(InputCommand.aux + 2, true), 5);
  t.equal(command.getUint32(InputCommand.viewTick, true), 12);
  t.equal(command.getUint16(InputCommand.viewFraction, true), 16384);
  t.throws(() => sampler.set({ jmp: true }), {
    code: 'E_VALUE',
    message: /'jmp': the schema has move, aim/,
  });
});

function event(kind: number, tick: number, more: { own?: number; object?: number } = {}): DataView {
  const view = new DataView(new ArrayBuffer(ClientEvent.bytes));
  view.setUint16(ClientEvent.kind, kind, true);
  view.setUint16(ClientEvent.own, more.own ?? 0, true);
  view.setUint32(ClientEvent.tick, tick, true);
  view.setUint32(ClientEvent.object, more.object ?? 0, true);
  view.setInt32(ClientEvent.x, 98304, true);
  return view;
}

test('events of others wait for the view, those of the own player do not', async (t) => {
  const queue = new EventQueue(['gun']);
  t.equal(queue.take(event(1, 10), 5), undefined);
  t.equal(queue.due(9.9), undefined);
  const due = queue.due(10);
  t.match(due, { kind: 'shot', tick: 10, own: false, x: 1.5, weapon: 'gun' });
  t.equal(queue.due(100), undefined);
  t.match(queue.take(event(1, 20, { own: 1 }), 5), { kind: 'shot', own: true });
  t.match(queue.take(event(2, 20, { object: 5 }), 5), { kind: 'hit', own: false }, 'being hit');
  t.equal(queue.take(event(16, 20), 5), undefined, 'entering waits');
});

test('a queue of events that is full hands them out early and loses none', async (t) => {
  const queue = new EventQueue([]);
  const out = new Set<number>();
  for (let i = 0; i < 1000; i += 1) out.add(queue.take(event(1, 50 + i), 5)?.tick ?? -1);
  out.delete(-1);
  for (let one = queue.due(2000); one; one = queue.due(2000)) out.add(one.tick);
  t.equal(out.size, 1000);
});

test('a listener that throws disturbs nobody, and one can be removed while being called', async (t) => {
  const listeners = new Listeners<number>();
  const heard: number[] = [];
  const later: (() => void)[] = [];
  const usual = globalThis.queueMicrotask;
  globalThis.queueMicrotask = (fn) => later.push(fn);
  listeners.add(() => {
    throw new Error('mine');
  });
  const remove = listeners.add((value) => {
    heard.push(value);
    remove();
  });
  listeners.call(1, undefined);
  listeners.call(2, undefined);
  t.same(heard, [1]);
  globalThis.queueMicrotask = usual;
  t.equal(later.length, 2);
  t.throws(
    () => later[0]?.(),
    { message: 'mine' },
    'it surfaces by itself, as from any event handler',
  );
  listeners.clear();
  listeners.call(3, undefined);
  t.equal(later.length, 2);
});

test('link parameters become the text of the simulator', async (t) => {
  t.equal(linkText({ rtt: 150, loss: 5 }), 'rtt=150,loss=5');
  t.equal(linkText('loss=1'), 'loss=1');
});

test('a pacer calls until it is removed, also from inside the call', async (t) => {
  let calls = 0;
  const pacer = new TimerPacer();
  const wake = () => {
    calls += 1;
    if (calls === 3) pacer.remove();
    return 1;
  };
  pacer.add(wake);
  const shared = new SharedPacer(1);
  let others = 0;
  const other = () => {
    others += 1;
    if (others === 2) shared.remove(other);
    return 1;
  };
  shared.add(other);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  for (let tries = 0; tries < 200 && (calls < 3 || others < 2); tries += 1) await pause(10);
  await pause(20);
  t.equal(calls, 3);
  t.equal(others, 2);
});

test('talk: a whole run leaves nothing missing, and every fault is seen', async (t) => {
  const faults = ['none', 'lose', 'repeat', 'swap', 'damage'] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...faults),
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 2, max: 30 }),
      (fault, bots, lines) => {
        const check = new TalkCheck(bots);
        for (let bot = 0; bot < bots; bot += 1) check.enter(bot, 'room');
        const wire: string[] = [];
        for (let number = 1; number <= lines; number += 1) {
          wire.push(
            writeLine('abc', { speaker: number % bots, number: check.next(number % bots) }),
          );
          check.said(number % bots);
        }
        for (let listener = 0; listener < bots; listener += 1) {
          const heard = [...wire];
          if (listener === 1 && fault === 'lose') heard.splice(lines >> 1, 1);
          if (listener === 1 && fault === 'repeat') heard.push(heard[0] ?? '');
          if (listener === 1 && fault === 'damage')
            heard[0] = heard[0]?.replace('abc.', 'abc.1') ?? '';
          if (listener === 1 && fault === 'swap' && lines > bots) {
            [heard[0], heard[bots]] = [heard[bots] ?? '', heard[0] ?? ''];
          }
          for (const text of heard) {
            const line = readLine('abc', text);
            if (line) check.hear(listener, line);
          }
        }
        const errors = check.wrong + check.missing();
        return fault === 'none' || (fault === 'swap' && lines <= bots) ? errors === 0 : errors > 0;
      },
    ),
    { seed: 3 },
  );
  t.equal(readLine('abc', 'hello'), undefined);
  t.equal(readLine('abc', writeLine('xyz', { speaker: 0, number: 1 })), undefined);
});

test('talk is found in a schema, twins by name first', async (t) => {
  t.same(findWords(schema.layout), {
    said: 'chat',
    saidText: 'text',
    rest: { text: '' },
    heard: 'chat',
    heardText: 'text',
  });
  const odd = defineSchema({
    name: 'odd',
    input: { fire: button() },
    toServer: { shout: { loud: u8({ min: 2 }), words: text(60) } },
    toClient: { note: { line: text(100) } },
  });
  t.same(findWords(odd.layout), {
    said: 'shout',
    saidText: 'words',
    rest: { loud: 2, words: '' },
    heard: 'note',
    heardText: 'line',
  });
  t.equal(findWords(defineSchema({ name: 'mute', input: { fire: button() } }).layout), undefined);
});

test('the script of a bot is seeded, walks, aims and fires', async (t) => {
  const controls = controlsOf(schema.layout);
  t.same(controls, { stick: 'move', aim: 'aim', fire: 'fire', others: ['wave'] });
  const play = (seed: number) => {
    const steer = new Steer({ seed, controls, reach: 20, tickRateHz: 30 });
    const me = { x: 0, y: 0, alive: true };
    const log: string[] = [];
    for (let tick = 0; tick < 300; tick += 1) {
      steer.decide(me, [me, { x: 5, y: 5, alive: true }]);
      const move = steer.input['move'] as { x: number; y: number };
      me.x += move.x * 0.2;
      me.y += move.y * 0.2;
      log.push(JSON.stringify(steer.input));
    }
    return { log, x: me.x, y: me.y };
  };
  const one = play(1);
  t.same(one, play(1));
  t.notSame(one, play(2));
  t.ok(one.log.some((line) => line.includes('"fire":true')));
  t.ok(Math.hypot(one.x, one.y) > 0.5);
});
