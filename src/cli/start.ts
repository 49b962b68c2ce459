/** `fray start`: runs a server until a signal, drains it, and ends with 0. */
import type { Config } from '../config.ts';
import { checkAddress, checkState, needsRestart } from '../config.ts';
import { FrayError } from '../errors.ts';
import { collectSeldom } from '../ops/heap.ts';
import type { Facts, Log } from '../ops/log.ts';
import { createLog } from '../ops/log.ts';
import { createNotifier } from '../ops/notify.ts';
import { listenForSignals } from '../ops/signals.ts';
import type { Server } from '../server.ts';
import { startServer } from '../server.ts';
import { importable } from './bundle.ts';
import type { Command, Io, Values } from './command.ts';
import { EXIT } from './command.ts';
import { configArgs, readConfig } from './configuration.ts';
import { adminPage, corePath, findGame, packageVersion } from './games.ts';

export const command: Command = {
  name: 'start',
  summary: 'Start a server',
  examples: [
    'fray start --bots 20',
    'fray start --game ./dist/games/arena --port 9000 --admin-port 0',
    'fray start --game ./mygame/server.ts',
  ],
  args: configArgs(),
  async run(values, io) {
    const { config } = readConfig(values, io);
    checkAddress(config);
    checkState(config);
    const game = findGame(config.game, { folder: io.folder });
    const module = await importable(game.server);
    const log = createLog(config.logLevel);
    collectSeldom();
    let server: Server | null = null;
    const reload = (): void => {
      if (server !== null) void reloadConfig(server, { before: config, values, io, log });
    };
    const notifier = createNotifier({
      environment: io.environment,
      failed: (error) => log.warn('systemd.not_told', { error }),
    });
    const signals = listenForSignals(process, (code) => process.exit(code), reload);
    try {
      server = await startServer({
        config,
        game: { ...game, server: module.file },
        core: corePath(),
        version: packageVersion(),
        adminPage: adminPage(),
        log,
      });
      io.out(`Play ${game.name}: ${server.url}`);
      for (const address of server.udp) io.out(`UDP: ${address}`);
      if (server.rtcPort > 0) io.out(`WebRTC: UDP port ${server.rtcPort}`);
      io.out(`Workers: ${server.workers.count} (${server.workers.reason})`);
      io.out(`Admin: ${server.adminUrl ?? 'off'}`);
      log.info('server.listening', {
        url: server.url,
        admin: server.adminUrl,
        game: game.name,
        workers: server.workers.count,
        ...certificateFacts(server),
      });
      await notifier.ready(`plays ${game.name} at ${server.url}`);
      const signal = await Promise.race([signals.first, server.drained.then(() => 'admin')]);
      log.info('server.draining', {
        signal,
        graceMs: config.drainMs,
        players: server.directory.seats,
      });
      void notifier.stopping(config.drainMs);
      await server.stop(config.drainMs);
      log.info('server.stopped');
    } finally {
      signals.remove();
      module.dispose();
      log.flush();
    }
    return EXIT.done;
  },
};

/** Reads the configuration again for a running server. Whatever is wrong with it, the server goes on with what it has, and says so. */
async function reloadConfig(
  server: Server,
  { before, values, io, log }: { before: Config; values: Values; io: Io; log: Log },
): Promise<void> {
  try {
    const { config } = readConfig(values, io);
    await server.reload(config);
    log.info('server.reloaded', {
      logLevel: config.logLevel,
      tokenKeys: config.tokenKeys.length,
      ...certificateFacts(server),
      needsRestart: needsRestart(before, config).join(' '),
    });
  } catch (error) {
    if (!(error instanceof FrayError)) throw error;
    log.error('server.reload_failed', {
      code: error.code,
      text: `${error.message}; what was in use stays in use`,
    });
  }
}

function certificateFacts({ certificate }: Server): Facts {
  if (certificate === null) return {};
  const { fingerprint, expiresMs } = certificate;
  return { certificate: fingerprint, certificateExpires: new Date(expiresMs).toISOString() };
}
