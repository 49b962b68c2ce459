/** A client and its line: other transports, gaps, and what comes back after them. In simulated time. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import type { Game } from '../../src/client/game.ts';
import type { PipeOpener } from '../../src/client/pipes.ts';
import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import { LocalNet, type NetWay } from './local-net.ts';
import { LocalRoom } from './local-room.ts';
import { LocalSessions } from './local-sessions.ts';
import { talk as schema } from './talk.ts';

type ResumeGame = Game<typeof schema>;

const file =
  process.env['FRAY_TEST_CORE'] ?? new URL('../../core-wasm/fray_core.wasm', import.meta.url);
const module = new WebAssembly.Module(readFileSync(file));

const way = (openMs = 20, link = 'rtt=40'): NetWay => ({ state: 'up', openMs, link });

/** A room with sessions, and one player on a net of its own. */
async function enter(
  ways: LocalNet['ways'],
  more: { readonly pass?: number; readonly resumeMs?: number } = {},
) {
  const sessions = new LocalSessions();
  const { resumeMs = 30_000 } = more;
  const room = new LocalRoom(module, schema, { sessions, resumeMs });
  const net = new LocalNet(room.time, ways);
  const startMs = room.time.nowMs();
  const game = await room.connect('', { open: (dial) => net.openers(dial) });
  const joinMs = room.time.nowMs() - startMs;
  const told: string[] = [];
  game.on('status', (status, error) => told.push(error ? `${status} ${error.code}` : status));
  await room.pass(more.pass ?? 1000);
  return { sessions, room, net, game, told, joinMs };
}

/** Says a line now and then, and keeps what it hears. */
class Talker {
  readonly said: string[] = [];
  readonly heard: string[] = [];
  readonly #game: ResumeGame;
  readonly #everyMs: number;
  #ms = 0;

  constructor(game: ResumeGame, everyMs: number) {
    this.#game = game;
    this.#everyMs = everyMs;
    game.onMessage('chat', ({ text: line }) => this.heard.push(line));
  }

