/**
 * `fray bench framing` (P8): what a leaner RFC 6455 on node:net could gain over `ws`, everything else away: both move the same bytes to and from the
 * same clients (bench/peers/ws-fanout.mjs, lean-fanout.mjs), in rounds that take turns. It would be taken as a transport for a quarter less.
 */
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ratioRow } from '../src/cli/bench-report.ts';
import { checkLoad } from './io/load-messages.ts';
import { benchFile, Load, type ServerProcess, startPeer } from './io/processes.ts';
import { WS_SETTINGS } from './peers.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'framing',
  async run(options) {
    const start = (file: string, ...flags: string[]): Promise<ServerProcess> =>
      startPeer([process.execPath, benchFile('peers', file), String(BYTES), ...flags], 'ws');
    const servers = [
      await start('ws-fanout.mjs'),
      await start('lean-fanout.mjs'),
      await start('lean-fanout.mjs', 'handle'),
    ];
    try {
      const { rounds } = options.quick ? QUICK : FULL;
      const us: number[][] = [];
      for (let round = 0; round <= rounds; round += 1) {
        const order = [0, 1, 2].map((index) => (index + round) % 3);
        const row = [0, 0, 0];
        for (const index of order)
          row[index] = await play(servers[index] as ServerProcess, options, round);
        options.progress(
          `framing: ws ${row[0]?.toFixed(1)} us, lean ${row[1]?.toFixed(1)}, lean past the stream ${row[2]?.toFixed(1)}${round === 0 ? ' (not counted)' : ''}`,
        );
        if (round > 0) us.push(row);
      }
      return framingRows(us);
    } finally {
      for (const server of servers) await server.stop();
    }
  },
};

/** `us`: of each round what `ws` and the two leaner ones cost. */
export function framingRows(us: readonly (readonly number[])[]): BenchRow[] {
  return [rowOf('lean', us, 1), rowOf('lean, past the stream of node:net', us, 2)];
}

function rowOf(name: string, us: readonly (readonly number[])[], index: number): BenchRow {
  return ratioRow({
    name: `framing/${name}`,
    unit: 'us of CPU per client and tick',
    rounds: us.map((row) => ({ ours: row[index] as number, peer: row[0] as number })),
    peerName: 'ws',
    goal: { text: '<= 0.75x of ws, to be taken', ratioMin: 1 / 0.75 },
    more: {
      ours: 'nothing: it refuses fragments, texts and long frames, which no client of ours sends',
      peer: 'fragments, texts, compression, back-pressure per message, events for each',
      settings: WS_SETTINGS,
    },
  });
}

async function play(server: ServerProcess, options: BenchOptions, round: number): Promise<number> {
  const { clients, ms } = options.quick ? QUICK : FULL;
  const load = await Load.start({
    url: server.url,
    page: server.page,
    fray: false,
    transport: 'websocket',
    clients,
    botShare: 0,
    seed: options.seed + round,
    bytesOut: BYTES_IN,
    bytesBack: BYTES,
  });
  try {
    await pause(ms / 4);
    await load.begin();
    const before = server.cpuUs();
    await pause(ms);
    const cpuUs = server.cpuUs() - before;
    const seen = await load.end();
    checkLoad(seen, await load.stop());
    return cpuUs / seen.received;
  } catch (error) {
    load.kill();
    throw error;
  }
}

/** Of our mean datagrams. */
const BYTES = 35;
const BYTES_IN = 23;
const FULL = { rounds: 6, clients: 500, ms: 6000 };
const QUICK = { rounds: 2, clients: 200, ms: 1000 };
