/** `fray replay FOLDER`: all journals of a folder, judged on all processors. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { FrayError } from '../errors.ts';
import type { Verification, VerifyOptions } from '../room/verdict.ts';
import { journalsIn, verifyBatch } from '../room/verify-batch.ts';
import type { Io, Values } from './command.ts';
import { EXIT, textOf } from './command.ts';
import { table } from './table.ts';

/** Is it a folder? Throws nothing: what is not there is no folder. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Prints a line a file, the bad ones last. Throws E_CONFIG for a folder without journals, and for flags that are of one file. */
export async function replayFolder(
  folder: string,
  { values, io, publicKey }: { values: Values; io: Io; publicKey: Uint8Array | null },
): Promise<number> {
  const alone = OF_ONE_FILE.filter(
    (name) => values[name] === true || typeof values[name] === 'string',
  );
  if (alone.length > 0)
    throw new FrayError('E_CONFIG', `Cannot use --${alone[0]} for a folder: name one of its files`);
  const names = journalsIn(folder);
  if (names.length === 0)
    throw new FrayError('E_CONFIG', `Cannot replay ${folder}: there is no *.journal in it`);
  const core = values['core'] === undefined ? undefined : textOf(values, 'core');
  const options: VerifyOptions = { core, publicKey };
  const startMs = performance.now();
  let done = 0;
  const verifications = await verifyBatch(
    names.map((name) => join(folder, name)),
    {
      ...options,
      onDone(path, { verified, bytes }) {
        done += 1;
        io.progress(
          `${done} of ${names.length}: ${path}, ${(bytes / 1e6).toFixed(1)} MB, ${verified ? 'verified' : 'NOT VERIFIED'}`,
        );
      },
    },
  );
  const rows = names.map((name, index) => ({ name, ...(verifications[index] as Verification) }));
  const bad = rows.filter(({ verified }) => !verified);
  if (values['json'] === true) io.out(JSON.stringify(rows.map(facts)));
  else {
    const shown = [...rows.filter(({ verified }) => verified), ...bad].map(cells);
    io.out(table(['journal', 'ticks', 'hashes', 'x real time', 'signature', 'is'], shown));
    const ticks = rows.reduce((sum, { report }) => sum + (report?.ticks ?? 0), 0);
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    io.out(
      `${rows.length - bad.length} of ${rows.length} verified: ${ticks} ticks in ${seconds} s`,
    );
  }
  return bad.length === 0 ? EXIT.done : EXIT.failed;
}

type Row = Verification & { readonly name: string };

function facts({ name, report, summary, ...rest }: Row): object {
  const { signature = 'none', publicKey = null, summary: said = null } = summary ?? {};
  return {
    file: name,
    ...report,
    ...rest,
    times: Math.round(rest.times),
    signature,
    publicKey,
    summary: said,
  };
}

function cells({ name, report, summary, problem, verified, times }: Row): string[] {
  const signature = summary?.signature ?? '-';
  const is = verified
    ? (report?.end ?? '')
    : (problem ??
      (report?.differs == null ? `signature ${signature}` : `differs at tick ${report.differs}`));
  return [
    name,
    String(report?.ticks ?? '-'),
    String(report?.hashes ?? '-'),
    report === null ? '-' : String(Math.round(times)),
    signature,
    is,
  ];
}

const OF_ONE_FILE = ['toTick', 'jump', 'events', 'kinds', 'watch', 'game'];
