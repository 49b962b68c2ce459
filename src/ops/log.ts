/**
 * Logs: pino, one JSON line per event on standard error, written without blocking the I/O thread. Each line has a stable
 * `event` name that tools may rely on; the text beside it may change.
 */
import pino from 'pino';

/** Names of all lines. They stay: tools look for them. docs/operate.md says what each means. */
export const LOG_EVENTS = [
  'server.listening',
  'server.draining',
  'server.stopped',
  'server.reloaded',
  'server.reload_failed',
  'systemd.not_told',
  'admin.failed',
  'session.joined',
  'session.refused',
  'session.closed',
  'session.away',
  'session.back',
  'session.token_not_kept',
  'auth.stuck',
  'auth.failed',
  'room',
  'rtc',
  'udp.buffer_short',
  'io',
  'io.failed',
] as const;
export type LogEvent = (typeof LOG_EVENTS)[number];

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Facts of one event. Never a secret: no token, no key. */
export type Facts = { readonly [name: string]: string | number | boolean | null | undefined };

export interface Log {
  debug(event: LogEvent, facts?: Facts): void;
  info(event: LogEvent, facts?: Facts): void;
  warn(event: LogEvent, facts?: Facts): void;
  error(event: LogEvent, facts?: Facts): void;
  /** The least level that is written now. */
  readonly level: LogLevel;
  /** Changes the level while running. */
  setLevel(level: LogLevel): void;
  /** Writes what waits, before the process ends. */
  flush(): void;
}

/** Where lines go: a file descriptor, or a function in tests. */
export type LogSink = 2 | ((line: string) => void);

/** A log of the given least level. Cost: about 2 us per line; the write itself happens when 4 KiB wait or the second is over. */
export function createLog(level: LogLevel, sink: LogSink = 2): Log {
  const destination =
    typeof sink === 'function'
      ? { write: sink, flushSync: () => undefined }
      : pino.destination({ dest: sink, sync: false, minLength: 4096, periodicFlush: 250 });
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  const write = (at: 'debug' | 'info' | 'warn' | 'error') => (event: LogEvent, facts?: Facts) =>
    logger[at]({ event, ...facts });
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    get level() {
      return logger.level as LogLevel;
    },
    setLevel: (next) => {
      logger.level = next;
    },
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // sonic-boom throws while its descriptor is not open yet: then nothing has been written, and the process is ending.
      }
    },
  };
}
