/** Where an author's code stands: V8's inspector knows it of each function and each sample, source maps lead to what was written. */
import { existsSync, readFileSync } from 'node:fs';
import { type Profiler, type Runtime, Session } from 'node:inspector';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/cli/games.ts';
import type { ErasedHooks } from '../src/plugin/game.ts';

/** Of each hook, `onTick` or `onMessage.chat`, the file and line where it is written, relative to `folder`. */
export function placesOf(hooks: ErasedHooks, folder: string): Map<string, string> {
  const inspector = new Inspector(folder);
  const places = new Map<string, string>();
  try {
    for (const [name, hook] of Object.entries(hooks)) {
      const own: readonly (readonly [string, unknown])[] =
        typeof hook === 'function'
          ? [[name, hook]]
          : Object.entries((hook ?? {}) as object).map(([inner, fn]) => [`${name}.${inner}`, fn]);
      for (const [full, fn] of own) places.set(full, inspector.place(fn));
    }
  } finally {
    inspector.close();
  }
  return places;
}

/** Runs `play` under V8's profiler: the lines of the author's that had most samples, at most five. */
export async function linesAtWork(
  play: () => void,
  folder: string,
): Promise<{ place: string; percent: number }[]> {
  const inspector = new Inspector(folder);
  try {
    return inspector.profile(play);
  } finally {
    inspector.close();
  }
}

class Inspector {
  readonly #session = new Session();
  readonly #folder: string;
  readonly #scripts = new Map<string, Script>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#session.connect();
    this.#session.on('Debugger.scriptParsed', ({ params }) => {
      const { scriptId, url, sourceMapURL = '' } = params;
      this.#scripts.set(scriptId, new Script(url, sourceMapURL));
    });
    this.#ask('Debugger.enable');
    this.#ask('Debugger.disable');
  }

  close(): void {
    this.#session.disconnect();
  }

  place(fn: unknown): string {
    const holder = globalThis as { [HELD]?: unknown };
    holder[HELD] = fn;
    try {
      const { result } = this.#ask<Runtime.EvaluateReturnType>('Runtime.evaluate', {
        expression: `globalThis[${JSON.stringify(HELD)}]`,
      });
      const found = this.#ask<Runtime.GetPropertiesReturnType>('Runtime.getProperties', {
        objectId: result.objectId,
        ownProperties: true,
      });
      const location = found.internalProperties?.find(({ name }) => name === '[[FunctionLocation]]')
        ?.value?.value as
        | { scriptId: string; lineNumber: number; columnNumber: number }
        | undefined;
      if (location === undefined) return '';
      const script = this.#scripts.get(location.scriptId);
      return script?.at(location.lineNumber, location.columnNumber, this.#folder) ?? '';
    } finally {
      delete holder[HELD];
    }
  }

  profile(play: () => void): { place: string; percent: number }[] {
    this.#ask('Profiler.enable');
    this.#ask('Profiler.setSamplingInterval', { interval: SAMPLE_US });
    this.#ask('Profiler.start');
    play();
    const { profile } = this.#ask<Profiler.StopReturnType>('Profiler.stop');
    const counts = new Map<string, number>();
    let all = 0;
    const outside = below(profile, DECIDED);
    for (const { id, callFrame, positionTicks = [] } of profile.nodes) {
      const script = this.#scripts.get(callFrame.scriptId);
      if (script === undefined || !script.isAuthors || outside.has(id)) continue;
      for (const { line, ticks } of positionTicks) {
        // Where V8 has lost the line, that of the function.
        const known = line - 1 < callFrame.lineNumber ? callFrame.lineNumber : line - 1;
        const place = script.at(known, 0, this.#folder);
        if (place === '') continue;
        const full = callFrame.functionName === '' ? place : `${place} ${callFrame.functionName}`;
        counts.set(full, (counts.get(full) ?? 0) + ticks);
        all += ticks;
      }
    }
    if (all < SAMPLES_MIN) return [];
    return [...counts]
      .map(([place, ticks]) => ({ place, percent: (100 * ticks) / all }))
      .sort((a, b) => b.percent - a.percent)
      .slice(0, LINES_MAX);
  }

  /** Answers at once: the session is of this very thread. */
  #ask<Answer>(method: string, params: object = {}): Answer {
    let answer: unknown;
    let failed: unknown = null;
    this.#session.post(method, params, (error, result) => {
      failed = error;
      answer = result;
    });
    if (failed !== null) throw failed;
    return answer as Answer;
  }
}

/** Ids of all nodes from those of a function's name on: what it called. */
function below({ nodes }: Profiler.Profile, name: string): Set<number> {
  const children = new Map(nodes.map(({ id, children = [] }) => [id, children]));
  const found = new Set<number>();
  const open = nodes.filter(({ callFrame }) => callFrame.functionName === name).map(({ id }) => id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    found.add(id);
    open.push(...(children.get(id) ?? []));
  }
  return found;
}

class Script {
  readonly #file: string;
  readonly #mapUrl: string;
  #map: SourceMap | null | undefined;

  constructor(url: string, mapUrl: string) {
    this.#file = url.startsWith('file://') ? fileURLToPath(url) : url;
    this.#mapUrl = mapUrl;
  }

  /** Neither Node's nor a package's nor Fray's own. */
  get isAuthors(): boolean {
    if (!this.#file.startsWith('/') || this.#file.includes('/node_modules/')) return false;
    const own = relative(packageRoot(), this.#file);
    return own.startsWith('..') || GAMES.test(own);
  }

  /** `server.ts:41`, lines and columns counted from 0; '' where it is not the author's. */
  at(line: number, column: number, folder: string): string {
    if (!this.isAuthors) return '';
    const entry = this.#sourceMap()?.findEntry(line, column) as
      | { originalSource?: string; originalLine?: number }
      | undefined;
    const written = entry?.originalSource;
    if (written === undefined || entry?.originalLine === undefined)
      return `${relative(folder, this.#file)}:${line + 1}`;
    const file = written.startsWith('file://')
      ? fileURLToPath(written)
      : resolve(dirname(this.#file), written);
    return `${relative(folder, file)}:${entry.originalLine + 1}`;
  }

  #sourceMap(): SourceMap | null {
    this.#map ??= this.#readMap();
    return this.#map;
  }

  #readMap(): SourceMap | null {
    const [, inline] = /^data:application\/json[^,]*;base64,(.*)$/.exec(this.#mapUrl) ?? [];
    const file = join(dirname(this.#file), this.#mapUrl);
    const text =
      inline !== undefined
        ? Buffer.from(inline, 'base64').toString()
        : this.#mapUrl !== '' && existsSync(file)
          ? readFileSync(file, 'utf8')
          : undefined;
    return text === undefined ? null : new SourceMap(JSON.parse(text) as SourceMapPayload);
  }
}

/** bench/budget-play.ts: a game's botInput in the place of a client, which is no part of the tick. */
const DECIDED = 'decideByGame';
const HELD = 'fray: a hook whose place is asked for';
/** Of this repository's own files those that an author wrote. */
const GAMES = /^(dist\/games|games|examples|test|docs)\//;
const SAMPLE_US = 200;
const SAMPLES_MIN = 20;
const LINES_MAX = 5;
