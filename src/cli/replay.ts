/** `fray replay`: plays a journal again and says whether every hash in it comes out the same. */
import { errorName } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { PlayingCore } from '../room/cores.ts';
import type { JournalEnd, ReplayOptions, ReplayReport } from '../room/replay.ts';
import { Replay } from '../room/replay.ts';
import type { Differences } from '../room/replay-differences.ts';
import { explain } from '../room/replay-differences.ts';
import { EVENT_NAMES, eventLine, replayEvents } from '../room/replay-events.ts';
import { readJournal } from '../room/replay-file.ts';
import type { SummaryVerdict } from '../room/verdict.ts';
import { coreFor, isAsSigned, isVerified, judgeSummary, readFile } from '../room/verdict.ts';
import type { Command, Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { isFolder, replayFolder } from './replay-batch.ts';
import { keyNamed, summaryLines } from './replay-summary.ts';
import { watchJournal } from './replay-watch.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'replay',
  summary: 'Play a journal again, and verify every state hash in it',
  examples: [
    'fray replay journals/abcd-m3k2.journal',
    'fray replay journals/abcd-m3k2.journal --to-tick 9000 --json',
    'fray replay journals/abcd-m3k2.journal --to-tick 900000 --jump',
    'fray replay journals/abcd-m3k2.journal --public-key journals/key.pub.pem',
    'fray replay journals/abcd-m3k2.journal --events --kinds receipt,hit',
    'fray replay journals/abcd-m3k2.journal --watch',
    'fray replay journals',
  ],
  args: {
    file: {
      type: 'positional',
      required: true,
      description:
        'A file that `journalDir` got, or a folder with some: all of them, on all processors, with a line for each.',
    },
    toTick: { type: 'string', description: 'The last tick to play. Default: all.', valueHint: 'N' },
    jump: {
      type: 'boolean',
      description: 'Begin at the newest checkpoint before --to-tick, or before the end.',
    },
    events: {
      type: 'boolean',
      description: 'Print what each tick told the game, one event a line; with --json as JSON.',
    },
    kinds: {
      type: 'string',
      description: `Of these kinds alone: ${EVENT_NAMES.join(', ')}. Default: all.`,
      valueHint: 'A,B',
    },
    core: {
      type: 'string',
      description:
        'The core that played it, a fray_core.wasm. Default: the own, or the one of a release that did.',
      valueHint: 'FILE',
    },
    publicKey: {
      type: 'string',
      description:
        'The public key that has to have signed its summary: a file, or itself in base64. Another one, or no signature, ends with exit code 1. Default: hashes and signature are checked all the same, and the key that is in the file is named as unknown.',
      valueHint: 'KEY',
    },
    json: { type: 'boolean', description: 'Print the report as JSON.' },
    watch: {
      type: 'boolean',
      description:
        'Serve the page of its game with the journal on 127.0.0.1, until Ctrl-C, and print the address to watch it at.',
    },
    game: {
      type: 'string',
      description: 'For --watch: whose page, a name or a path. Default: the built game that fits.',
      valueHint: 'NAME',
    },
    port: {
      type: 'string',
      default: '0',
      description: 'For --watch: the port. Default: a free one.',
      valueHint: 'N',
    },
  },
  async run(values, io) {
    const path = textOf(values, 'file');
    const named = values['publicKey'];
    const wanted = named === undefined ? null : keyNamed(textOf(values, 'publicKey'));
    if (isFolder(path)) return replayFolder(path, { values, io, publicKey: wanted });
    const file = readFile(path);
    const journal = readJournal(file);
    const core = await coreFor(
      journal.head,
      values['core'] === undefined ? undefined : textOf(values, 'core'),
    );
    checkEvents(core, values);
    if (values['watch'] === true)
      return watchJournal(path, { head: journal.head, core: core.bytes, values, io });
    if (core.version !== null) io.progress(`played by the core of ${core.version}`);
    const replay = new Replay(journal, core.module, core.tables);
    const startMs = performance.now();
    if (values['jump'] === true) replay.jump(limits(values).toTick ?? Number.POSITIVE_INFINITY);
    const report = replay.play({
      ...limits(values),
      ...(values['events'] === true && { onEvents: printer(values, io) }),
      onProgress: (tick) => io.progress(`tick ${tick}`),
    });
    const seconds = (performance.now() - startMs) / 1000;
    const times = report.ticks / replay.head.tickRateHz / seconds;
    const differences =
      report.differs === null ? null : explainAnew(file, { core, differs: report.differs });
    const summary = judgeSummary(file, { journal, report, wanted });
    print(report, { path, times, differences, summary, values, io });
    return isVerified(report) && isAsSigned(summary, wanted) ? EXIT.done : EXIT.failed;
  },
};

