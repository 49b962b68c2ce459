/**
 * Which code of the project and of the libraries that read bytes for it has run, from V8's precise coverage. Start it
 * before that code is imported: V8 counts blocks only in functions that it compiles afterwards.
 *
 * V8 says ranges of source, a range inside another only where its count differs. So a range by itself means nothing from
 * one question to the next; what is kept here is, per function, which of its characters have run.
 */
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector';

/** A function that ran, and the parts of it that did not. */
interface Ran {
  readonly key: string;
  readonly own: boolean;
  readonly ranges: readonly Profiler.CoverageRange[];
}

export class Coverage {
  /** 1 for each character that has run, by function. */
  readonly #seen = new Map<string, Uint8Array>();
  readonly #session = new Session();
  readonly #names = new Map<string, string>();

  readonly #counted: RegExp;

  /** `counted` names a script by its first group, from its URL. */
  constructor(counted = COUNTED) {
    this.#counted = counted;
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Functions in which something ran since the last call that never ran before. Costs a millisecond. */
  take(): Ran[] {
    const fresh: Ran[] = [];
    const taken = this.#post('Profiler.takePreciseCoverage') as
      | Profiler.TakePreciseCoverageReturnType
      | undefined;
    for (const script of taken?.result ?? []) {
      const name = this.#nameOf(script.url);
      if (name === '') continue;
      for (const { ranges } of script.functions) {
        const whole = ranges[0];
        if (whole === undefined || whole.count === 0) continue;
        const key = `${name}:${whole.startOffset}:${whole.endOffset}`;
        const ran = { key, own: !name.startsWith('node_modules'), ranges };
        if (this.#isNew(ran)) fresh.push(ran);
      }
    }
    return fresh;
  }

  add(fresh: readonly Ran[]): void {
    for (const ran of fresh) {
      const held = this.#seen.get(ran.key) ?? new Uint8Array(sizeOf(ran));
      this.#seen.set(ran.key, held);
      const now = painted(ran);
      for (let k = 0; k < now.length; k += 1) held[k] = (held[k] as number) | (now[k] as number);
    }
  }

  /** Ends the counting. */
  stop(): void {
    this.#post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  clear(): void {
    this.#seen.clear();
  }

  /** Functions that ran, and the share of their source that did; `own`: of the project alone. */
  figures(own: boolean): { functions: number; percent: number } {
    let functions = 0;
    let all = 0;
    let ran = 0;
    for (const [key, map] of this.#seen) {
      if (own && key.startsWith('node_modules')) continue;
      functions += 1;
      all += map.length;
      for (const one of map) ran += one;
    }
    return { functions, percent: Math.round((1000 * ran) / Math.max(1, all)) / 10 };
  }

  #isNew(ran: Ran): boolean {
    const held = this.#seen.get(ran.key);
    if (held === undefined) return true;
    const now = painted(ran);
    for (let k = 0; k < now.length; k += 1)
      if ((held[k] as number) < (now[k] as number)) return true;
    return false;
  }

  #nameOf(url: string): string {
    const known = this.#names.get(url);
    if (known !== undefined) return known;
    const name = this.#counted.exec(url)?.[1] ?? '';
    this.#names.set(url, name);
    return name;
  }

  #post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw new Error(`${method}: ${error.message}`);
      answer = result;
    });
    return answer;
  }
}

function sizeOf({ ranges }: Ran): number {
  return (ranges[0]?.endOffset ?? 0) - (ranges[0]?.startOffset ?? 0);
}

/** 1 for each character of the function that ran this time. Inner ranges come after those around them. */
function painted(ran: Ran): Uint8Array {
  const map = new Uint8Array(sizeOf(ran));
  const start = ran.ranges[0]?.startOffset ?? 0;
  for (const { startOffset, endOffset, count } of ran.ranges)
    map.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
  return map;
}

/** What is counted: our sources, and the libraries that read bytes for us. */
const COUNTED =
  /^file:\/\/.*\/((?:src|workers|protocol)\/.*\.ts|node_modules\/(?:@bufbuild|@noble|ws)\/.*)$/;
