/** The generators of `fray loadtest`, together: how many clients there are, and what they saw in a window. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FrayError } from '../../errors.ts';
import { packageRoot } from '../games.ts';
import { type Seats, startChild } from './children.ts';
import type {
  GeneratorAsk,
  GeneratorFigures,
  GeneratorOptions,
  GeneratorSays,
} from './messages.ts';

export class Crew {
  readonly rateHz: number;
  /** Clients play on native threads. */
  readonly native: boolean;
  readonly #generators: readonly Generator[];
  #players = 0;

  private constructor(generators: readonly Generator[], ready: readonly Said<'ready'>[]) {
    this.#generators = generators;
    this.rateHz = ready[0]?.rateHz ?? 0;
    this.native = ready.every(({ native }) => native);
  }

  /** A generator for each seat. Throws E_CONFIG where one does not start. */
  static async start(
    options: Omit<GeneratorOptions, 'first' | 'step'>,
    seats: Seats['generators'],
  ): Promise<Crew> {
    const generators = seats.map(
      (cpu, first) => new Generator({ ...options, first, step: seats.length }, cpu),
    );
    try {
      const ready = await Promise.all(generators.map((one) => one.hear('ready')));
      return new Crew(generators, ready);
    } catch (error) {
      for (const one of generators) one.kill();
      throw error;
    }
  }

  get size(): number {
    return this.#generators.length;
  }

  get players(): number {
    return this.#players;
  }

  /** Brings them to `count` clients in all. Answers why one was turned away, or null. */
  async become(count: number): Promise<string | null> {
    const size = this.#generators.length;
    const answers = await Promise.all(
      this.#generators.map((one, at) => {
        one.ask({ ask: 'clients', count: Math.floor((count + size - 1 - at) / size) });
        return one.hear('clients');
      }),
    );
    this.#players = answers.reduce((sum, one) => sum + one.count, 0);
    return answers.find(({ refused }) => refused !== null)?.refused ?? null;
  }

  async begin(): Promise<void> {
    await Promise.all(
      this.#generators.map((one) => {
        one.ask({ ask: 'begin' });
        return one.hear('begun');
      }),
    );
  }

  async end(): Promise<GeneratorFigures[]> {
    const said = await Promise.all(
      this.#generators.map((one) => {
        one.ask({ ask: 'end' });
        return one.hear('figures');
      }),
    );
    return said.map(({ figures }) => figures);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#generators.map((one) => one.stop()));
  }
}

type Said<K extends GeneratorSays['says']> = Extract<GeneratorSays, { says: K }>;

class Generator {
  readonly #child: ChildProcess;
  readonly #said: GeneratorSays[] = [];
  #heard: (() => void) | undefined;
  #ended = false;

  constructor(options: GeneratorOptions, cpu: number | null) {
    this.#child = startChild(
      [process.execPath, YOUNG, ...generatorFile(), JSON.stringify(options)],
      {
        cpus: cpu === null ? null : [cpu],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        folder: packageRoot(),
      },
    );
    this.#child.on('message', (said: GeneratorSays) => {
      this.#said.push(said);
      this.#heard?.();
    });
    this.#child.once('exit', () => {
      this.#ended = true;
      this.#heard?.();
    });
  }

  ask(ask: GeneratorAsk): void {
    if (!this.#ended) this.#child.send(ask);
  }

  async hear<K extends GeneratorSays['says']>(kind: K): Promise<Said<K>> {
    for (;;) {
      const said = this.#said.shift();
      if (said?.says === kind) return said as Said<K>;
      if (said?.says === 'failed')
        throw new FrayError('E_CONFIG', `Cannot load the server: ${said.text}`);
      if (said !== undefined) throw new Error(`The generator says ${said.says} and not ${kind}`);
      if (this.#ended) throw new FrayError('E_CONFIG', 'Cannot load the server: a generator ended');
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    }
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended) return resolve();
      const late = setTimeout(() => this.kill(), STOP_MS_MAX);
      this.#child.once('exit', () => {
        clearTimeout(late);
        resolve();
      });
      this.ask({ ask: 'stop' });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Loaded by path: a generator brings lanes that nothing else of the command needs. */
function generatorFile(): string[] {
  const root = packageRoot();
  const source = join(root, 'bench', 'loadtest', 'generator.ts');
  if (import.meta.url.endsWith('.ts') && existsSync(source))
    return ['--conditions=fray-source', '--import', 'tsx', source];
  return [join(root, 'dist', 'load-generator.js')];
}

/** Sends make garbage; the fewer collections, the fewer datagrams wait for one. */
const YOUNG = '--max-semi-space-size=64';
const STOP_MS_MAX = 5000;
