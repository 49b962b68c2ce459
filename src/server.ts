/**
 * The composition root: makes the parts, wires them, starts and stops them. Holds no rule of its own; the way of a datagram
 * through the I/O thread is `pump.ts`.
 */
import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { ERROR } from '../protocol/gen/tables.ts';
import { drainOf, kindOf, openAdmin } from './admin-door.ts';
import { Carrying } from './carrying.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import { checkAddress, checkState } from './config.ts';
import { FrayError } from './errors.ts';
import type { FrontDoor } from './front-door.ts';
import { certificateOf, openFrontDoor, proxyHops } from './front-door.ts';
import { GUEST_PATH, guestDoor } from './guest-door.ts';
import { metricSources } from './http/figures.ts';
import type { Mount } from './http/public.ts';
import type { Certificate } from './http/tls.ts';
import { loadLogin } from './logins.ts';
import { countCpus } from './ops/cpus.ts';
import type { Log } from './ops/log.ts';
import { startTracing } from './ops/tracing.ts';
import type { UsedTokenLine } from './ops/used-tokens-file.ts';
import { UsedTokensFile } from './ops/used-tokens-file.ts';
import type { OnAuth } from './plugin/auth.ts';
import { urlHost, withHint } from './ports.ts';
import { Pump, stopAll } from './pump.ts';
import type { DirectoryOptions } from './room/directory.ts';
import { RoomDirectory } from './room/directory.ts';
import type { JournalOptions } from './room/journal.ts';
import { sampledTicks } from './room/looking.ts';
import type { KeptSession, SessionOptions } from './session/server/table.ts';
import { SessionTable } from './session/server/table.ts';
import { DEVELOPMENT_KEY } from './session/token.ts';
import { addressOf } from './transport/server/peer.ts';
import { answerWithout } from './transport/server/rtc/signalling.ts';
import type { Late } from './transports.ts';
import { openRtcDoor, openUdpDoor, silentMs, TRANSPORT_INDEX } from './transports.ts';

export interface ServerOptions {
  readonly config: Config;
  /** Absolute path of the game's server module, and the folder of its page. */
  readonly game: { readonly name: string; readonly server: string; readonly page: string | null };
  /** The compiled core, its bytes, or its path. */
  readonly core: WebAssembly.Module | Uint8Array | string;
  readonly version: string;
  /** Folder of the built admin page. Default: there is none. */
  readonly adminPage?: string | null;
  readonly log: Log;
  /** Path of the module of native I/O threads; null: there is none. Default: where `npm run build:native` puts it. */
  readonly native?: string | null;
  /** For an author at work: see WorkerBoot. Default false. */
  readonly development?: boolean;
  /** Asked about every player who would come in, in the place of the option `auth`. Default: as that says. */
  readonly onAuth?: OnAuth;
}

export interface Server {
  /** Where players open the page: `http://127.0.0.1:8080/`. */
  readonly url: string;
  /** Metrics, health, API and page for operators; null when the admin port is off. */
  readonly adminUrl: string | null;
  readonly workers: { readonly count: number; readonly reason: string };
  readonly directory: RoomDirectory;
  readonly sessions: SessionTable;
  /** What the UDP sockets are bound to, `127.0.0.1:40000`; empty without UDP. */
  readonly udp: readonly string[];
  /** UDP port of WebRTC; 0 without. */
  readonly rtcPort: number;
  /** SHA-256 and end (milliseconds since 1970) of the certificate; null without TLS. */
  readonly certificate: Pick<Certificate, 'fingerprint' | 'expiresMs'> | null;
  /**
   * Takes over what may change while players are in (`RELOADED` of src/config.ts); sessions stay, and keep what they came with.
   * Rejects with E_CONFIG or E_ADDRESS, and has changed nothing then.
   */
  reload(config: Config): Promise<void>;
  /** Resolves when an operator has ended the server over the admin port: `stop` is under way then. */
  readonly drained: Promise<void>;
  /**
   * Takes no new players, tells those inside, waits at most `graceMs` until they have gone, and closes everything. Resolves when nothing
   * is left; a second call waits for the first.
   */
  stop(graceMs: number): Promise<void>;
}

