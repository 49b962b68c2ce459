/** `fray start`: runs a server until a signal, drains it, and ends with 0. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkAddress } from '../config.ts';
import { FrayError } from '../errors.ts';
import { createLog } from '../ops/log.ts';
import { listenForSignals } from '../ops/signals.ts';
import { startServer } from '../server.ts';
import type { Command } from './command.ts';
import { EXIT } from './command.ts';
import { configArgs, readConfig } from './configuration.ts';
import { findGame, packageRoot } from './games.ts';

export const command: Command = {
  name: 'start',
  summary: 'Start a server',
  examples: [
    'fray start --bots 20',
    'fray start --game ./dist/games/arena --port 9000 --admin-port 0',
  ],
  args: configArgs(),
  async run(values, io) {
    const { config } = readConfig(values, io);
    checkAddress(config);
    const game = findGame(config.game, { folder: io.folder });
    const log = createLog(config.logLevel);
    const signals = listenForSignals(process, (code) => process.exit(code));
    try {
      const server = await startServer({
        config,
        game,
        core: corePath(),
        version: packageVersion(),
        log,
      });
      io.out(`Play ${game.name}: ${server.url}`);
      io.out(`Workers: ${server.workers.count} (${server.workers.reason})`);
      io.out(server.adminUrl === null ? 'Admin: off' : `Admin: ${server.adminUrl}metrics`);
      log.info('server.listening', {
        url: server.url,
        admin: server.adminUrl,
        game: game.name,
        workers: server.workers.count,
      });
      const signal = await signals.first;
      log.info('server.draining', {
        signal,
        graceMs: config.drainMs,
        players: server.directory.seats,
      });
      await server.stop(config.drainMs);
      log.info('server.stopped');
    } finally {
      signals.remove();
      log.flush();
    }
    return EXIT.done;
  },
};

/** The core lies beside the build, and in the source tree where it was made. */
function corePath(): string {
  const root = packageRoot();
  const found = [join(root, 'dist', 'fray_core.wasm'), join(root, 'core-wasm', 'fray_core.wasm')];
  const order = import.meta.url.endsWith('.ts') ? found.reverse() : found;
  const path = order.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new FrayError(
      'E_CORE',
      `Cannot load the core: ${order.join(' and ')} are not there; run npm run build`,
    );
  return path;
}

function packageVersion(): string {
  const facts = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return facts.version;
}
