/** A room of a game with all its players in this thread, and what its ticks cost. */
import { ClientCore } from '../core-wasm/bindings/client.ts';
import { ClientStats } from '../protocol/gen/tables.ts';
import { controlsOf, type Seen, Steer } from '../src/client/headless/steer.ts';
import { InputSampler } from '../src/client/input.ts';
import { GameView } from '../src/client/view.ts';
import { DATA } from '../src/mailbox/messages.ts';
import type { Game } from '../src/plugin/game.ts';
import { interpolationTicks, roomSizes } from '../src/schema/compile.ts';
import { sampledTick } from '../workers/stages.ts';
import { STAGES } from '../workers/timing.ts';
import { EPOCH, type Place, ShardHost } from './shard-host.ts';

export interface PlayOptions {
  readonly game: Game;
  readonly players: number;
  readonly seed: number;
  /** Each snapshot carries a hash of what it shows, which costs: for a play that is not timed. */
  readonly verify: boolean;
}

interface HookSum {
  calls: number;
  us: number;
  worstUs: number;
}

export class BudgetPlay {
  /** Who decides what players do. */
  readonly controls: 'botInput' | 'random';
  readonly #host: ShardHost;
  readonly #pilots: Pilot[] = [];
  readonly #options: PlayOptions;
  readonly #config: Uint8Array;
  readonly #module: WebAssembly.Module;
  readonly #ackTicks: number;
  #isMeasured = false;
  /** A hook that is called outside of the tick is not the tick's. */
  #inTurn = false;
  #firstTick = 0;
  #turnsUs = 0;
  #turns = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  readonly #ticksUs: number[] = [];
  readonly #stagesUs: number[][] = [];
  readonly #hooksUs: Map<string, number>[] = [];
  readonly #hooks = new Map<string, HookSum>();
  readonly #faults: string[] = [];
  #now = new Map<string, number>();

  /** Opens the room; everybody comes in with the first ticks. */
  constructor(module: WebAssembly.Module, options: PlayOptions) {
    const { game, players, seed } = options;
    this.#options = options;
    this.#module = module;
    this.controls = game.hooks.botInput === undefined ? 'random' : 'botInput';
    this.#ackTicks = Math.max(1, Math.round((game.schema.tickRateHz * ACK_MS) / 1000));
    const { entitiesMax: own } = game.options;
    const sizes = roomSizes({
      playersMax: players,
      ...(own !== undefined && { entitiesMax: Math.max(own, players) }),
    });
    this.#config = game.schema.config(sizes);
    this.#host = new ShardHost(module, game, {
      ...sizes,
      roomsMax: 2,
      sampleUs: 0,
      realTime: true,
      host: {
        hookFailed: ({ hook, tick, error }) =>
          void this.#faults.push(`${hook} in tick ${tick}: ${textOf(error)}`),
        log: () => {},
        stopwatch: {
          nowUs: () => performance.now() * 1000,
          took: (hook, us) => this.#took(hook, us),
        },
      },
    });
    this.#host.open(0, { seed });
    this.#host.turn();
    for (let session = 1; session <= players; session += 1)
      this.#host.join(session, 0, { name: `player ${session}`, verify: options.verify });
  }

  /** From here on ticks count. */
  measure(): void {
    this.#isMeasured = true;
    this.#firstTick = this.#host.core(0).tick + 1;
  }

  run(ticks: number): void {
    for (let tick = 0; tick < ticks; tick += 1) this.#tick();
  }

  /** Hashes that clients have compared; one that differed has thrown. */
  get checks(): number {
    return this.#pilots.reduce((sum, pilot) => sum + pilot.checks, 0);
  }

  /** What was measured until now; nothing is from here on. */
  figures() {
    this.#isMeasured = false;
    return {
      firstTick: this.#firstTick,
      ticksUs: this.#ticksUs,
      /** By tick, then by stage. */
      stagesUs: this.#stagesUs,
      hooksUs: this.#hooksUs,
      hooks: this.#hooks,
      /** Mean of a whole turn: packets out of the inbox, the tick, waking. */
      turnUs: this.#turnsUs / this.#turns,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      faults: [...this.#faults],
    };
  }

  /** One more room, in which nobody is. */
  openAnother(): void {
    this.#host.open(1, { seed: this.#options.seed + 1 });
    this.#host.turn();
  }

  #tick(): void {
    const host = this.#host;
    const tick = host.core(0).tick + 1;
    for (const pilot of this.#pilots) {
      const packet = pilot.packet(tick);
      if (packet === null) continue;
      if (this.#isMeasured) this.#bytesIn += packet.length;
      host.io.inbox.tryWrite(DATA.packet, pilot.session, 0, packet, 0, packet.length);
    }
    this.#now = new Map();
    this.#inTurn = true;
    const startMs = performance.now();
    host.turn();
    const turnUs = (performance.now() - startMs) * 1000;
    this.#inTurn = false;
    if (this.#isMeasured) this.#keep(turnUs);
    for (const place of host.answers()) this.#seat(place);
    const { outbox } = host.io;
    while (outbox.next()) {
      if (this.#isMeasured) this.#bytesOut += outbox.length;
      this.#pilots[outbox.id - 1]?.take(
        outbox.bytes.slice(outbox.offset, outbox.offset + outbox.length),
        tick,
      );
    }
    outbox.release();
  }

  #keep(turnUs: number): void {
    const sampled = sampledTick(this.#host.timingMemory);
    if (sampled === null) throw new Error('Cannot measure: no tick was timed');
    this.#turnsUs += turnUs;
    this.#turns += 1;
    this.#ticksUs.push(sampled.us);
    this.#stagesUs.push(STAGES.map((name) => sampled.stagesUs[name]));
    this.#hooksUs.push(this.#now);
    for (const [hook, us] of this.#now) {
      const sum = this.#hooks.get(hook);
      if (sum !== undefined) sum.worstUs = Math.max(sum.worstUs, us);
    }
  }

  #took(hook: string, us: number): void {
    if (!this.#inTurn) return;
    this.#now.set(hook, (this.#now.get(hook) ?? 0) + us);
    if (!this.#isMeasured) return;
    const sum = this.#hooks.get(hook) ?? { calls: 0, us: 0, worstUs: 0 };
    sum.calls += 1;
    sum.us += us;
    this.#hooks.set(hook, sum);
  }

  #seat(place: Place): void {
    const { game, seed, verify } = this.#options;
    const client = ClientCore.create(this.#module, this.#config);
    const { session, playerId, handle, tick } = place;
    client.join({ playerId, handle, epoch: EPOCH, tick, verify });
    const runtime = this.#host.runtime(0);
    const decide =
      this.controls === 'botInput'
        ? function decideByGame() {
            return runtime.botInput(playerId & 0xffff);
          }
        : undefined;
    this.#pilots[session - 1] = new Pilot({
      client,
      session,
      playerId,
      game,
      seed: seed * 7919 + session,
      ackTicks: this.#ackTicks,
      decide,
    });
  }
}

