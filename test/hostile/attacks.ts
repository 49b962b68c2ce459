/**
 * What hostile and broken clients do, an entry each. An attack goes on until it is told to stop and answers what it saw;
 * what the server and the others make of it is for measure.ts to say.
 */
import { FRAGMENT_BYTES, type Fragment } from '../independent/packet.ts';
import { halfOpenSockets, slowLoris } from './half-open.ts';
import { Intruder } from './intruder.ts';
import { every, pause } from './metronome.ts';

export interface Scene {
  readonly url: string;
  /** Aborted when it is to stop. */
  readonly over: AbortSignal;
  /** Seeded, [0, 1). */
  random(): number;
  /** To be called when the attack is under way; repeats do nothing. */
  begun(): void;
}

/** Numbers that the test of a row judges by. */
export type Saw = Readonly<Record<string, number>>;
export type AttackName = keyof typeof ATTACKS;

/** By the names that rows call them by. */
export const ATTACKS = {
  acksNothing,
  acksUnsent,
  randomBytes,
  flood,
  inputsAhead: (scene: Scene) => inputs(scene, ahead),
  inputsBehind: (scene: Scene) => inputs(scene, behind),
  bigMessages,
  comesAndGoes,
  slowLoris,
  halfOpenSockets,
} as const;

/** Plays on, and never says that it got anything. */
async function acksNothing(scene: Scene): Promise<Saw> {
  const one = await Intruder.enter(scene.url);
  let sinceMs = 0;
  const ms = await every(TICK_MS, scene.over, (nowMs) => {
    one.sendPacket({ ack: 0, ackBits: 0, tick: one.tick + 2 });
    if (nowMs < SILENT_MS || sinceMs > 0) return;
    sinceMs = nowMs;
    one.packets = one.snapshotBytesMax = 0;
    scene.begun();
  });
  const perSecond = (one.packets * 1000) / (ms - sinceMs);
  one.leave();
  return { perSecond, snapshotBytesMax: one.snapshotBytesMax, closed: one.closedWith };
}

/** Names packets that were never sent: sequences ahead, and every bit of those behind. */
async function acksUnsent(scene: Scene): Promise<Saw> {
  const one = await Intruder.enter(scene.url);
  scene.begun();
  let lies = 0;
  await every(TICK_MS, scene.over, () => {
    one.sendPacket({ tick: one.tick + 2 });
    one.sendPacket({ ack: (one.received + 64 + below(scene, 0x7000)) & 0xffff });
    one.sendPacket({ ackBits: 0xffff_ffff });
    lies += 1;
  });
  one.leave();
  return { lies, closed: one.closedWith };
}

/** Noise as fast as the rate lets it through: of any kind, behind a packet's first byte, honest packets with a bit turned. */
async function randomBytes(scene: Scene): Promise<Saw> {
  let datagrams = 0;
  await inside(scene, (one, over) =>
    every(4, over, () => {
      datagrams += 1;
      one.send(noise(scene, one, datagrams % 8));
    }),
  );
  return { datagrams };
}

function noise(scene: Scene, one: Intruder, kind: number): Uint8Array {
  if (kind < 4) {
    const honest = one.packet({ tick: one.tick + 2 });
    const at = below(scene, honest.length);
    honest[at] = (honest[at] ?? 0) ^ (1 << below(scene, 8));
    return honest;
  }
  const bytes = Uint8Array.from({ length: 1 + below(scene, 1120) }, () => below(scene, 256));
  if (kind < 7) bytes[0] = 6 | ((one.epoch & 15) << 4);
  return bytes;
}

/** Honest packets, 10,000 a second. */
async function flood(scene: Scene): Promise<Saw> {
  let packets = 0;
  const startMs = performance.now();
  await inside(scene, (one, over) =>
    every(0.1, over, () => {
      if (one.waiting > WAITING_BYTES_MAX) return;
      packets += 1;
      one.sendPacket({ tick: one.tick + 2 });
    }),
  );
  return { packets, perSecond: (packets * 1000) / (performance.now() - startMs) };
}

/** Commands for ticks that are none of its business, 120 a second. */
async function inputs(scene: Scene, tickOf: (scene: Scene, now: number) => number): Promise<Saw> {
  const one = await Intruder.enter(scene.url);
  let commands = 0;
  await every(TICK_MS / 4, scene.over, (ms) => {
    commands += 1;
    one.sendPacket({ tick: tickOf(scene, one.tick) });
    // Commands for ticks before the join are nothing, and not counted as late.
    if (ms > LATE_MS) scene.begun();
  });
  one.leave();
  return { commands, closed: one.closedWith };
}

