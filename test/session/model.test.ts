/**
 * Any sequence of pipes that open and close, hellos, attaches, packets, silences and answers of the room, beside a slow and
 * obvious model. What holds: a room hears of each session join, then drop and resume by turns, then left, once; one session is
 * live per player; a session's name opens one session, whatever token shows it; a packet counts on the pipes that the model has attached, and goes out on the newest.
 * `FRAY_TEST_SEED=n` repeats a run.
 */
import fc from 'fast-check';
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { encodeGoodbye, INTENT } from '../../src/session/datagrams.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import type { OpenedToken } from '../../src/session/token.ts';
import { openTokenRequest } from '../../src/session/token.ts';
import type { Held, Said } from './bench.ts';
import { Bench, hello, join, KEY, packet, reply, token, UNIX_MS, words } from './bench.ts';

const OPS = [
  'open',
  'play',
  'attach',
  'old-attach',
  'new-token',
  'udp',
  'udp',
  'udp-again',
  'udp-again',
  'guest',
  'join',
  'come',
  'come',
  'come-back',
  'come-back',
  'come-anew',
  'come-anew',
  'come-anew',
  'packet',
  'packet',
  'packet',
  'goodbye',
  'lost',
  'room-joins',
  'room-refuses',
  'room-resumed',
  'shorten',
  'wait',
  'wait',
  'wait',
] as const;
type Step = readonly [(typeof OPS)[number], number];
const step: fc.Arbitrary<Step> = fc.tuple(fc.constantFrom(...OPS), fc.nat(11));

const WAITS_MS = [10, 100, 300, 900, 1100, 1500, 3000, 5100, 9000, 10_200, 30_500, 45_000];
const USERS = ['ann', 'bob'];
const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));

const RUNS = 300;

/** What a room has heard of a session. */
interface Heard {
  user: string;
  state: 'joining' | 'joined' | 'away' | 'resuming';
  fresh: boolean;
}

interface Player {
  token: Held;
  attach: number;
}

class World {
  readonly bench = new Bench({ dropMs: 1000, resumeMs: 30_000, sessionTokenMs: 600_000 });
  readonly rooms = new Map<number, Heard>();
  /** Open pipes, oldest first, with the session that each is attached to by what it was told. */
  readonly pipes = new Map<number, number>();
  readonly players = new Map<string, Player>();
  readonly ended = new Set<number>();
  /** Who opened each session that was ever accepted; '' for a guest. */
  readonly owners = new Map<number, string>();
  /** Which session the name in a token has opened: one for good, as this server does not start again. */
  readonly named = new Map<bigint, number>();
  /** Pipes that have proven a token themselves, with whose it is. */
  readonly proven = new Map<number, string>();
  /** The highest number that each session was shown. */
  readonly numbers = new Map<number, number>();
  /** The newest hello; its number is 0 where it does not ask to attach. */
  shown = { pipe: -1, user: '', number: 0, name: 0n };
  log: string[] = [];

  run([name, k]: Step): void {
    this.log.push(`${name} ${k}`);
    const pipe = [...this.pipes.keys()][k % Math.max(1, this.pipes.size)] ?? 999;
    const room = [...this.rooms.keys()][k % Math.max(1, this.rooms.size)] ?? 0;
    const user = USERS[k % USERS.length] ?? '';
    const { bench } = this;
    if (name === 'open') this.open();
    else if (name === 'wait') this.wait(WAITS_MS[k] ?? 0);
    else if (name === 'play') this.show(pipe, user, INTENT.play, 1);
    else if (name === 'attach') this.show(pipe, user, INTENT.attach, 1);
    else if (name === 'old-attach') this.show(pipe, user, k & 1, 0);
    else if (name === 'new-token') this.players.delete(user);
    else if (name === 'udp') this.comeByUdp(user, k & 1);
    else if (name === 'udp-again')
      this.show([...this.proven.keys()].at(-1) ?? pipe, user, 1, k & 1);
    else if (name.startsWith('come')) this.come(name, user);
    else if (name === 'guest') this.guest(pipe);
    else if (name === 'join') bench.handle(pipe, join());
    else if (name === 'packet') this.packet(pipe);
    else if (name === 'goodbye') bench.handle(pipe, encodeGoodbye(ERROR.E_OK));
    else if (name === 'lost') this.lose(pipe);
    else this.room(name, room, k);
    this.hear(bench.poll());
    this.check();
  }

  open(): void {
    if (this.pipes.size >= 8) return;
    this.pipes.set(this.bench.open(`10.0.0.${this.pipes.size}`), 0);
  }