function limits(values: Values): { toTick?: number } {
  if (values['toTick'] === undefined) return {};
  return { toTick: wholeNumber(values, 'toTick', { min: 0, max: 0xffff_ffff }) };
}

/** Prints the events that are asked for. Throws E_CONFIG for a kind that is none. */
function printer(values: Values, io: Io): NonNullable<ReplayOptions['onEvents']> {
  const kinds = values['kinds'] === undefined ? EVENT_NAMES : textOf(values, 'kinds').split(',');
  for (const kind of kinds) {
    if (!EVENT_NAMES.includes(kind))
      throw new FrayError('E_CONFIG', `Cannot print ${kind}: there are ${EVENT_NAMES.join(', ')}`);
  }
  const line = values['json'] === true ? JSON.stringify : eventLine;
  return (room, eventBytes) => {
    for (const event of replayEvents(room, eventBytes))
      if (kinds.includes(event.event)) io.out(line(event));
  };
}

/** What a core of other tables tells its game is not what this program would print. */
function checkEvents({ tables, version }: PlayingCore, values: Values): void {
  if (tables === 'own' || (values['events'] !== true && values['watch'] !== true)) return;
  throw new FrayError(
    'E_CORE',
    `Cannot show what happened: the core of ${version} tells it otherwise; take that release (npx fray@${version} replay)`,
  );
}

/** By a replay of its own: the one that found it stands behind its difference. */
function explainAnew(
  file: Uint8Array,
  { core, differs }: { readonly core: PlayingCore; readonly differs: number },
): Differences | null {
  const replay = new Replay(readJournal(file), core.module, core.tables);
  return explain(replay, readJournal(file), differs);
}

interface Context {
  readonly differences: Differences | null;
  readonly summary: SummaryVerdict;
  readonly path: string;
  /** Of real time. */
  readonly times: number;
  readonly values: Values;
  readonly io: Io;
}

function print(
  report: ReplayReport,
  { path, times, differences, summary, values, io }: Context,
): void {
  const facts = {
    file: path,
    verified: isVerified(report),
    ...report,
    code: report.code === null ? null : errorName(report.code),
    timesRealTime: Math.round(times),
    signature: summary.signature,
    publicKey: summary.publicKey,
  };
  if (values['json'] === true) {
    io.out(JSON.stringify({ ...facts, differences, summary: summary.summary }));
    return;
  }
  io.out(
    table(
      ['figure', 'value'],
      Object.entries(facts).map(([name, value]) => [name, value === null ? '-' : String(value)]),
    ),
  );
  io.out(verdict(report));
  if (differences !== null) for (const line of differenceLines(differences)) io.out(line);
  for (const line of summaryLines(summary)) io.out(line);
}

function verdict(report: ReplayReport): string {
  if (report.differs !== null)
    return `differs: the state after tick ${report.differs} hashes otherwise than when it was played`;
  if (report.problem !== null) return `damaged: ${report.problem}`;
  const { ticks, hashes, checkpoints } = report;
  return `verified: ${ticks} ticks, ${hashes} hashes, ${checkpoints} checkpoints; ${ENDS[report.end]}`;
}

/** The numbers that are others at the checkpoint behind a difference, by the names of their fields. */
function differenceLines({ tick, count, first }: Differences): string[] {
  const more = count > first.length ? `, the first ${first.length} of them` : '';
  return [
    `at the checkpoint of tick ${tick} ${count} numbers are others${more}:`,
    ...first.map(({ field, played, wanted }) => `  ${field}: ${played}, was ${wanted}`),
  ];
}

const ENDS: { readonly [end in JournalEnd]: string } = {
  over: 'the room was closed',
  cut: 'the journal was cut: its writer was too slow, or the disk full',
  torn: 'the server ended while it wrote, and what was not whole is left out',
  open: 'the room was open when its server ended',
  damaged: 'a byte is another than was written',
  stopped: 'as far as was asked for',
};
