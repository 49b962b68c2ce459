/** Time for attackers and those who watch them. */

/** Calls `act` every so many ms (less than 1 is fine) until `over`; what a late wake-up missed is made up for. Answers the ms. */
export function every(
  stepMs: number,
  over: AbortSignal,
  act: (sinceMs: number) => void,
): Promise<number> {
  const startMs = performance.now();
  let done = 0;
  return new Promise((resolve) => {
    const timer = setInterval(
      () => {
        const sinceMs = performance.now() - startMs;
        const due = Math.floor(sinceMs / stepMs);
        // A process that was stopped does not make up for the whole time.
        done = Math.max(done, due - Math.ceil(MADE_UP_MS / stepMs));
        for (; done < due && !over.aborted; done += 1) act(sinceMs);
        if (over.aborted) end();
      },
      Math.max(1, stepMs / 2),
    );
    const end = (): void => {
      clearInterval(timer);
      over.removeEventListener('abort', end);
      resolve(performance.now() - startMs);
    };
    over.addEventListener('abort', end);
    if (over.aborted) end();
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const MADE_UP_MS = 100;
