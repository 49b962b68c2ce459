/** Players of the mortal game on a real directory, for tests of what becomes of their rooms. */
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { ClientCore } from '../../core-wasm/bindings/client.ts';
import { ClientStats, ERROR, InputCommand, MESSAGE } from '../../protocol/gen/tables.ts';
import type { DirectoryOptions } from '../../src/room/directory.ts';
import type { RoomOutput } from '../../src/room/outputs.ts';
import { MessageCodec } from '../../src/schema/messages.ts';
import { DirectoryBench, pause, testCore } from './bench.ts';
import { mortal } from './games/mortal.ts';

const GAME = fileURLToPath(new URL('./games/mortal.ts', import.meta.url));
const module = await testCore();

/** A directory with the mortal game, one spare worker ready. */
export async function started(
  t: Test,
  options: Partial<DirectoryOptions> = {},
): Promise<DirectoryBench> {
  const bench = await new DirectoryBench({
    game: GAME,
    spareWorkers: 1,
    shadowMs: 500,
    hashEveryTick: true,
    ...options,
  }).start();
  t.teardown(() => bench.directory.stop(0));
  await spareReady(bench);
  return bench;
}

export async function spareReady(bench: DirectoryBench): Promise<void> {
  await bench.until(() => bench.directory.crew?.sparesReady === 1, 20_000);
}

/** A player who walks and talks, and checks the state hash of each snapshot. */
export class Page {
  /** What the game answered: [tick less ticks counted, words counted, text]. */
  readonly said: [number, number, string][] = [];
  readonly session: number;
  readonly room: string;
  readonly #core: ClientCore;
  readonly #bench: DirectoryBench;
  readonly #codec = new MessageCodec(mortal.layout.toClient);
  readonly #timer: NodeJS.Timeout;
  #tick: number;

  constructor(t: Test, bench: DirectoryBench, place: RoomOutput) {
    const { playersMax, entitiesMax } = bench.directory.facts;
    const { playerId, handle, epoch, tick } = place;
    this.#core = ClientCore.create(module, mortal.config({ playersMax, entitiesMax }));
    this.#core.join({ playerId, handle, epoch, tick, verify: true });
    this.#bench = bench;
    this.session = place.sessionId;
    this.room = place.roomId;
    this.#tick = tick + 2;
    this.#timer = setInterval(() => this.#turn(), 1000 / 60);
    t.teardown(() => clearInterval(this.#timer));
  }

  static async join(t: Test, bench: DirectoryBench, id?: string): Promise<Page> {
    const choice = id === undefined ? { create: '' } : { id };
    const place = await bench.answer(bench.join(choice, { verify: true }));
    if (place.kind !== 'joined') throw new Error(`not joined: ${place.text}`);
    return new Page(t, bench, place);
  }

  say(text: string): void {
    const codec = new MessageCodec(mortal.layout.toServer);
    this.#core.send(codec.encode('say', { text }, this.#core.messageBytes));
  }

  stat(offset: number): number {
    return this.#core.stats.getUint32(offset, true);
  }

  /** Snapshots whose state hash was checked; how many differed. */
  get hashes(): [checks: number, wrong: number] {
    return [this.stat(ClientStats.hashChecks), this.stat(ClientStats.hashMismatches)];
  }

  #turn(): void {
    const packets = this.#bench.packets.get(this.session)?.splice(0) ?? [];
    for (const packet of packets) this.#core.receive(packet);
    for (let length = this.#core.message(); length >= 0; length = this.#core.message()) {
      const bytes = this.#core.messageBytes.slice(0, length);
      if (bytes[0] !== MESSAGE.game || this.#codec.decode(bytes) !== 0) continue;
      const [off, words, ...text] = (this.#codec.decoded.value as { text: string }).text.split(' ');
      this.said.push([Number(off), Number(words), text.slice(0, -1).join(' ')]);
    }
    this.#tick = Math.max(this.#tick + 1, this.stat(ClientStats.snapshotTick) + 3);
    this.#core.command.setUint32(InputCommand.tick, this.#tick, true);
    this.#core.command.setInt8(InputCommand.moveX, this.#tick & 64 ? 90 : -90);
    this.#core.sample();
    const bytes = this.#core.packet(this.#tick);
    const { directory, nowUs } = this.#bench;
    if (bytes > 0) directory.packet(this.session, this.#core.packetBytes, 0, bytes, nowUs());
  }
}

/** What a player was told of its own words: each once, in order, and of no tick that its hooks did not see. */
export function assertTold(t: Test, page: Page, words: readonly string[]): void {
  t.same(
    page.said.map(([, , text]) => text),
    words,
  );
  t.same(
    page.said.map(([, count]) => count),
    words.map((_, k) => k + 1),
    'the count of words goes on',
  );
  t.equal(new Set(page.said.map(([off]) => off)).size, 1, 'onTick saw each tick once');
  const [checks, wrong] = page.hashes;
  t.ok(checks > 20 && wrong === 0, `${wrong} of ${checks} hashes differ`);
}

/**
 * Sessions join, leave, drop and return by chance for 120 rounds, while `disturb` does its worst: each gets one answer for what it
 * asked, and in the end all that count agree.
 */
export async function liveAtRandom(
  t: Test,
  bench: DirectoryBench,
  seed: number,
  disturb: (round: number, random: (n: number) => number) => void,
): Promise<void> {
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % n;
  };
  const seats = new Map<number, 'joining' | 'in' | 'away' | 'resuming'>();
  const hear = (): void => {
    for (const { kind, sessionId, code, text } of bench.outputs.splice(0)) {
      const at = seats.get(sessionId);
      if (kind === 'joined' && at === 'joining') seats.set(sessionId, 'in');
      else if (kind === 'resumed' && at === 'resuming') seats.set(sessionId, 'in');
      // Who never acknowledges anything is thrown out after a while, on a slow machine within this test.
      else if (kind === 'closed' && code === ERROR.E_CHANNEL_FULL) seats.delete(sessionId);
      else if (kind !== 'wait') t.fail(`session ${sessionId} was ${at} and got ${kind} ${text}`);
    }
  };
  for (let round = 0; round < 120; round += 1) {
    if (seats.size < 20 && random(2) === 0) seats.set(bench.join({ any: true }), 'joining');
    for (const [id, at] of seats) {
      const die = random(40);
      if (die === 0) {
        bench.directory.leave(id, ERROR.E_LEFT);
        seats.delete(id);
      } else if (die < 4 && at === 'in') {
        bench.directory.drop(id);
        seats.set(id, 'away');
      } else if (die < 10 && at === 'away') {
        bench.directory.resume(id, random(2) === 0);
        seats.set(id, 'resuming');
      }
    }
    disturb(round, random);
    await pause(random(40));
    hear();
  }
  await bench.until(() => {
    hear();
    return [...seats.values()].every((at) => at === 'in' || at === 'away');
  }, 20_000);
  const people = (): number => bench.directory.rooms().reduce((sum, room) => sum + room.people, 0);
  const agree = (count: () => number): Promise<void> =>
    bench.until(() => {
      hear();
      return count() === seats.size;
    }, 10_000);
  await agree(() => bench.directory.seats);
  await agree(people);
  const counted = (): number =>
    bench.directory.workers().reduce((sum, { timing }) => sum + timing.counter('people'), 0);
  await agree(counted);
  for (const id of seats.keys()) bench.packets.delete(id);
  await agree(() => [...seats.keys()].filter((id) => bench.packets.has(id)).length);
  for (const id of seats.keys()) bench.directory.leave(id, ERROR.E_LEFT);
  await bench.until(() => bench.directory.seats === 0);
}
