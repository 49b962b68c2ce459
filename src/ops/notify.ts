/**
 * Tells systemd how the service is (`Type=notify`): ready, alive, about to end. Its socket takes datagrams, which Node cannot send over a
 * unix socket; so the message goes by systemd's own `systemd-notify`, a process of some milliseconds, and the unit needs
 * `NotifyAccess=all`. Where systemd did not start us (no NOTIFY_SOCKET) nothing is done.
 */
import { execFile } from 'node:child_process';

export interface Notifier {
  /** Players are taken. From now on a sign of life goes out in half of the time that the watchdog waits. */
  ready(status: string): Promise<void>;
  /** The drain has begun: so long it may take, ms. No more signs of life: a drain is not a hang. */
  stopping(graceMs: number): Promise<void>;
}

export interface NotifierOptions {
  readonly environment: { readonly [name: string]: string | undefined };
  /** Told why systemd could not be told. */
  readonly failed: (error: string) => void;
}

export function createNotifier({ environment, failed }: NotifierOptions): Notifier {
  if (!environment['NOTIFY_SOCKET']) return SILENT;
  const tell = (...message: readonly string[]): Promise<void> =>
    new Promise((resolve) => {
      execFile('systemd-notify', message, { timeout: TELL_MS }, (error) => {
        if (error !== null) failed(String(error.message).trim());
        resolve();
      });
    });
  const watchdogMs = Number(environment['WATCHDOG_USEC'] ?? 0) / 1000;
  let timer: NodeJS.Timeout | undefined;
  return {
    async ready(status) {
      await tell('READY=1', `STATUS=${status}`);
      if (!(watchdogMs > 0)) return;
      // It is this thread that is watched: where it hangs, the timer does.
      timer = setInterval(() => void tell('WATCHDOG=1'), watchdogMs / 2);
      timer.unref();
    },
    async stopping(graceMs) {
      clearInterval(timer);
      const leaveUs = Math.round((graceMs + STOP_RESERVE_MS) * 1000);
      await tell('STOPPING=1', `EXTEND_TIMEOUT_USEC=${leaveUs}`);
    },
  };
}

const SILENT: Notifier = {
  ready: () => Promise.resolve(),
  stopping: () => Promise.resolve(),
};
/** ms. */
const TELL_MS = 5000;
/** ms that closing rooms, workers and sockets takes at most beside the grace time. */
const STOP_RESERVE_MS = 5000;
