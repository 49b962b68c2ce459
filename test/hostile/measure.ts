/**
 * The one measurement of all rows: two servers side by side, each with the same honest players (witnesses.ts), of which one
 * is disturbed. What the machine does to both is nobody's fault, so the disturbed one is judged by how much worse it fares
 * than the other in the same seconds:
 *
 * - ticks that its room ran, snapshots that its players got, the largest gap between two of them;
 * - what it holds after a collection of garbage, and its resident memory;
 * - the counters that have to name the disturbance.
 *
 * `FRAY_TEST_HOSTILE_SECONDS` is how long each row is watched; default 3.
 */
import type { ChildProcess } from 'node:child_process';
import type { FromAttacker } from './attacker.ts';
import type { AttackName, Saw } from './attacks.ts';
import { pause } from './metronome.ts';
import {
  hear,
  type Keeper,
  type Memory,
  ServerProcess,
  startScript,
  WITNESSES,
  Witnesses,
} from './processes.ts';
import type { Seen } from './witnesses.ts';

export const SECONDS = Number(process.env['FRAY_TEST_HOSTILE_SECONDS'] ?? 3);

/** A row of the table. */
export interface Row {
  /** Who disturbs, as the test's name. */
  readonly name: string;
  readonly attack: AttackName;
  /** Lines of the metrics page that have to rise. */
  readonly rises: readonly string[];
  /** What is wrong with what the attacker saw; empty: nothing. */
  readonly judge?: (saw: Saw) => readonly string[];
}

/** The line of a reason in the table of what is dropped. */
export function drop(reason: string): string {
  return `fray_drops_total{reason="${reason}"}`;
}

/** Both servers over the same seconds. */
export interface Watch {
  readonly disturbed: Seen;
  readonly calm: Seen;
  /** Bytes that the disturbed server grew by beyond the other. */
  readonly heldBytes: number;
  readonly rssBytes: number;
  /** By how much each line of the disturbed server's metrics rose, at its highest. */
  readonly rose: ReadonlyMap<string, number>;
}

export class Stage {
  readonly disturbed: ServerProcess;
  readonly calm: ServerProcess;
  readonly #witnesses: Witnesses;

  private constructor(servers: readonly [ServerProcess, ServerProcess], witnesses: Witnesses) {
    [this.disturbed, this.calm] = servers;
    this.#witnesses = witnesses;
  }

  /** `game`: the arena from source, or built, with its page. */
  static async open(keeper: Keeper, flags: readonly string[] = [], game?: string): Promise<Stage> {
    const servers = await Promise.all([
      ServerProcess.start(keeper, flags, game),
      ServerProcess.start(keeper, flags, game),
    ]);
    const witnesses = await Witnesses.start(
      keeper,
      servers.map(({ url }) => url),
    );
    const stage = new Stage(servers, witnesses);
    // Compilers, first collections: none of it is a row's fault.
    await pause(1000);
    for (const server of servers) await server.memory();
    return stage;
  }

  /** What the players of the disturbed and of the calm server saw since they were asked last. */
  async seen(): Promise<readonly [Seen, Seen]> {
    const [disturbed, calm] = await this.#witnesses.seen();
    if (!disturbed || !calm) throw new Error('The witnesses of a server are missing');
    return [disturbed, calm];
  }

  /** What the disturbed server still holds 5 s after an attack, beside its honest players; empty: nothing. */
  async leftBehind(): Promise<string[]> {
    for (const endMs = performance.now() + 5000; ; await pause(100)) {
      const metrics = await this.disturbed.metrics();
      const left = ['fray_sessions', 'fray_players'].flatMap((line) => {
        const count = (metrics.get(line) ?? 0) - WITNESSES;
        return count === 0 ? [] : [`${count} too many: ${line}`];
      });
      if (left.length === 0 || performance.now() > endMs) return left;
    }
  }

  /** Watches both servers for some seconds that begin when `begin` has resolved. */
  async watch(begin: () => Promise<void>, seconds = SECONDS): Promise<Watch> {
    const both = [this.disturbed, this.calm] as const;
    const memory = (): Promise<Memory[]> => Promise.all(both.map((server) => server.memory()));
    const before = await memory();
    const metrics = await this.disturbed.metrics();
    await begin();
    await this.seen();
    await pause((seconds * 1000) / 2);
    const [halfway] = await Promise.all(both.map((server) => server.metrics()));
    await pause((seconds * 1000) / 2);
    const [disturbed, calm] = await this.seen();
    const [end] = await Promise.all(both.map((server) => server.metrics()));
    const after = await memory();
    if (!halfway || !end) throw new Error('The metrics are missing');
    const grown = (of: keyof Memory, at: number): number =>
      (after[at]?.[of] ?? 0) - (before[at]?.[of] ?? 0);
    const rose = new Map(
      [...end].map(([line, value]) => {
        const highest = Math.max(value, halfway.get(line) ?? 0);
        return [line, highest - (metrics.get(line) ?? 0)];
      }),
    );
    return {
      disturbed,
      calm,
      heldBytes: grown('held', 0) - grown('held', 1),
      rssBytes: grown('rss', 0) - grown('rss', 1),
      rose,
    };
  }
}

/** What no noise of the machine explains. */
function broken({ disturbed, rose }: Watch, rises: readonly string[]): string[] {
  const problems = rises
    .filter((line) => !((rose.get(line) ?? 0) > 0))
    .map((line) => `${line} did not rise`);
  if (disturbed.ended.length > 0) problems.push(`honest players were closed: ${disturbed.ended}`);
  if (disturbed.backward > 0) problems.push(`${disturbed.backward} snapshots went back in time`);
  if (disturbed.messages === 0) problems.push('no reliable message came through');
  return problems;
}

