/**
 * `fray bench size`: what is installed, what a page loads, and how soon a server plays: from the start of its process to the first snapshot that a
 * client has decoded.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Bench, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow } from '../src/cli/bench-report.ts';
import { loadSchema, packageRoot } from '../src/cli/games.ts';
import { connectWith } from '../src/client/connect.ts';
import { nodeTools } from '../src/client/node.ts';
import { startFray } from './io/processes.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'size',
  async run(options) {
    const rows: BenchRow[] = [...packageRows(options.progress), ...pageRows()];
    const times: number[] = [];
    for (let start = 0; start < (options.quick ? 3 : 10); start += 1) times.push(await startMs());
    options.progress(
      `size: first snapshot after ${times.map((ms) => ms.toFixed(0)).join(', ')} ms`,
    );
    rows.push(
      ownRow({
        name: 'size/start to first snapshot',
        unit: 'ms, decoded by a client that polls for the server',
        ours: median(times),
        rounds: times.map((ms) => ({ ours: ms, peer: null })),
      }),
    );
    return rows;
  },
};

function packageRows(progress: (line: string) => void): BenchRow[] {
  const root = packageRoot();
  if (!existsSync(join(root, 'package-lock.json'))) {
    progress('size: what is installed was not counted: that needs a clone of the repository');
    return [];
  }
  const packed = JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ readonly size: number; readonly unpackedSize: number }];
  const installed = dependencyBytes(root) / 1e6;
  return [
    ownRow({
      name: 'size/package',
      unit: 'MB unpacked',
      ours: packed[0].unpackedSize / 1e6,
      goal: `<= ${PACKAGE_MB_MAX}`,
      met: packed[0].unpackedSize / 1e6 <= PACKAGE_MB_MAX,
    }),
    ownRow({ name: 'size/package packed', unit: 'MB', ours: packed[0].size / 1e6 }),
    ownRow({
      name: 'size/dependencies',
      unit: 'MB on a disk with blocks of 4 KiB, production alone',
      ours: installed,
      goal: `<= ${INSTALLED_MB_MAX}`,
      met: installed <= INSTALLED_MB_MAX,
    }),
  ];
}

/** What a page loads of Fray: the client's module and the core of clients, gzipped. */
function pageRows(): BenchRow[] {
  const parts = ['client.browser.js', 'fray_client.wasm'].map((file) =>
    readFileSync(join(packageRoot(), 'dist', file)),
  );
  const sizes = parts.map((bytes) => gzipSync(bytes, { level: 9 }).length);
  const ours = sizes.reduce((sum, size) => sum + size, 0);
  return [
    ownRow({
      name: 'size/page',
      unit: 'bytes gzipped, client and core',
      ours,
      goal: `<= ${PAGE_BYTES_MAX}`,
      met: ours <= PAGE_BYTES_MAX,
    }),
  ];
}

async function startMs(): Promise<number> {
  const schema = await loadSchema('arena', packageRoot());
  const begunMs = performance.now();
  const server = await startFray('websocket');
  try {
    let firstMs = 0;
    const hooks = {
      afterSnapshot: () => {
        firstMs ||= performance.now() - begunMs;
      },
    };
    const asked = { schema, room: 'any', transport: 'websocket', verify: true } as const;
    const game = await connectWith(server.page, asked, { ...nodeTools(), hooks });
    for (const endMs = performance.now() + CHECKED_MS_MAX; performance.now() < endMs; ) {
      if (game.stats.hashChecks > 0) break;
      await pause(10);
    }
    game.close();
    checkFirst(firstMs, game.stats);
    return firstMs;
  } finally {
    await server.stop();
  }
}

/** Throws where what came was not compared with the room, or was another state. */
export function checkFirst(
  firstMs: number,
  { hashChecks, hashMismatches }: { readonly hashChecks: number; readonly hashMismatches: number },
): void {
  if (firstMs === 0 || hashChecks === 0) throw new Error('No snapshot came that says its hash');
  if (hashMismatches > 0)
    throw new Error(`${hashMismatches} of ${hashChecks} snapshots decoded to another state`);
}

/** Production dependencies that are installed: whole blocks of a disk, linked files once, as esbuild's binary lies in two packages. */
export function dependencyBytes(root: string): number {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>;
  };
  const counted = new Set<number>();
  const bytesOf = (folder: string): number =>
    readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesOf(path);
      const { ino, size } = statSync(path);
      if (counted.has(ino)) return sum;
      counted.add(ino);
      return sum + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    }, 0);
  return Object.entries(packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional)
    .map(([path]) => join(root, path))
    .filter((path) => existsSync(path))
    .reduce((sum, path) => sum + bytesOf(path), 0);
}

/** ms. Each snapshot says its hash. */
const CHECKED_MS_MAX = 5000;
const PACKAGE_MB_MAX = 4.5;
const INSTALLED_MB_MAX = 60;
const PAGE_BYTES_MAX = 80_000;
const BLOCK_BYTES = 4096;