/** Starts all of it. Rejects with E_ADDRESS, E_PORT, or the error of the game's module; nothing is left running then. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, game, log } = options;
  checkAddress(config);
  checkState(config);
  const clock = systemClock();
  const workers = workerCount(config);
  const late: Late & { moved: NonNullable<DirectoryOptions['onMoved']> } = {
    ...{ sessions: null, webrtc: null },
    moved: () => {},
  };
  const directory = new RoomDirectory({
    workers: workers.count,
    game: game.server,
    core: options.core,
    roomsMax: config.roomsMax,
    roomsWarm: config.roomsWarm,
    playersMax: config.playersMax,
    bots: config.bots,
    emptyCloseMs: config.emptyCloseMs,
    spareWorkers: config.spareWorkers,
    watchdogMs: config.watchdogMs,
    heapMb: config.workerHeapMb,
    shadowMs: config.shadowMs,
    balancePercent: config.balancePercent,
    retryUrl: config.retryUrl,
    sessionsMax: config.sessionsMax,
    onMoved: (moved, worker) => late.moved(moved, worker),
    clock,
    log: roomLog(log),
    ...(options.development === true && { development: true }),
    ...(config.journalDir !== '' && { journal: journalOptions(config) }),
  });
  let open = false;
  /** New players are welcome. */
  const ready = (): boolean => open && !directory.full;
  const closers: (() => Promise<void>)[] = [];
  try {
    // The port first: a taken one is said at once, not after the game has been loaded.
    const door = await withHint('port', openDoor(options, ready, { late, clock }));
    closers.push(async () => {
      await door.transport.stop();
      await door.stop();
    });
    const tokenKeys = tokenKeysOf(config);
    const udp = await openUdpDoor({ config, tokenKeys, late, clock, log, native: options.native });
    if (udp !== null) closers.push(() => udp.transport.stop());
    const webrtc = await openRtcDoor({ config, late, log });
    if (webrtc !== null) closers.push(() => webrtc.stop());
    const store = openStore(config);
    closers.push(async () => store?.close());
    const onAuth = await loginOf(options);
    await directory.start(udp?.links ?? undefined);
    closers.push(() => directory.stop(0));
    const sessions = createSessions(config, {
      schemaHash: directory.facts.schemaHash,
      publicAddresses: udp?.publicAddresses ?? config.publicAddresses,
      used: store?.take() ?? [],
      onAuth: onAuth !== null,
    });
    const transports = [door.transport, udp?.transport, webrtc].filter((one) => !!one);
    for (const kept of directory.left)
      if (!sessions.restore(kept as KeptSession, clock.nowUs()))
        directory.leave(kept.id, ERROR.E_SESSIONS_LIMIT);
    const spend = (token: UsedTokenLine): boolean =>
      store === null || keep(store, token, { all: sessions.tokens.used, log });
    const { routes } = udp?.links ?? {};
    const carrying =
      routes === undefined
        ? null
        : new Carrying({ transports, sessions, directory, clock, routes });
    late.moved = (moved, worker) => carrying?.moved(moved, worker);
    const pump = new Pump({ transports, sessions, directory, clock, log, spend, carrying, onAuth });
    closers.push(() => stopAll(transports));
    const { version } = options;
    const http = door.http;
    const figures = metricSources({ directory, sessions, transports, http, ready, version });
    let stopping: Promise<void> | null = null;
    const stop = (graceMs: number): Promise<void> => (stopping ??= stopNow(graceMs));
    const drain = drainOf(config, stop);
    const tracing = config.traces
      ? await startTracing({
          ticks: () => sampledTicks(directory),
          nowUs: () => clock.nowUs(),
          unixMs: Date.now,
        })
      : null;
    const admin = await openAdmin(options, {
      figures,
      server: {
        ...{ directory, sessions, figures, game: game.name, log },
        transportOf: (pipe) => kindOf(transports, pipe),
        nowUs: () => clock.nowUs(),
        startedUs: clock.nowUs(),
        draining: () => stopping !== null,
        drain: drain.begin,
      },
    });
    pump.start();
    late.sessions = sessions;
    open = true;
    const stopNow = async (graceMs: number): Promise<void> => {
      open = false;
      tracing?.stop();
      await pump.stop(graceMs);
      store?.close();
      await Promise.all([door.stop(), admin?.stop()]);
    };
    return {
      url: `${door.certificate === null ? 'http' : 'https'}://${urlHost(config.host)}:${door.port}/`,
      adminUrl: admin?.url ?? null,
      drained: drain.begun,
      workers,
      directory,
      sessions,
      udp: udp?.addresses ?? [],
      rtcPort: webrtc?.port ?? 0,
      get certificate() {
        return door.certificate;
      },
      async reload(next) {
        checkAddress(next);
        // The folder is that of the start.
        checkState({ ...next, stateDir: config.stateDir });
        const certificate = certificateOf(next);
        if (certificate !== null) await door.setCertificate(certificate);
        sessions.setTokenKeys(tokenKeysOf(next));
        udp?.netcode.setTokenKeys(tokenKeysOf(next));
        admin?.setTokens(next.adminTokens);
        log.setLevel(next.logLevel);
      },
      stop,
    };
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

function journalOptions(config: Config): JournalOptions {
  return {
    dir: config.journalDir,
    keyFile: config.journalKeyFile,
    flushMs: config.journalFlushMs,
    hashTicks: config.journalHashTicks,
    checkpointMs: config.checkpointMs,
    bytesMax: config.journalMbMax * 1e6,
    ageMsMax: config.journalHoursMax * 3_600_000,
  };
}

function createSessions(
  config: Config,
  own: Pick<SessionOptions, 'schemaHash' | 'publicAddresses' | 'used' | 'onAuth'>,
): SessionTable {
  return new SessionTable({
    ...own,
    authTimeoutMs: config.authTimeoutMs,
    authsMax: config.authsMax,
    unixMs: Date.now,
    random: (into) => void randomFillSync(into),
    tokenKeys: tokenKeysOf(config),
    guests: config.guests,
    sessionsMax: config.sessionsMax,
    sessionsPerAddressMax: config.sessionsPerAddressMax,
    hellosPerSecond: config.hellosPerSecond,
    hellosPerAddressPerSecond: config.hellosPerAddressPerSecond,
    hellosPerPrefixPerSecond: config.hellosPerPrefixPerSecond,
    packetsPerSecond: config.packetsPerSecond,
    bytesPerSecond: config.bytesPerSecond,
    dropMs: config.dropMs,
    resumeMs: config.resumeMs,
    sessionTokenMs: config.sessionTokenMs,
    idleTimeoutMs: config.idleTimeoutMs,
    joinTimeoutMs: config.joinTimeoutMs,
  });
}

/** Used tokens of before a restart; null where nothing is kept. Throws `E_CONFIG` for a folder that cannot be written. */
function openStore({ stateDir }: Config): UsedTokensFile | null {
  if (stateDir === '') return null;
  try {
    return new UsedTokensFile(join(stateDir, 'used-tokens'), Date.now());
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CONFIG', `Cannot use the stateDir ${stateDir}: ${state}`, { cause });
  }
}

/** False: the disk refuses, so nobody may be let in with the token. */
function keep(
  store: UsedTokensFile,
  token: UsedTokenLine,
  { all, log }: { readonly all: Iterable<UsedTokenLine>; readonly log: Log },
): boolean {
  try {
    store.append(token, Date.now(), all);
    return true;
  } catch (error) {
    log.error('session.token_not_kept', { error: String(error) });
    return false;
  }
}

/** The login of the embedder, or that of the configuration; null where nobody is asked. */
async function loginOf(options: ServerOptions): Promise<OnAuth | null> {
  if (options.onAuth !== undefined) return options.onAuth;
  return options.config.auth === '' ? null : loadLogin(options.config.auth);
}

function tokenKeysOf(config: Config): Uint8Array[] {
  const keys = config.tokenKeys.map((key) => new Uint8Array(Buffer.from(key, 'hex')));
  return keys.length === 0 ? [DEVELOPMENT_KEY] : keys;
}

/** The public port, with the page of the game. WebSockets are taken once there are sessions for them. */
function openDoor(
  { config, game }: ServerOptions,
  ready: () => boolean,
  { late, clock }: { readonly late: Late; readonly clock: Clock },
): Promise<FrontDoor> {
  return openFrontDoor({
    config,
    http: {
      mounts: mountsOf(game.page),
      routes: {
        [GUEST_PATH]: guestDoor({
          sessions: () => late.sessions,
          allowedOrigins: config.allowedOrigins,
          hops: proxyHops(config),
          udp: config.udp.length > 0,
          nowUs: () => clock.nowUs(),
        }),
      },
      ready,
      requestsMax: config.httpRequestsMax,
      addressOf: (request) => addressOf(request, proxyHops(config)),
      offer: (request, response) =>
        late.webrtc === null
          ? answerWithout(request, response)
          : late.webrtc.handleOffer(request, response),
    },
    websocket: {
      allowedOrigins: config.allowedOrigins,
      trustProxy: config.trustProxy,
      pipesMax: 2 * config.sessionsMax,
      silentMs: silentMs(config),
      index: TRANSPORT_INDEX.websocket,
      admit: (address) => late.sessions?.admits(address) ?? false,
    },
  });
}

function workerCount(config: Config): { count: number; reason: string } {
  if (config.workers > 0) return { count: config.workers, reason: 'as configured' };
  const { workers, reason } = countCpus();
  return { count: workers, reason };
}

function mountsOf(page: string | null): Mount[] {
  return page === null ? [] : [{ path: '/', directory: page }];
}

/** Rooms log as pino does: facts, then a text. */
function roomLog(log: Log): { info: RoomLine; warn: RoomLine; error: RoomLine } {
  const line =
    (level: 'info' | 'warn' | 'error'): RoomLine =>
    (fields, text) =>
      log[level]('room', { ...fields, text });
  return { info: line('info'), warn: line('warn'), error: line('error') };
}
type RoomLine = (fields: object, text: string) => void;
