/** Runs `fray bots` in this process, as the command line does, and answers what it printed. */
import { fileURLToPath } from 'node:url';
import { command } from '../../src/cli/bots.ts';
import type { BotsReport } from '../../src/cli/bots-report.ts';
import { dispatch } from '../../src/cli/command.ts';

export interface BotsRun {
  /** Exit code. */
  readonly code: number;
  readonly report: BotsReport;
  /** Standard error. */
  readonly progress: string;
}

export const ARENA = fileURLToPath(new URL('../../games/arena', import.meta.url));

/** `args` as typed after `fray bots`; `--json` and the demo game are added. */
export async function runBots(...args: string[]): Promise<BotsRun> {
  const out: string[] = [];
  const progress: string[] = [];
  const code = await dispatch(
    ['bots', ...args, '--json', '--game', ARENA],
    { bots: { summary: command.summary, load: async () => command } },
    {
      out: (line) => void out.push(line),
      progress: (line) => void progress.push(line),
      environment: {},
      folder: ARENA,
    },
  );
  const said = progress.join('\n');
  if (out.length !== 1) throw new Error(`fray bots printed ${out.length} lines: ${said}`);
  return { code, report: JSON.parse(out[0] ?? '') as BotsReport, progress: said };
}
