import { FrayError } from '../../src/errors.ts';
import { Bell, createBell } from '../../src/mailbox/bell.ts';
import { ANSWER, createLink, DATA, IoEnd, JOIN, OPEN, ORDER } from '../../src/mailbox/messages.ts';
import { Shard, type ShardOptions } from '../../workers/shard.ts';
import { ShardRoom } from '../../workers/shard-room.ts';
import type { CounterName } from '../../workers/timing.ts';
import { createTiming, TimingReader } from '../../workers/timing.ts';
import { FakeCore, FakeGame } from './fake-core.ts';

export const INTERVAL = 1e6 / 30;

/** A shard on a clock that tests move, with the I/O threads' ends in the same thread. */
export class Bench {
  nowUs = 50_000_000;
  readonly cores = new Map<number, FakeCore>();
  readonly games = new Map<number, FakeGame>();
  readonly logs: string[] = [];
  readonly ends: IoEnd[];
  readonly bells: Bell[];
  readonly shard: Shard;
  readonly #timing: TimingReader;

  constructor(
    options: {
      playersMax?: number;
      ioThreads?: number;
      botsYield?: boolean;
      emptyCloseTicks?: number;
      outboxBytes?: number;
      takeover?: Pick<ShardOptions, 'restoreRoom' | 'onLost'>;
    } = {},
  ) {
    const sizes = {
      sessionsMax: 100,
      roomsMax: 10,
      inboxBytes: 1 << 16,
      outboxBytes: options.outboxBytes ?? 1 << 16,
      packetBytesMax: 1120,
    };
    const links = Array.from({ length: options.ioThreads ?? 1 }, () => createLink(sizes));
    const bells = links.map(() => createBell());
    const timing = createTiming(10);
    this.ends = links.map((link) => new IoEnd(link));
    this.bells = bells.map((memory) => new Bell(memory));
    this.#timing = new TimingReader(timing);
    this.shard = new Shard({
      boot: { index: 0, workers: 1, links, bells, timing },
      ...options.takeover,
      nowUs: () => this.nowUs,
      report: (message) => this.logs.push(message.text),
      openRoom: (order, parts) => {
        if (order.optionsJson === 'bad')
          throw new FrayError('E_ROOM_OPTIONS', 'Cannot create the room: options: not JSON');
        const core = new FakeCore(options.playersMax ?? 4);
        const game = new FakeGame(core);
        this.cores.set(order.row, core);
        this.games.set(order.row, game);
        return new ShardRoom({
          row: order.row,
          id: order.id,
          owner: order.owner,
          core,
          game,
          botsYield: options.botsYield ?? true,
          emptyCloseTicks: options.emptyCloseTicks ?? 5,
          ...parts,
        });
      },
    });
  }

  /** Each tick of an open room takes so long from now on. */
  slow(row: number, costUs: () => number): FakeCore {
    const core = this.cores.get(row) as FakeCore;
    const begin = core.begin.bind(core);
    core.begin = (length: number) => {
      this.nowUs += costUs();
      return begin(length);
    };
    return core;
  }

  counter(name: CounterName): number {
    return this.#timing.counter(name);
  }

  get malformed(): number {
    return this.#timing.sum('packetsMalformed');
  }

  /** Turns of the loop for so many tick intervals. */
  run(intervals: number): void {
    const untilUs = this.nowUs + intervals * INTERVAL;
    this.shard.takeOrders();
    for (let guard = 0; guard < 10_000; guard += 1) {
      const slot = this.shard.nextSlot();
      const dueUs = slot === undefined ? untilUs : Math.max(slot.dueUs, this.nowUs);
      this.nowUs = Math.min(dueUs, untilUs);
      this.shard.takeOrders();
      this.shard.takePackets();
      if (slot !== undefined && slot.dueUs <= this.nowUs) this.shard.tickSlot(slot);
      this.shard.wake();
      if (this.nowUs >= untilUs) return;
    }
  }

  open(row: number, options = '', io = 0): void {
    const bytes = new Uint8Array(OPEN.tail + 2 + options.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(OPEN.roomIdBytes, 2, true);
    view.setUint32(OPEN.optionsBytes, options.length, true);
    bytes.set(new TextEncoder().encode(`r${row}${options}`), OPEN.tail);
    this.order(io, ORDER.open, row, 0, bytes);
  }

  join(session: number, row: number, name = 'Ann', identity = new Uint8Array(0)): void {
    const bytes = new Uint8Array(JOIN.identity + identity.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(JOIN.nameBytes, name.length, true);
    view.setUint32(JOIN.identityBytes, identity.length, true);
    bytes.set(new TextEncoder().encode(name), JOIN.name);
    bytes.set(identity, JOIN.identity);
    this.order(session >>> 28, ORDER.join, session, row, bytes);
  }

  order(io: number, kind: number, id: number, arg: number, bytes = new Uint8Array(0)): void {
    (this.ends[io] as IoEnd).orders.tryWrite(kind, id, arg, bytes, 0, bytes.length);
  }

  send(session: number, bytes: number[], arrivalUs = this.nowUs): boolean {
    return (this.ends[session >>> 28] as IoEnd).inbox.tryWrite(
      DATA.packet,
      session,
      arrivalUs,
      Uint8Array.from(bytes),
      0,
      bytes.length,
    );
  }

  /** Answers since the last call: [kind, id, arg, text]. */
  answers(io = 0): [string, number, number, string][] {
    const { answers } = this.ends[io] as IoEnd;
    const seen: [string, number, number, string][] = [];
    while (answers.next()) {
      const name = Object.entries(ANSWER).find(([, kind]) => kind === answers.kind)?.[0] ?? '?';
      const text =
        name === 'joined'
          ? ''
          : new TextDecoder().decode(
              answers.bytes.slice(answers.offset, answers.offset + answers.length),
            );
      seen.push([name, answers.id, answers.arg, text]);
    }
    answers.release();
    return seen;
  }

  packetsOut(io = 0): number[] {
    const { outbox } = this.ends[io] as IoEnd;
    const seen: number[] = [];
    while (outbox.next()) seen.push(outbox.id);
    outbox.release();
    return seen;
  }
}