  turn(): void {
    this.#ms += 1;
    if (this.#ms % this.#everyMs !== 0) return;
    const line = `${this.#game.playerId} ${this.said.length}`;
    this.#game.send('chat', { text: line });
    this.said.push(line);
  }
}

for (const loss of [0, 5, 30]) {
  t.test(
    `a cut of 10 s, then back on another transport, with ${loss} % loss: the same player, each message once`,
    async (t) => {
      const link = `rtt=80,jitter=10,loss=${loss},seed=${11 + loss}`;
      const ways = { webrtc: way(30, link), websocket: way(20, link) };
      ways.webrtc.state = 'refused';
      const { room, net, game, told, sessions } = await enter(ways);
      const other = await room.connect();
      const [mine, theirs] = [new Talker(game, 450), new Talker(other, 300)];
      const turn = () => {
        mine.turn();
        theirs.turn();
      };
      const { handle, playerId } = game;
      await room.pass(2000, turn);
      t.equal(game.stats.transport, 'websocket');
      net.state = 'silent';
      await room.pass(10_000, turn);
      t.same(told, ['resuming']);
      t.ok(game.view(room.time.nowMs()).me, 'the view stands');
      ways.webrtc.state = 'up';
      ways.websocket.state = 'refused';
      await room.pass(5000, turn);
      await room.pass(8000);
      t.same(told, ['resuming', 'open']);
      t.equal(game.stats.transport, 'webrtc');
      t.equal(game.stats.resumes, 1);
      t.equal(sessions.attached, 1);
      t.same([game.handle, game.playerId], [handle, playerId]);
      t.equal(room.handle(0), handle);
      t.ok(mine.said.length > 30 && theirs.said.length > 45);
      const from = (id: number) => room.said.filter((line) => line.startsWith(`${id} `));
      t.same(from(playerId), mine.said, 'the room heard each line once and in order');
      t.same(from(other.playerId), theirs.said);
      t.same(mine.heard, room.said, 'and so did the client');
      t.equal(game.stats.correctionUnitsFreeMax, 0);
      game.close();
      other.close();
    },
  );
}

t.test('plays on what opens first, and moves to the better one without a gap', async (t) => {
  const ways = { webrtc: way(700, 'rtt=20'), websocket: way(20, 'rtt=80') };
  const { room, net, game, told } = await enter(ways, { pass: 300 });
  t.equal(game.stats.transport, 'websocket');
  t.match(game.stats.transportWhy, /webrtc is being opened/);
  await room.pass(2000);
  t.equal(game.stats.transport, 'webrtc');
  t.equal(game.stats.transportWhy, 'the best of webrtc, websocket');
  t.same(net.opened, ['websocket', 'webrtc']);
  t.equal(game.stats.snapshotGapTicksMax, 1);
  t.equal(net.open.length, 2, 'the former one stands by for a while');
  await room.pass(5000);
  t.same(
    net.open.map(({ kind }) => kind),
    ['webrtc'],
    'and is closed then',
  );
  t.same(told, []);
  t.equal(game.stats.transportSwitches, 1);
  game.close();
});

t.test('a switch in the middle of a game: no gap over 3 ticks, either way', async (t) => {
  const ways = { webrtc: way(40, 'rtt=120,jitter=10'), websocket: way(20, 'rtt=60,jitter=10') };
  const { room, game, told } = await enter(ways);
  const talker = new Talker(game, 100);
  for (const kind of ['websocket', 'webrtc', 'websocket'] as const) {
    let done = false;
    game.switchTo(kind).then(() => {
      done = true;
    });
    await room.pass(1000, () => talker.turn());
    t.ok(done, kind);
    t.equal(game.stats.transport, kind);
    t.equal(game.stats.transportWhy, 'as asked');
    await room.pass(1000, () => talker.turn());
    t.equal(game.stats.transport, kind, 'and it stays there');
  }
  await room.pass(300);
  t.ok(game.stats.snapshotGapTicksMax <= 3, `${game.stats.snapshotGapTicksMax} ticks`);
  t.equal(game.stats.clockResets, 0);
  t.same(talker.heard, talker.said);
  t.same(told, []);
  await t.rejects(game.switchTo('udp'), { code: 'E_CONFIG' });
  game.close();
});

t.test('a better transport that falls silent is left for the other without resuming', async (t) => {
  const ways = { webrtc: way(50), websocket: way(20) };
  const { room, net, game, told } = await enter(ways, { pass: 8000 });
  t.equal(game.stats.transport, 'webrtc');
  t.equal(net.open.length, 1);
  ways.webrtc.state = 'silent';
  await room.pass(1600);
  t.equal(game.stats.transport, 'websocket');
  t.match(game.stats.transportWhy, /webrtc fell silent/);
  t.same(told, []);
  ways.webrtc.state = 'up';
  await room.pass(3000);
  t.equal(game.stats.transport, 'webrtc', 'and taken again when it works');
  game.close();
});

t.test('a transport that does not open costs nothing, and is not asked for ever', async (t) => {
  for (const state of ['refused', 'silent'] as const) {
    const plain = await enter({ websocket: way(20) });
    const ways = { webrtc: way(30), websocket: way(20) };
    ways.webrtc.state = state;
    let asked = 0;
    const sessions = new LocalSessions();
    const room = new LocalRoom(module, schema, { sessions });
    const net = new LocalNet(room.time, ways);
    const open = (dial: () => MemoryPipe) => {
      const { webrtc, websocket } = net.openers(dial);
      const counted: PipeOpener = (...to) => {
        asked += 1;
        return (webrtc as PipeOpener)(...to);
      };
      return { webrtc: counted, websocket };
    };
    const startMs = room.time.nowMs();
    const game = await room.connect('', { open });
    const tookMs = room.time.nowMs() - startMs;
    t.ok(tookMs < 300 + plain.joinMs, `${tookMs} ms, ${plain.joinMs} with WebSocket alone`);
    await room.pass(60_000, undefined, 50);
    t.equal(game.stats.transport, 'websocket');
    t.match(game.stats.transportWhy, /^webrtc did not open \(/);
    t.equal(asked, 4);
    game.close();
    plain.game.close();
  }
});

t.test(
  'a pipe that is closed is replaced at once; what was shown stays, and goes on',
  async (t) => {
    const ways = { websocket: way(20) };
    const { room, net, game, told } = await enter(ways);
    net.open[0]?.close(0);
    await room.pass(600);
    t.same(told, ['resuming', 'open']);
    t.ok(game.stats.snapshotGapTicksMax < 20, `${game.stats.snapshotGapTicksMax} ticks`);
    game.close();
  },
);

t.test('a silent pipe that comes to life ends the gap as well', async (t) => {
  const ways = { websocket: way(20) };
  const { room, net, game, told, sessions } = await enter(ways);
  const [first] = net.open;
  ways.websocket.state = 'silent';
  await room.pass(2500);
  t.same(told, ['resuming']);
  t.equal(net.open[0], first, 'it is not given up before there is another');
  ways.websocket.state = 'up';
  // Who acknowledges nothing gets two snapshots a second.
  await room.pass(600);
  t.same(told, ['resuming', 'open']);
  await room.pass(5000);
  t.equal(sessions.attached, 0, 'and nothing else is opened');
  t.equal(net.open[0], first);
  game.close();
});

t.test(
  'a session that is over ends the game at once; one that nobody answers for, after its time',
  async (t) => {
    const over = await enter({ websocket: way(20) });
    over.sessions.forget(0);
    over.net.open[0]?.close(0);
    await over.room.pass(500);
    t.same(over.told, ['resuming', 'closed E_SESSION_OVER']);
    const gone = await enter({ websocket: way(20) });
    gone.net.state = 'refused';
    gone.net.open[0]?.close(0);
    await gone.room.pass(29_000);
    t.same(gone.told, ['resuming']);
    t.throws(
      () => {
        for (let line = 0; line < 5000; line += 1)
          gone.game.send('chat', { text: 'x'.repeat(100) });
      },
      { code: 'E_CHANNEL_FULL' },
    );
    await gone.room.pass(2000);
    t.same(gone.told, ['resuming', 'closed E_TIMEOUT']);
    t.equal(gone.game.stats.transport, 'websocket', 'what it was last stays readable');
  },
);

for (const resumeMs of [4000, 45_000])
  t.test(`a client gives up after the ${resumeMs} ms that the server waits`, async (t) => {
    const { room, net, game, told } = await enter({ websocket: way(20) }, { resumeMs });
    net.state = 'refused';
    const lostMs = room.time.nowMs();
    net.open[0]?.close(0);
    while (told.length < 2) await room.pass(5);
    t.same(told, ['resuming', 'closed E_TIMEOUT']);
    const ms = room.time.nowMs() - lostMs;
    // Since the last packet, a tick and half a round trip ago at most.
    t.ok(ms > resumeMs - 100 && ms <= resumeMs + 60, `${ms} ms`);
    t.equal(game.error?.code, 'E_TIMEOUT');
  });

t.test('where the server waits for nobody a lost pipe is the end; a silence is not', async (t) => {
  const lost = await enter({ websocket: way(20) }, { resumeMs: 0 });
  t.ok(lost.game.token, 'a token alone brings nobody back');
  lost.net.open[0]?.close(0);
  await lost.room.pass(50);
  t.same(lost.told, ['closed E_CLOSED']);
  const ways = { websocket: way(20) };
  const silent = await enter(ways, { resumeMs: 0 });
  ways.websocket.state = 'silent';
  await silent.room.pass(4000);
  t.same(silent.told, ['resuming']);
  ways.websocket.state = 'up';
  await silent.room.pass(1000);
  t.same(silent.told, ['resuming', 'open']);
  silent.game.close();
});

t.test('tries to come back are spread and grow rarer', async (t) => {
  const { room, net, game } = await enter({ websocket: way(20) });
  net.state = 'refused';
  net.open[0]?.close(0);
  const before = net.tried;
  await room.pass(1000);
  const first = net.tried - before;
  await room.pass(20_000);
  const rest = net.tried - before - first;
  t.ok(first >= 3 && first <= 6, `${first} in the first second`);
  t.ok(rest >= 10 && rest <= 16, `${rest} in the next 20 s`);
  game.close();
});

t.test(
  'without a token a lost pipe is the end, as there is nothing to come back with',
  async (t) => {
    const room = new LocalRoom(module, schema);
    const net = new LocalNet(room.time, { websocket: way(20) });
    const game = await room.connect('', { open: (dial) => net.openers(dial) });
    await room.pass(500);
    t.equal(game.token, null);
    net.open[0]?.close(0);
    await room.pass(100);
    t.equal(game.error?.code, 'E_CLOSED');
  },
);

t.test('the code with which a server closes a pipe ends the game', async (t) => {
  const { room, net, game } = await enter({ websocket: way(20) });
  net.open[0]?.close(ERROR.E_KICKED);
  await room.pass(100);
  t.equal(game.error?.code, 'E_KICKED');
});

t.test('a number that the server has seen is skipped', async (t) => {
  const { room, net, game, told, sessions } = await enter({ websocket: way(20) });
  sessions.seen(0, 40);
  net.open[0]?.close(0);
  await room.pass(1000);
  t.same(sessions.refused, [ERROR.E_ATTACH_REPLAY]);
  t.same(told, ['resuming', 'open']);
  game.close();
});

t.test('a pipe that opens and answers nothing makes way for another', async (t) => {
  const ways = { webrtc: way(600), websocket: way(20, 'loss=100') };
  const { game } = await enter(ways);
  t.equal(game.stats.transport, 'webrtc');
  game.close();
});

t.test('who leaves while nothing comes through has left', async (t) => {
  const { room, net, game, told } = await enter({ websocket: way(20) });
  net.state = 'silent';
  await room.pass(3000);
  game.close();
  t.same(told, ['resuming', 'closed']);
  await room.pass(5000);
  t.equal(net.open.length, 0, 'no pipe stays behind');
});
