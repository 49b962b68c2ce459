/**
 * `fray dev`: an author at work. The server module is bundled, and built again with each change; a server of its own runs each build, and
 * takes over from the one before when it is ready. What does not build or load leaves the game that runs alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { FrayError } from '../errors.ts';
import { listenForSignals } from '../ops/signals.ts';
import type { Server } from '../server.ts';
import { startServer } from '../server.ts';
import { BuildError, type Bundle, Bundler } from './bundle.ts';
import type { Command } from './command.ts';
import { EXIT } from './command.ts';
import { configArgs, readConfig } from './configuration.ts';
import { AuthorLines } from './dev/lines.ts';
import { PageServer } from './dev/page.ts';
import { FileWatch } from './dev/watch.ts';
import { corePath, findGame, type GameFiles, packageVersion } from './games.ts';

export const command: Command = {
  name: 'dev',
  summary: 'Serve the game in this folder to its author: a change shows within a second',
  examples: ['fray dev', 'fray dev --bots 3 --port 9000', 'fray dev --game ./games/mine'],
  args: configArgs(),
  async run(values, io) {
    const { config, origins } = readConfig(values, io);
    const game = findGame(origins.game === 'default' ? '.' : config.game, { folder: io.folder });
    const signals = listenForSignals(process, (code) => process.exit(code));
    const session = new DevSession(
      game,
      {
        ...config,
        // One thread that rooms share, and the transport that opens first: what starts soon.
        workers: origins.workers === 'default' ? 1 : config.workers,
        spareWorkers: 0,
        webrtc: origins.webrtc === 'default' ? false : config.webrtc,
      },
      (line) => io.out(line),
    );
    try {
      await session.start();
      await signals.first;
    } finally {
      signals.remove();
      await session.stop();
    }
    return EXIT.done;
  },
};

class DevSession {
  readonly #game: GameFiles;
  readonly #config: Config;
  readonly #print: (line: string) => void;
  readonly #lines: AuthorLines;
  readonly #bundler: Bundler;
  readonly #watch: FileWatch;
  #page: PageServer | undefined;
  #server: Server | undefined;
  #inputs: ReadonlySet<string>;
  /** The change that is worked on, and whether another has come since. */
  #work: Promise<void> = Promise.resolve();
  #waiting = false;
  #stopped = false;

  constructor(game: GameFiles, config: Config, print: (line: string) => void) {
    this.#game = game;
    this.#config = config;
    this.#print = print;
    this.#lines = new AuthorLines(game.server, print);
    this.#bundler = new Bundler(game.server);
    this.#inputs = new Set([game.server]);
    this.#watch = new FileWatch(() => this.#changed());
  }

  /** The page opens also where the game does not build yet: its author mends that. Rejects with E_CONFIG or E_PORT. */
  async start(): Promise<void> {
    const folder = dirname(this.#game.server);
    if (!existsSync(join(folder, 'index.html')))
      throw new FrayError(
        'E_CONFIG',
        `Cannot serve ${folder}: it has no index.html; fray new makes a game with one`,
      );
    const { host, port } = this.#config;
    this.#watch.set([...this.#inputs]);
    const [page] = await Promise.all([
      PageServer.open({
        folder,
        host,
        port,
        shared: () => this.#inputs,
        onError: (text) => this.#lines.pageError(text),
      }),
      this.#build(),
    ]);
    this.#page = page;
    if (this.#server !== undefined) page.pointTo(this.#server.url);
    this.#print(`Play ${this.#game.name}: ${page.url}`);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch.close();
    await this.#work;
    await Promise.all([this.#page?.close(), this.#server?.stop(0)]);
    this.#bundler.dispose();
  }

  #changed(): void {
    if (this.#waiting || this.#stopped) return;
    this.#waiting = true;
    this.#work = this.#work.then(async () => {
      this.#waiting = false;
      const startMs = performance.now();
      const isNew = await this.#build();
      if (isNew) this.#print(`Restarted in ${Math.round(performance.now() - startMs)} ms`);
    });
  }

  /** False: what ran before runs on. */
  async #build(): Promise<boolean> {
    try {
      const bundle = await this.#bundler.build();
      this.#inputs = new Set(bundle.inputs);
      this.#watch.set(bundle.inputs);
      this.#lines.built(bundle.inputs.map((path) => ({ path, text: readFileSync(path, 'utf8') })));
      if (bundle.changed || this.#server === undefined) await this.#replace(bundle);
      else this.#page?.pointTo(this.#server.url);
      return true;
    } catch (error) {
      if (error instanceof BuildError) this.#watch.set([...this.#inputs, ...error.files]);
      this.#lines.refused(error);
      if (this.#server !== undefined) this.#print('The game of before runs on');
      return false;
    }
  }

  async #replace(bundle: Bundle): Promise<void> {
    const before = this.#server;
    this.#server = await startServer({
      config: { ...this.#config, port: 0, adminPort: 0 },
      game: { ...this.#game, server: bundle.file, page: null },
      core: corePath(),
      version: packageVersion(),
      log: this.#lines,
      development: true,
    });
    this.#page?.pointTo(this.#server.url);
    await before?.stop(0);
  }
}
