/** A server takes another's place behind nginx while 50 play: nobody meets a raw error, and all are in a game again. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Game } from '../../src/client/index.ts';
import { connect } from '../../src/client/node.ts';
import { FrayError } from '../../src/errors.ts';
import { readCertificate } from '../../src/http/tls.ts';
import { folderFor, makeCertificate, renew } from '../http/certificates.ts';
import { CORE, freePort, until } from './fixture.ts';
import { events, listening, small } from './fray-process.ts';
import { duel } from './games/schema.ts';

const NGINX = '/usr/sbin/nginx';
const PLAYERS = 50;
/** What players are told with the notice. */
const RETRY = 'https://play.example/arena';
const docs = readFileSync(fileURLToPath(new URL('../../docs/network.md', import.meta.url)), 'utf8');
const block = /^```nginx\n([\s\S]*?)^```$/m.exec(docs)?.[1] ?? '';

/** One who plays, and who comes back where the server goes away, as a page does. */
class Returner {
  game: Game<typeof duel> | undefined;
  notices = 0;
  /** Codes with which games ended. */
  readonly ended: string[] = [];
  /** Codes with which it was not let in; it tries again. */
  readonly refused: string[] = [];
  /** What is no error of ours. */
  readonly raw: string[] = [];
  left = false;
  readonly #url: string;
  readonly #name: string;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
  }

  async come(): Promise<void> {
    for (let attempt = 0; attempt < 20 && !this.left; attempt += 1) {
      try {
        const game = await connect(this.#url, {
          schema: duel,
          name: this.#name,
          wasm: CORE,
          transport: 'websocket',
        });
        this.game = game;
        game.on('notice', ({ code, retryUrl }) => {
          if (code === 'E_SHUTDOWN' && retryUrl === RETRY) this.notices += 1;
        });
        game.on('status', (status, error) => {
          if (status === 'closed' && !this.left) this.#closed(error);
        });
        return;
      } catch (error) {
        if (!(error instanceof FrayError)) this.raw.push(String(error));
        else this.refused.push(error.code);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  #closed(error: unknown): void {
    this.game = undefined;
    if (error instanceof FrayError) this.ended.push(error.code);
    else this.raw.push(String(error));
    void this.come();
  }

  leave(): void {
    this.left = true;
    this.game?.close();
  }
}

if (!existsSync(NGINX)) {
  t.test('not run here: an update behind nginx', async (t) => {
    t.pass('not run: nginx is not installed (apt-get install nginx-light)');
  });
} else {
  t.test(
    'a second server takes over behind nginx, under 50 players',
    { timeout: 200_000 },
    async (t) => {
      const more = ['--trust-proxy', '--no-webrtc', '--drain-ms', '4000', '--retry-url', RETRY];
      const old = await listening(t, [...small(await freePort()), ...more]);
      const proxy = await startNginx(t, new URL(old.url).host);
      const players = Array.from({ length: PLAYERS }, (_, at) => new Returner(proxy.url, `p${at}`));
      t.teardown(() => leave(players));
      for (const player of players) await player.come();
      const plays = (): number =>
        players.filter(({ game }) => (game?.stats.snapshots ?? 0) > 10).length;
      await until('all play', () => plays() === PLAYERS, 60_000);
      t.equal(players.flatMap(({ ended }) => ended).length, 0);
      // A busy machine may have let somebody wait in vain before.
      for (const { refused } of players) refused.length = 0;

      const next = await listening(t, [...small(await freePort()), ...more]);
      proxy.pointTo(new URL(next.url).host);
      await until('new connections go there', async () => {
        const asked = await fetch(`${next.admin}api/server`);
        return asked.status === 200 && (await fetch(`${proxy.url}readyz`)).status === 200;
      });
      const startedMs = Date.now();
      old.child.kill('SIGTERM');
      await until(
        'no new players there',
        async () => (await fetch(`${old.admin}readyz`)).status === 503,
      );
      t.ok(Date.now() - startedMs < 2000, 'at once');
      await until('all are told', () => players.every(({ notices }) => notices > 0), 20_000);
      t.ok(
        players.every(({ game }) => game?.status === 'open'),
        'and play on meanwhile',
      );
      const rooms = async (): Promise<number> =>
        ((await (await fetch(`${old.admin}api/rooms`)).json()) as { rooms: unknown[] }).rooms
          .length;
      const before = await rooms();
      await t.rejects(connect(old.url, { schema: duel, wasm: CORE }), { code: 'E_SHUTDOWN' });
      t.ok((await rooms()) <= before, 'no room opens there any more');
      t.equal(await old.ended, 0, 'it ends by itself');
      await until('all play again', () => plays() === PLAYERS, 60_000);
      const there = (await (await fetch(`${next.admin}api/server`)).json()) as { players: number };
      t.equal(there.players, PLAYERS, 'on the new server');
      const codes = players.flatMap(({ ended, refused }) => [...ended, ...refused]);
      t.same([...new Set(codes)], ['E_SHUTDOWN'], 'each heard why');
      t.same(
        players.flatMap(({ raw }) => raw),
        [],
        'nobody met a raw error',
      );
      t.comment(`${PLAYERS} players, ${codes.length} goodbyes, 0 raw errors, all back`);
      leave(players);
      next.child.kill('SIGTERM');
      t.equal(await next.ended, 0);
    },
  );
}

