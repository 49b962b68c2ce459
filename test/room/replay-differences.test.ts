/** Where a replay comes out otherwise, it names what is another: array, column or field, and entity. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';
import { REGION_NAMES } from '../../core-wasm/bindings/region-names.ts';
import { COLUMN } from '../../protocol/gen/tables.ts';
import { dispatch } from '../../src/cli/command.ts';
import { command as replay } from '../../src/cli/replay.ts';
import { loadCore } from '../../src/room/core.ts';
import { Replay } from '../../src/room/replay.ts';
import { differencesOf } from '../../src/room/replay-differences.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { type Recording, recordWith } from './recorded.ts';

const CORE = readFileSync(
  fileURLToPath(new URL('../../core-wasm/fray_core.wasm', import.meta.url)),
);

async function recorded(t: Test, recording: Recording): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fray-differs-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return recordWith(CORE, folder, recording);
}

async function run(...argv: string[]): Promise<{ code: number; out: string }> {
  const lines: string[] = [];
  const io = {
    out: (line: string) => lines.push(line),
    progress: () => {},
    environment: {},
    folder: '.',
  };
  const entry = { summary: replay.summary, load: async () => replay };
  const code = await dispatch(['replay', ...argv], { replay: entry }, io);
  return { code, out: lines.join('\n') };
}

/** As an error of the machine would: between two ticks, beside all records. */
function spoiled(checkpointMs?: number): Recording {
  return {
    ...(checkpointMs !== undefined && { checkpointMs }),
    after(host, turn) {
      if (turn !== 60) return;
      const { columns, entitiesMax } = host.core(0);
      const health = COLUMN.health * entitiesMax + 2;
      columns[health] = (columns[health] ?? 0) - 7;
    },
  };
}

test('the first tick that differs, and by the next checkpoint which fields', async (t) => {
  const path = await recorded(t, spoiled(1000));
  const { code, out } = await run(path);
  t.equal(code, 1);
  t.match(out, /^differs: the state after tick (59|60) hashes otherwise/m);
  t.match(out, /^at the checkpoint of tick \d+ \d+ numbers are others/m);
  t.match(out, /^ {2}columns\.health\[2\]: 100, was 93$/m);
  t.notMatch(out, /columns\.x/, 'and nothing else of the world is');
  const { differences } = JSON.parse((await run(path, '--json')).out);
  t.match(differences.first[0], { field: 'columns.health[2]', played: 100, wanted: 93 });
});

test('without a checkpoint behind it the tick alone is named', async (t) => {
  const { code, out } = await run(await recorded(t, spoiled()));
  t.equal(code, 1);
  t.match(out, /^differs: the state after tick (59|60) hashes otherwise/m);
  t.notMatch(out, /at the checkpoint/);
});

test('every number of a region has a name, and equal ones have no difference', async (t) => {
  const path = await recorded(t, {});
  const { module } = await loadCore(CORE);
  const room = new Replay(readJournal(readFileSync(path)), module);
  room.play({ toTick: 20 });
  const rows = room.room.rows();
  t.equal(rows.length, REGION_NAMES.length);
  const played = room.room.region().slice();
  const { entitiesMax } = room.room;
  const compare = (wanted: Uint8Array) =>
    differencesOf({ tick: 20, played, wanted, rows, entitiesMax });
  t.same(compare(played.slice()), { tick: 20, count: 0, first: [] });
  const nameAt = (name: string, byte: number): string | undefined => {
    const { offset = 0 } = rows[REGION_NAMES.indexOf(name)] ?? {};
    const other = played.slice();
    other[offset + byte] = (other[offset + byte] ?? 0) ^ 1;
    return compare(other).first[0]?.field;
  };
  t.equal(nameAt('columns', 4 * (COLUMN.vx * entitiesMax + 5)), 'columns.vx[5]');
  t.equal(nameAt('stats', 4), 'stats.players');
  t.equal(nameAt('inputs', 28), 'inputs[1].tick');
  t.equal(nameAt('inputs', 28 + 8), 'inputs[1].pitch|moveX|moveY');
  t.equal(nameAt('players', 8), 'players[2]');
  t.match(nameAt('clients', 6), /^clients\[0\]\+4$/);
  t.equal(nameAt('hash', 0), undefined, 'the hash asked for last is no state');
  const blind = differencesOf({
    tick: 20,
    played,
    wanted: played.map((byte, at) => (at === 77 ? byte ^ 1 : byte)),
    rows: [],
    entitiesMax,
  });
  t.same(blind.first[0]?.field, 'bytes[77]', 'a core that cannot tell its arrays');
});