  /** A pipe of its own, and hello on it. */
  come(name: string, user: string): void {
    this.open();
    const pipe = [...this.pipes.keys()].at(-1) ?? 0;
    if (name === 'come-anew') this.players.delete(user);
    const intent = name === 'come-back' ? INTENT.attach : INTENT.play;
    this.show(pipe, user, intent, 1);
    if (intent === INTENT.play) this.bench.handle(pipe, join());
  }

  /** A pipe that has proven a fresh token of the player's session. */
  comeByUdp(user: string, intent: number): void {
    const { table, nowUs } = this.bench;
    const nowMs = UNIX_MS + nowUs / 1000;
    const { session } = opened(this.player(user).token, nowMs);
    const permit = opened(token({ userId: user, nowMs, session, expireMs: 3_600_000 }), nowMs);
    table.tokens.claim(permit.mac, permit);
    if (this.pipes.size >= 8) return;
    const pipe = this.bench.open('10.0.0.9', { headers: null, permit });
    this.pipes.set(pipe, 0);
    this.proven.set(pipe, user);
    this.show(pipe, user, intent, 1);
    if (intent === INTENT.play) this.bench.handle(pipe, join());
  }

  player(user: string): Player {
    const nowMs = UNIX_MS + this.bench.nowUs / 1000;
    const player = this.players.get(user) ?? {
      token: token({ userId: user, nowMs, expireMs: 3_600_000 }),
      attach: 0,
    };
    this.players.set(user, player);
    return player;
  }

  lose(pipe: number): void {
    this.bench.table.closed(pipe, this.bench.nowUs);
    this.pipes.delete(pipe);
  }

  /** Hello with a number that is new (`rise` 1) or was shown; on a pipe that has proven a token, as its owner. */
  show(...[pipe, by, intent, rise]: [number, string, number, number]): void {
    const user = this.proven.get(pipe) ?? by;
    const player = this.player(user);
    player.attach += rise;
    const number = Math.max(1, player.attach);
    const counts = this.counts(pipe, user, intent === INTENT.attach ? number : 0);
    const { session: name } = opened(player.token, UNIX_MS);
    this.shown = { pipe, user, number: intent === INTENT.attach ? number : 0, name };
    const bytes = this.proven.has(pipe)
      ? hello(undefined, 1, { intent, pipe: number })
      : hello(player.token, number, { intent });
    this.bench.handle(pipe, bytes);
    // What is accepted is told in this step.
    this.hear(this.bench.poll());
    const session = this.pipes.get(pipe) ?? 0;
    if (counts && session !== 0 && this.owners.get(session) === user)
      this.numbers.set(session, Math.max(number, this.numbers.get(session) ?? 0));
  }

  /** A hello is no repeat: its pipe has no session yet, or was left, and the number is a new one of its own player. */
  counts(pipe: number, user: string, number: number): boolean {
    const session = this.pipes.get(pipe) ?? 0;
    if (session === 0) return true;
    const newest = [...this.pipes].filter(([, one]) => one === session).at(-1)?.[0];
    const isHigher = number > (this.numbers.get(session) ?? 0);
    return newest !== pipe && isHigher && this.owners.get(session) === user;
  }

  guest(pipe: number): void {
    this.shown = { pipe, user: '', number: 0, name: 0n };
    this.bench.handle(pipe, hello());
  }

  packet(pipe: number): void {
    const session = this.pipes.get(pipe) ?? 0;
    const heard = this.rooms.get(session);
    const counts = heard !== undefined && heard.state !== 'joining';
    const verdict = this.bench.handle(pipe, packet());
    need((verdict === VERDICT.packet) === counts, `a packet counts: ${counts}`);
    if (counts) need(this.bench.table.sessionId === session, 'whose packet it is');
  }

  room(name: string, id: number, k: number): void {
    const { table } = this.bench;
    const heard = this.rooms.get(id);
    if (name === 'room-joins') {
      const waits = heard?.state === 'joining';
      need(table.joined(id, reply()) === waits, 'joined is taken where a join waits');
      if (waits && heard !== undefined) heard.state = 'joined';
    } else if (name === 'room-refuses') {
      table.refuse(id, ERROR.E_KICKED);
      this.rooms.delete(id);
      this.ended.add(id);
    } else if (name === 'room-resumed') {
      const waits = heard?.state === 'resuming';
      need(table.resumed(id, heard?.fresh ? reply() : null) === waits, 'resumed is taken');
      if (waits && heard !== undefined) heard.state = 'joined';
    } else table.shorten(id, k * 1000);
  }

