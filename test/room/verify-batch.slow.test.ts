/** `fray replay FOLDER`: many journals judged as jobs of a pool, each told apart from the others. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { dispatch } from '../../src/cli/command.ts';
import { command as replay } from '../../src/cli/replay.ts';
import { verifyBatch } from '../../src/room/verify-batch.ts';
import { recordWith } from './recorded.ts';

const CORE = readFileSync(
  fileURLToPath(new URL('../../core-wasm/fray_core.wasm', import.meta.url)),
);

test('a folder of journals is judged file by file, and one bad file is named', async (t) => {
  const made = mkdtempSync(join(tmpdir(), 'fray-made-'));
  const folder = mkdtempSync(join(tmpdir(), 'fray-batch-'));
  t.teardown(() => {
    for (const dir of [made, folder]) rmSync(dir, { recursive: true });
  });
  const whole = await recordWith(CORE, made);
  for (const name of ['a', 'b', 'c']) copyFileSync(whole, join(folder, `${name}.journal`));
  const run = async (...flags: string[]) => {
    const [out, progress]: [string[], string[]] = [[], []];
    const io = {
      out: (line: string) => out.push(line),
      progress: (line: string) => progress.push(line),
      environment: {},
      folder,
    };
    const entry = { summary: replay.summary, load: async () => replay };
    const code = await dispatch(['replay', folder, ...flags], { replay: entry }, io);
    return { code, out: out.join('\n'), progress };
  };

  const good = await run();
  t.equal(good.code, 0, good.out + good.progress.join('\n'));
  t.match(good.out, /3 of 3 verified: 3\d\d ticks in/);
  t.equal(good.progress.length, 3);

  const bytes = readFileSync(whole);
  const flipped = Buffer.from(bytes);
  const middle = flipped.length >> 1;
  flipped[middle] = (flipped[middle] ?? 0) ^ 4;
  writeFileSync(join(folder, 'b.journal'), flipped);
  writeFileSync(join(folder, 'd.journal'), 'no journal');
  const { code, out } = await run('--json');
  t.equal(code, 1);
  const rows = JSON.parse(out) as { file: string; verified: boolean; problem: string | null }[];
  t.same(
    rows.map(({ file, verified }) => [file, verified]),
    [
      ['a.journal', true],
      ['b.journal', false],
      ['c.journal', true],
      ['d.journal', false],
    ],
  );
  t.type(rows[1]?.problem, 'string', 'says what is wrong');
  t.match(rows[3]?.problem, /E_/);

  const [gone] = await verifyBatch([join(folder, 'none.journal')]);
  t.match(gone?.problem, /^Cannot read .*E_CONFIG/);
  const refused = await run('--jump');
  t.equal(refused.code, 2);
  t.match(refused.progress.join(), /--jump for a folder/);
  // A summary that nobody signed is no summary of the operator's.
  const other = Buffer.from(new Uint8Array(32).fill(7)).toString('base64');
  t.equal((await run('--public-key', other)).code, 1);
});
