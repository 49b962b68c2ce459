/** A real room worker whose rooms are arenas full of bots. Orders go through its mailboxes, as a directory's do. */
import { findGame } from '../src/cli/games.ts';
import { Bell, createBell } from '../src/mailbox/bell.ts';
import { OrderDesk } from '../src/room/orders.ts';
import { gameUrl, RoomWorker, sparesFor } from '../src/room/workers.ts';
import type { CounterName, TimingReader } from '../workers/timing.ts';
import { pause } from './worker-host.ts';

export class BotWorker {
  /** Rooms ordered. */
  rooms = 0;
  /** Of each room: one place stays free for a person. */
  readonly bots = PLAYERS - 1;
  readonly #worker: RoomWorker;
  readonly #desk = new OrderDesk(SIZES);
  readonly #bell: Bell;
  #failure: string | undefined;

  static async start(core: WebAssembly.Module): Promise<BotWorker> {
    const host = new BotWorker(core);
    await host.#worker.start({
      onCrash: () => host.#fail('the worker of the bench has died'),
      onRecovered: () => {},
      onMissed: () => {},
    });
    return host;
  }

  private constructor(core: WebAssembly.Module) {
    const bell = createBell();
    const note = (fields: object, text: string): void =>
      this.#fail(`${text} ${JSON.stringify(fields)}`);
    this.#bell = new Bell(bell);
    const options = {
      workers: 1,
      game: gameUrl(findGame('arena', { folder: '.' }).server),
      core,
      ...SIZES,
      playersMax: PLAYERS,
      shadowMs: SHADOW_MS,
      emptyCloseMs: 0,
      bells: [bell],
      // Warnings are of overload, which the bench is there to see: its level stands beside the figures.
      log: { info: () => {}, warn: () => {}, error: note },
    };
    this.#worker = new RoomWorker(options, 0, { ioThread: 0, spares: sparesFor(options, 0) });
  }

  get timing(): TimingReader {
    return this.#worker.timing;
  }

  counter(name: CounterName): number {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    return this.timing.counter(name);
  }

  /** Opens more rooms, a few at a time, and waits until all bots of all rooms are in. */
  async open(rooms: number): Promise<void> {
    for (let left = rooms; left > 0; left -= 1) {
      const row = this.rooms;
      if (row === ROOMS_MAX) throw new Error(`Cannot load a worker: it runs ${ROOMS_MAX} rooms`);
      const room = { id: `room${row}`, row, worker: 0, open: true, bots: this.bots };
      this.#desk.open(this.#worker, { ...room, ...UNUSED });
      this.rooms += 1;
      await pause(OPEN_EVERY_MS);
      this.#listen();
    }
    const endMs = performance.now() + BOTS_MS_MAX;
    while (this.counter('bots') < this.rooms * this.bots) {
      if (performance.now() > endMs) throw new Error('The bots of the bench do not come in');
      await pause(OPEN_EVERY_MS);
    }
  }

  stop(): Promise<void> {
    this.#worker.state = 'stopped';
    return this.#worker.stop(0);
  }

  /** Answers say that rooms are open; bots get no packets. */
  #listen(): void {
    const { answers, outbox } = this.#worker.end;
    while (answers.next());
    answers.release();
    while (outbox.next());
    outbox.release();
    this.#bell.awake();
  }

  #fail(text: string): void {
    this.#failure ??= text;
  }
}

/** Places of a room. */
const PLAYERS = 50;
const SHADOW_MS = 2000;
const ROOMS_MAX = 2048;
const SIZES = { sessionsMax: 64, roomsMax: ROOMS_MAX };
/** What a directory keeps of a room and an order does not say. */
const UNUSED = {
  people: 0,
  botsFixed: 0,
  closing: false,
  openedUs: 0,
  deaths: 0,
  diedMs: 0,
  diedTick: -1,
  move: undefined,
  tickDeaths: 0,
  opening: { seed: 1n, epoch: 1, optionsJson: '' },
};
/** ms. A phase slot. */
const OPEN_EVERY_MS = 5;
const BOTS_MS_MAX = 30_000;