/** Beyond the window of commands, up to the last number there is. */
function ahead(scene: Scene, now: number): number {
  return [now + 70, now + 70 + below(scene, 1e6), 0xffff_ffff, 0x8000_0000][below(scene, 4)] ?? 0;
}

/** From the tick before the last one back to the beginning. */
function behind(scene: Scene, now: number): number {
  return below(scene, 4) === 0 ? below(scene, 2) : Math.max(0, now - 2 - below(scene, 30));
}

/**
 * Reliable messages of 4 KiB without end: two clients keep to their rate and send the next when the last was acknowledged, one
 * sends again and again without waiting for anything.
 */
async function bigMessages(scene: Scene): Promise<Saw> {
  let messages = 0;
  const polite = async (): Promise<void> => {
    await inside(scene, async (one, over) => {
      let id = 1;
      while (!over.aborted) {
        const sequence = sendMessage(one, id);
        await Promise.all([
          pause(MESSAGE_MS),
          one.until(() => over.aborted || isPast(one.acked, sequence)),
        ]);
        id += FRAGMENTS;
        messages += 1;
      }
    });
  };
  const rude = inside(scene, (one, over) => every(TICK_MS, over, () => void sendMessage(one, 1)));
  await Promise.all([polite(), polite(), rude]);
  return { messages };
}

/** In four packets; answers the sequence of the last. */
function sendMessage(one: Intruder, firstId: number): number {
  let sequence = 0;
  for (let first = 0; first < FRAGMENTS; first += 4) {
    const fragments = Array.from({ length: 4 }, (_, k): Fragment => {
      const id = (firstId + first + k) & 0xffff;
      return { id, ends: first + k === FRAGMENTS - 1, bytes: GAME_MESSAGE };
    });
    sequence = one.sendPacket({ fragments });
  }
  return sequence;
}

/** 50 times a second: opens a socket, joins, and is gone again, every other time without a goodbye. */
async function comesAndGoes(scene: Scene): Promise<Saw> {
  const visits = { begun: 0, joined: 0, refused: 0 };
  const open = new Set<Promise<void>>();
  const visit = async (polite: boolean): Promise<void> => {
    try {
      const one = await Intruder.enter(scene.url);
      visits.joined += 1;
      if (polite) one.leave();
      else one.cut();
    } catch {
      visits.refused += 1;
    }
  };
  scene.begun();
  const ms = await every(20, scene.over, () => {
    if (open.size >= VISITS_MAX) return;
    visits.begun += 1;
    const one = visit(visits.begun % 2 === 0);
    open.add(one);
    void one.then(() => open.delete(one));
  });
  const perSecond = (visits.joined * 1000) / ms;
  await Promise.all(open);
  return { ...visits, perSecond };
}

/** Enters again whenever the server has closed the session, until the attack is over. */
async function inside(
  scene: Scene,
  act: (one: Intruder, over: AbortSignal) => Promise<unknown>,
): Promise<void> {
  while (!scene.over.aborted) {
    const one = await Intruder.enter(scene.url);
    scene.begun();
    await act(one, AbortSignal.any([scene.over, one.gone]));
    one.leave();
  }
}

function below(scene: Scene, limit: number): number {
  return Math.floor(scene.random() * limit);
}

/** Sequences wrap. */
function isPast(acked: number, sequence: number): boolean {
  return ((acked - sequence) & 0xffff) < 0x8000;
}

const TICK_MS = 1000 / 30;
/** ms after which a client without acknowledgements gets less, and some more. */
const SILENT_MS = 1500;
/** ms after which all that comes late was for ticks since the join. */
const LATE_MS = 1200;
/** Fragments of a message of 4 KiB. */
const FRAGMENTS = 16;
/** ms. So many messages, with their heads, are 60 KB a second. */
const MESSAGE_MS = 75;
/** Kind 1, message 0: a chat line that says to be longer than it is. Each fragment of a message is this again. */
const GAME_MESSAGE = new Uint8Array(FRAGMENT_BYTES).fill(255).fill(1, 0, 1).fill(0, 1, 2);
/** More than the flood's own kernel holds is no use to it. */
const WAITING_BYTES_MAX = 1 << 20;
/** Sockets that may be on their way in at once. */
const VISITS_MAX = 100;
