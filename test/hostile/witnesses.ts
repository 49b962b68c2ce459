/**
 * A process of honest players: ordinary headless clients that walk, shoot and talk on each of the servers it is told, and
 * say what they got since they were asked last. `witnesses.ts COUNT URL...`, asked and answered over the channel of the
 * child process. Servers that are compared have their witnesses in one process, so that what disturbs it disturbs both.
 */
import { arena } from '../../games/arena/schema.ts';
import { connectWith } from '../../src/client/connect.ts';
import type { Game } from '../../src/client/game.ts';
import { nodeTools } from '../../src/client/node.ts';
import { SharedPacer } from '../../src/client/pacer.ts';

/** What the players of one server saw since the last question. */
export interface Seen {
  readonly players: number;
  /** Ticks by which the room went on. */
  readonly ticks: number;
  /** Snapshots that came, of those that were due: of the player who fared worst, 0..1. */
  readonly share: number;
  /** Largest distance of two snapshots in a row that any of them got. */
  readonly gapTicksMax: number;
  /** Snapshots that went back in time, or named the same tick again. */
  readonly backward: number;
  /** Reliable messages they got, all together. */
  readonly messages: number;
  /** Codes of games that have ended, ever. */
  readonly ended: readonly string[];
}

export interface Ask {
  /** ms since the process of the one who asks began its clock: goes back with the answer. */
  readonly id: number;
}

export interface Answer extends Ask {
  readonly seen: readonly Seen[];
}

class Player {
  tick = 0;
  got = 0;
  gap = 0;
  backward = 0;
  game: Game<typeof arena> | undefined;

  readonly note = (): void => {
    const { game } = this;
    if (game === undefined) return;
    const { snapshotTick } = game.stats;
    if (this.tick > 0) {
      if (snapshotTick <= this.tick) this.backward += 1;
      this.gap = Math.max(this.gap, snapshotTick - this.tick);
    }
    this.got += 1;
    this.tick = snapshotTick;
  };
}

class Room {
  readonly players: Player[] = [];
  readonly ended: string[] = [];
  messages = 0;
  #before = 0;

  answer(): Seen {
    const newest = Math.max(...this.players.map(({ tick }) => tick));
    const ticks = newest - this.#before;
    this.#before = newest;
    const share = Math.min(...this.players.map(({ got }) => got)) / Math.max(1, ticks);
    const gapTicksMax = Math.max(
      ...this.players.map(({ gap, tick }) => Math.max(gap, newest - tick)),
    );
    const backward = this.players.reduce((sum, player) => sum + player.backward, 0);
    const { messages } = this;
    for (const player of this.players) player.got = player.gap = player.backward = 0;
    this.messages = 0;
    const players = this.players.length;
    return { players, ticks, share, gapTicksMax, backward, messages, ended: [...this.ended] };
  }
}

const [count = '6', ...urls] = process.argv.slice(2);
const pacer = new SharedPacer();
const rooms = await Promise.all(urls.map((url) => fill(url, Number(count))));
process.on('message', ({ id }: Ask) => {
  process.send?.({ id, seen: rooms.map((room) => room.answer()) } satisfies Answer);
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0, seen: [] } satisfies Answer);

async function fill(url: string, players: number): Promise<Room> {
  const room = new Room();
  await Promise.all(Array.from({ length: players }, (_, index) => enter(room, url, index)));
  return room;
}

async function enter(room: Room, url: string, index: number): Promise<void> {
  const player = new Player();
  const act = (): void => {
    const { game } = player;
    if (game === undefined) return;
    const turn = game.stats.commands / 20 + index;
    game.setInput({
      move: { x: Math.cos(turn), y: Math.sin(turn) },
      aim: turn,
      fire: game.stats.commands % 15 < 3,
    });
    if (game.stats.commands % 60 === 10 * index) game.send('chat', { text: `${index} is here` });
  };
  const { load, open } = nodeTools();
  const game = await connectWith(
    url,
    { schema: arena, name: `witness ${index}` },
    { load, open, pacer: () => pacer, hooks: { beforeCommand: act, afterSnapshot: player.note } },
  );
  // A gap that it comes back from is seen in its ticks.
  game.on('status', (status, error) => {
    if (status === 'closed') room.ended.push(error?.code ?? 'left');
  });
  game.onMessage('chat', () => {
    room.messages += 1;
  });
  player.game = game;
  room.players.push(player);
}
