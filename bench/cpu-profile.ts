/** Reads a `.cpuprofile` of V8: how long each function was at work by itself. */
import { readFileSync } from 'node:fs';

/** The part of the format that is read. */
interface ProfileFile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  /** us between samples. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  /** Function and file; V8's own parts stand in brackets. */
  readonly name: string;
  readonly us: number;
}

/** By time, longest first. Left out: what came in the first `skipUs`, and idle time, that is '(idle)' and the functions of `idle`. */
export function selfTimes(
  file: string,
  { skipUs, idle }: { readonly skipUs: number; readonly idle: RegExp },
): { readonly totalUs: number; readonly by: SelfTime[] } {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as ProfileFile;
  const names = new Map(
    nodes.map(({ id, callFrame }) => {
      const place = callFrame.url.split('/').slice(-2).join('/');
      return [id, `${callFrame.functionName || '(anonymous)'} ${place}`.trim()];
    }),
  );
  const sums = new Map<string, number>();
  let atUs = 0;
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '?';
    atUs += timeDeltas[index] ?? 0;
    if (atUs < skipUs || name === '(idle)' || idle.test(name)) continue;
    sums.set(name, (sums.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  }
  const by = [...sums].map(([name, us]) => ({ name, us })).sort((a, b) => b.us - a.us);
  return { totalUs: by.reduce((sum, { us }) => sum + us, 0), by };
}
