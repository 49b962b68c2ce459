/**
 * SIGTERM and SIGINT: the first asks for a drain, the second ends the process at once with 128 + its number. Why not more: an operator's
 * supervisor sends SIGTERM, waits for the grace time and then kills; a person at a terminal presses Ctrl-C twice. SIGHUP asks for the
 * configuration to be read again.
 */
export interface Signals {
  /** Resolves with the name of the first signal. */
  readonly first: Promise<NodeJS.Signals>;
  /** Takes the handlers away again. */
  remove(): void;
}

/** What signals arrive at; `process` outside of tests. */
export interface SignalSource {
  on(signal: Heard, handler: (signal: NodeJS.Signals) => void): unknown;
  off(signal: Heard, handler: (signal: NodeJS.Signals) => void): unknown;
}
type Heard = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export function listenForSignals(
  source: SignalSource,
  exit: (code: number) => void,
  reload: () => void = () => undefined,
): Signals {
  let seen = 0;
  let resolve: (signal: NodeJS.Signals) => void = () => undefined;
  const first = new Promise<NodeJS.Signals>((done) => {
    resolve = done;
  });
  const handler = (signal: NodeJS.Signals): void => {
    seen += 1;
    if (seen === 1) resolve(signal);
    else exit(128 + (signal === 'SIGINT' ? 2 : 15));
  };
  source.on('SIGTERM', handler);
  source.on('SIGINT', handler);
  source.on('SIGHUP', reload);
  return {
    first,
    remove: () => {
      source.off('SIGTERM', handler);
      source.off('SIGINT', handler);
      source.off('SIGHUP', reload);
    },
  };
}