interface PilotOptions {
  readonly client: ClientCore;
  readonly session: number;
  readonly playerId: number;
  readonly game: Game;
  readonly seed: number;
  readonly ackTicks: number;
  /** Instead of the script for any schema. */
  readonly decide: (() => Readonly<Record<string, unknown>> | null) | undefined;
}

/** One player's client. */
class Pilot {
  readonly session: number;
  readonly #options: PilotOptions;
  readonly #input: InputSampler;
  readonly #view: GameView;
  readonly #steer: Steer;
  readonly #ticks = new Float64Array(2);
  readonly #stated = new Uint32Array(2);
  readonly #interpolation: number;
  /** On their way: packets and the tick in which they come. */
  readonly #coming: { readonly tick: number; readonly packet: Uint8Array }[] = [];
  #newest = 0;

  constructor(options: PilotOptions) {
    const { client, session, playerId, game, seed } = options;
    const { layout } = game.schema;
    this.session = session;
    this.#options = options;
    this.#input = new InputSampler(layout);
    this.#view = new GameView({ core: client, layout, playerId });
    this.#interpolation = interpolationTicks(layout);
    const reach = Math.min(layout.world.width, layout.world.depth) / 4;
    this.#steer = new Steer({
      seed,
      controls: controlsOf(layout),
      reach,
      tickRateHz: layout.tickRateHz,
    });
  }

  get checks(): number {
    return this.#options.client.stats.getUint32(ClientStats.hashChecks, true);
  }

  take(packet: Uint8Array, tick: number): void {
    this.#coming.push({ tick: tick + this.#options.ackTicks, packet });
  }

  /** Its packet for `tick`; null: it has none. */
  packet(tick: number): Uint8Array | null {
    const { client, decide } = this.#options;
    this.#receive(tick);
    const stated = Math.max(0, this.#newest - this.#interpolation);
    this.#stated[0] = stated;
    if (decide !== undefined) {
      const input = decide();
      if (input !== null) this.#input.set(input);
    } else if (this.#newest > 0) {
      this.#ticks[0] = stated;
      this.#ticks[1] = tick;
      const { me, players } = this.#view.fill(this.#ticks, true) as unknown as {
        readonly me: Seen | null;
        readonly players: readonly Seen[];
      };
      this.#steer.decide(me, players);
      this.#input.set(this.#steer.input);
    }
    this.#input.sample(client.command, tick, this.#stated);
    client.sample();
    const bytes = client.packet(tick);
    return bytes > 0 ? client.packetBytes.slice(0, bytes) : null;
  }

  /** Decodes what has come; each snapshot's hash is compared with that of the room. */
  #receive(tick: number): void {
    const { client } = this.#options;
    while ((this.#coming[0]?.tick ?? Infinity) <= tick) {
      const { packet, tick: at } = this.#coming.shift() as { packet: Uint8Array; tick: number };
      const answer = client.receive(packet);
      if (answer < 0) throw new Error(`A client cannot take a packet of tick ${tick}: ${answer}`);
      if (client.stats.getUint32(ClientStats.hashMismatches, true) > 0)
        throw new Error(`A client decoded another state than the room had in tick ${tick}`);
      this.#newest = at - this.#options.ackTicks;
      while (client.message() >= 0);
      while (client.event());
    }
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Until an acknowledgement is there: a round trip and the clients' own beat. */
const ACK_MS = 100;