/** How much worse than its neighbour; on a machine with other things to do it may happen once. */
function worse({ disturbed, calm, heldBytes, rssBytes }: Watch): string[] {
  const problems: string[] = [];
  if (disturbed.ticks < calm.ticks - TICKS_LESS_MAX)
    problems.push(`${disturbed.ticks} ticks, beside it ${calm.ticks}`);
  if (disturbed.share < calm.share - SHARE_LESS_MAX)
    problems.push(`${percent(disturbed.share)} of the snapshots, beside it ${percent(calm.share)}`);
  if (disturbed.gapTicksMax > Math.max(GAP_TICKS_MAX, calm.gapTicksMax + 1))
    problems.push(`a gap of ${disturbed.gapTicksMax} ticks, beside it ${calm.gapTicksMax}`);
  if (heldBytes > HELD_BYTES_MAX) problems.push(`holds ${heldBytes} bytes more than before`);
  if (rssBytes > RSS_BYTES_MAX) problems.push(`takes ${rssBytes} bytes of memory more than before`);
  return problems;
}

/** A test of tap, as far as a row needs it. */
export interface RowTest extends Keeper {
  same(found: unknown, wanted: unknown, message: string): unknown;
  comment(text: string): void;
}

/** What one attempt brought. */
export interface Played {
  readonly watch: Watch;
  /** What else is wrong, and no noise explains. */
  readonly problems?: readonly string[];
  /** What a busy machine may do once. */
  readonly doubts?: readonly string[];
  readonly note?: string;
}

/** Plays a row: up to five times, while nothing fails that a busy machine could not have done. */
export async function unnoticed(
  t: RowTest,
  rises: readonly string[],
  play: (seed: number) => Promise<Played>,
): Promise<void> {
  // What has risen once need not do so again: whom an attempt left behind may still be counted in the next.
  let owed = rises;
  for (let seed = 1; ; seed += 1) {
    const { watch, problems = [], doubts = [], note = '' } = await play(seed);
    const firm = [...broken(watch, owed), ...problems];
    owed = owed.filter((line) => !((watch.rose.get(line) ?? 0) > 0));
    const shaky = [...worse(watch), ...doubts];
    t.comment(`seed ${seed}: ${figures(watch, rises)} ${note}`);
    if (firm.length > 0 || shaky.length === 0 || seed === ATTEMPTS) {
      t.same([...firm, ...shaky], [], 'the others do not notice, memory is flat, it is counted');
      return;
    }
    t.comment(`again, the machine may have been busy: ${shaky.join('; ')}`);
  }
}

/** Plays the row of an attacker. */
export function endure(t: RowTest, stage: Stage, row: Row): Promise<void> {
  return unnoticed(t, row.rises, async (seed) => {
    const attack = new Attack(t, { name: row.attack, url: stage.disturbed.url, seed });
    const watch = await stage.watch(() => attack.begun());
    const saw = await attack.stop();
    const problems = [...(row.judge?.(saw) ?? []), ...(await stage.leftBehind())];
    return { watch, problems, note: JSON.stringify(saw) };
  });
}

/** One attack in a process of its own. */
export class Attack {
  readonly #child: ChildProcess;
  readonly #name: AttackName;

  constructor(keeper: Keeper, what: { name: AttackName; url: string; seed: number }) {
    this.#name = what.name;
    const args = [what.name, what.url, String(what.seed)];
    this.#child = startScript(keeper, 'test/hostile/attacker.ts', args);
  }

  async begun(): Promise<void> {
    const said = await hear<FromAttacker>(this.#child);
    if (!('begun' in said)) throw this.#error(said);
  }

  /** Ends it; what it saw. */
  async stop(): Promise<Saw> {
    this.#child.send('stop');
    const said = await hear<FromAttacker>(this.#child);
    this.#child.disconnect();
    if (!('saw' in said)) throw this.#error(said);
    return said.saw;
  }

  #error(said: FromAttacker): Error {
    return new Error(`The attack ${this.#name} went wrong: ${JSON.stringify(said)}`);
  }
}

/** One line, for people who read what a run has measured. */
function figures(watch: Watch, rises: readonly string[]): string {
  const seen = ({ ticks, share, gapTicksMax }: Seen): string =>
    `${ticks} ticks ${percent(share)} gap ${gapTicksMax}`;
  const counted = rises.map((line) => `${line} +${watch.rose.get(line) ?? 0}`).join(', ');
  const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`;
  return (
    `${seen(watch.disturbed)} (beside it ${seen(watch.calm)}), held ${kib(watch.heldBytes)}, ` +
    `rss ${kib(watch.rssBytes)}, ${counted}`
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** A neighbour that fares as well by chance once is enough: what the server does to its players it does each time. */
const ATTEMPTS = 5;
/** Slack of the comparison: two processes on a busy machine are never quite alike. */
const TICKS_LESS_MAX = 2;
const SHARE_LESS_MAX = 0.02;
/** Gaps that anybody may have (rule R of the benchmarks). */
const GAP_TICKS_MAX = 3;
/** Code that runs for the first time is compiled, tables fill up once; a leak comes again with each attempt. */
const HELD_BYTES_MAX = 384 << 10;
/** The young generation of the collector grows while much is thrown away. */
const RSS_BYTES_MAX = 48 << 20;