// The certificates are our own; read by node:tls with each connection.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';

t.test(
  'a rotated certificate and key under load: no session closed',
  { timeout: 120_000 },
  async (t) => {
    const folder = folderFor(t);
    const live = makeCertificate(folder, 'live');
    const next = makeCertificate(folder, 'next');
    const server = await listening(t, [
      ...small(await freePort()),
      ...['--tls-cert', live.cert, '--tls-key', live.key, '--no-webrtc'],
    ]);
    const players = Array.from({ length: 20 }, (_, at) => new Returner(server.url, `p${at}`));
    t.teardown(() => leave(players));
    for (const player of players) await player.come();
    const least = (): number => Math.min(...players.map(({ game }) => game?.stats.snapshots ?? -1));
    await until('all play', () => least() > 10, 60_000);
    for (let turn = 0; turn < 4; turn += 1) {
      const renewed = turn % 2 === 0 ? next : makeCertificate(folder, `again${turn}`);
      renew(renewed, live);
      const before = events(server, 'server.reloaded').length;
      server.child.kill('SIGHUP');
      await until('taken over', () => events(server, 'server.reloaded').length > before, 20_000);
      t.match(events(server, 'server.reloaded').at(-1), {
        certificate: readCertificate(live).fingerprint,
      });
      const played = least();
      await until('all play on', () => least() > played + 10, 60_000);
    }
    const { open, joined } = (await (await fetch(`${server.admin}api/sessions`)).json()) as {
      open: number;
      joined: number;
    };
    t.same([open, joined], [20, 20], 'each on the connection it came with');
    t.same(
      players.flatMap(({ ended, raw }) => [...ended, ...raw]),
      [],
      'no session closed',
    );
    leave(players);
    server.child.kill('SIGTERM');
    t.equal(await server.ended, 0);
  },
);

function leave(players: readonly Returner[]): void {
  for (const player of players) player.leave();
}

/** nginx with the documented block before `server`. */
async function startNginx(
  keeper: { teardown(fn: () => void): void },
  server: string,
): Promise<{ readonly url: string; pointTo(server: string): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'fray-update-'));
  keeper.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const port = await freePort();
  const file = join(folder, 'nginx.conf');
  const write = (to: string): void => {
    const own = block
      .replace('listen 80;', `listen 127.0.0.1:${port};`)
      .replace('127.0.0.1:8080', to);
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${join(folder, name)};`)
      .join('\n');
    const user = process.getuid?.() === 0 ? 'user root;\n' : '';
    const head = `${user}daemon off;\nworker_processes 1;\npid ${join(folder, 'pid')};\nevents {}\n`;
    writeFileSync(file, `${head}http {\naccess_log off;\n${places}\n${own}}\n`);
  };
  write(server);
  const flags = ['-p', folder, '-c', file, '-e', join(folder, 'error.log')];
  execFileSync(NGINX, ['-t', ...flags], { stdio: 'pipe' });
  const nginx = spawn(NGINX, flags, { stdio: 'ignore' });
  keeper.teardown(() => void nginx.kill('SIGTERM'));
  const url = `http://127.0.0.1:${port}/`;
  const answers = () =>
    fetch(`${url}healthz`).then(
      ({ status }) => status === 200,
      () => false,
    );
  await until('nginx listens', answers, 10_000);
  return {
    url,
    pointTo(to) {
      write(to);
      nginx.kill('SIGHUP');
    },
  };
}