  wait(ms: number): void {
    for (let left = ms; left > 0; left -= 100) this.hear(this.bench.wait(Math.min(100, left)));
  }

  hear(said: readonly Said[]): void {
    for (const one of said) {
      const heard = this.rooms.get(one.sessionId);
      const was = heard?.state ?? 'nothing';
      const note = `${words([one])[0] ?? one.kind} of ${one.sessionId}, which is ${was}`;
      if (one.kind === 'join') {
        need(heard === undefined && !this.ended.has(one.sessionId), note);
        const user = one.join?.userId ?? '';
        for (const other of this.rooms.values()) need(other.user !== user, `two of ${user}`);
        this.rooms.set(one.sessionId, { user, state: 'joining', fresh: false });
      } else if (one.kind === 'left') {
        need(this.rooms.delete(one.sessionId), note);
        this.ended.add(one.sessionId);
      } else if (one.kind === 'drop') {
        need(was === 'joined', note);
        if (heard) heard.state = 'away';
      } else if (one.kind === 'resume') {
        need(was === 'away' || (one.fresh && was === 'joined'), note);
        if (heard) Object.assign(heard, { state: 'resuming', fresh: one.fresh });
      } else if (one.kind === 'tell') need(was === 'joined', note);
      else this.hearPipe(one);
    }
  }

  hearPipe(one: Said): void {
    if (one.kind === 'spend') return;
    need(this.pipes.has(one.pipe), `${one.kind} for a pipe that is gone`);
    if (one.kind === 'close') this.pipes.delete(one.pipe);
    else if (one.bytes[0] === 2) {
      if (!this.owners.has(one.sessionId)) this.begins(one.sessionId);
      // The newest of a session stands last.
      if (this.pipes.get(one.pipe) !== one.sessionId || this.moves(one))
        this.pipes.delete(one.pipe);
      this.pipes.set(one.pipe, one.sessionId);
    } else if (one.bytes[0] === 5) this.pipes.set(one.pipe, 0);
  }

  begins(sessionId: number): void {
    const { user, name } = this.shown;
    this.owners.set(sessionId, user);
    if (user === '') return;
    need(!this.named.has(name), `a session that is over opens anew as ${sessionId}`);
    this.named.set(name, sessionId);
  }

  /** On a pipe of the session a repeat of a hello changes nothing; a new number takes the traffic there. */
  moves({ pipe, sessionId }: Said): boolean {
    const { shown } = this;
    const isOwn = this.owners.get(sessionId) === shown.user;
    return isOwn && shown.pipe === pipe && shown.number > (this.numbers.get(sessionId) ?? 0);
  }

  check(): void {
    const { table } = this.bench;
    need(table.facts.pipes === this.pipes.size, 'pipes');
    const joined = [...this.rooms.values()].filter((heard) => heard.state !== 'joining');
    need(table.facts.joined === joined.length, 'joined');
    for (const [id, { state }] of this.rooms) {
      const attached = [...this.pipes].filter(([, session]) => session === id);
      need(attached.length <= 2, 'two pipes at most');
      const newest = attached.at(-1)?.[0] ?? -1;
      need(table.packet(id) === (state === 'joining' ? -1 : newest), `route of ${id}`);
    }
    for (const id of this.ended) need(table.packet(id) === -1, 'the ended have no route');
  }
}

t.test(`any sequence of operations is what the model says (seed ${SEED})`, async (test) => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const world = new World();
      const start: Step[] = [
        ['open', 0],
        ['open', 0],
        ['play', 0],
        ['join', 0],
        ['room-joins', 0],
      ];
      for (const one of [...start, ...steps]) world.run(one);
      for (const name of ['attached', 'drops', 'resumes', 'freshResumes', 'replaced'] as const)
        if (world.bench.table.counters[name] > 0) seen.add(name);
      for (const pipe of [...world.pipes.keys()]) world.lose(pipe);
      world.wait(120_000);
      need(world.rooms.size === 0, 'a room was not told of an end');
      need(world.bench.table.facts.held === 0, 'something stayed behind');
      return true;
    }),
    { numRuns: RUNS, seed: SEED },
  );
  test.equal(seen.size, 5, `each way was gone at least once: ${[...seen].join(' ')}`);
});

function opened(held: Held, nowMs: number): OpenedToken {
  const one = openTokenRequest(held.request, [KEY], nowMs);
  if (typeof one === 'number') throw new Error(`A token does not open: ${one}`);
  return one;
}

function need(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
