/** Cores of releases: what is kept is what it says, and journals of before replay with it. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { type Test, test } from 'tap';
import { TABLE_HASH } from '../../protocol/gen/tables.ts';
import {
  coreThatPlayed,
  type KeptCore,
  keptCores,
  layoutOf,
  unpackCore,
} from '../../src/room/cores.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { fray } from '../server/fray-process.ts';
import { recordWith } from './recorded.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A folder as `cores/`, of a core of November 2026. */
const OLD = fileURLToPath(new URL('old-core', import.meta.url));

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'fray-cores-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

function hashOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** As fast as may be. */
function packed(bytes: Uint8Array): Uint8Array {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
}

/** A folder that keeps one core. */
function keeps(t: Test, bytes: Uint8Array, facts: Partial<KeptCore>): string {
  const dir = folder(t);
  const hash = Buffer.from(hashOf(bytes)).toString('hex');
  writeFileSync(join(dir, 'one.br'), packed(bytes));
  const core = { version: '0.0.9', date: '', hash, file: 'one.br', tables: TABLE_HASH };
  writeFileSync(
    join(dir, 'cores.json'),
    JSON.stringify([{ ...core, layout: layoutOf(), ...facts }]),
  );
  return dir;
}

/** The journal of some seconds that a core played; its path. */
async function played(t: Test, bytes: Uint8Array): Promise<string> {
  return recordWith(bytes, folder(t));
}

test('every core that is kept is the one that the list names, and nothing else lies there', async (t) => {
  const cores = await keptCores();
  t.ok(cores.length > 0);
  const names = (of: (core: KeptCore) => string): Set<string> => new Set(cores.map(of));
  for (const of of [names(({ version }) => version), names(({ hash }) => hash)])
    t.equal(of.size, cores.length, 'each once');
  const files = readdirSync(join(ROOT, 'cores')).sort();
  t.same(files, ['cores.json', ...names(({ file }) => file)].sort());
  for (const core of cores) {
    t.ok(WebAssembly.validate((await unpackCore(core)) as BufferSource), core.version);
    t.match(core.date, /^\d{4}-\d\d-\d\d$/);
    if (core.tables === TABLE_HASH) t.same(core.layout, layoutOf());
  }
});

test('each release that the changelog names as such has its core kept', async (t) => {
  const text = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  const kept = (await keptCores()).map(({ version }) => version);
  const headings = [...text.matchAll(/^## (\d+\.\d+\.\d+\S*?), (.+)$/gm)];
  t.ok(headings.length > 0);
  for (const [, version = '', when] of headings)
    t.equal(when === 'not released' || kept.includes(version), true, `${version}, ${when}`);
});

test('the journal of an older core of other tables, played when that was the present one, replays with it', async (t) => {
  const path = fileURLToPath(new URL('old-core/0.0.1.journal', import.meta.url));
  const journal = readFileSync(path);
  const { coreHash } = readJournal(journal).head;
  const core = await coreThatPlayed(coreHash, { folder: OLD });
  t.match(core, { version: '0.0.1', tables: 'any' });
  const report = new Replay(readJournal(journal), core.module, core.tables).play();
  t.match(report, { differs: null, problem: null, end: 'over', ticks: 118 });
  const run = fray(['replay', path]);
  t.equal(await run.ended, 1, 'the command knows no such release');
  t.match(run.err, /core [\da-f]{16} played it, .*--core FILE \(E_CORE\)/);
});

test('fray replay finds the core of each release by what that release recorded', async (t) => {
  for (const { version, tables } of await keptCores()) {
    const path = fileURLToPath(new URL(`released/${version}.journal`, import.meta.url));
    const run = fray(['replay', path, '--json']);
    t.equal(await run.ended, 0, run.err);
    t.match(JSON.parse(run.out), { verified: true, end: 'over', ticks: 118 });
    if (tables === TABLE_HASH) continue;
    const told = fray(['replay', path, '--events']);
    t.equal(await told.ended, 1);
    t.match(told.err, `npx fray@${version} replay`);
  }
});

test('the journal of this core replays when this core has become another, even of other tables', async (t) => {
  const own = new Uint8Array(readFileSync(join(ROOT, 'core-wasm', 'fray_core.wasm')));
  const journal = readFileSync(await played(t, own));
  const { coreHash } = readJournal(journal).head;
  const next = changed(own);
  const later = { module: await WebAssembly.compile(next as BufferSource), hash: hashOf(next) };
  const core = await coreThatPlayed(coreHash, { own: later, folder: keeps(t, own, {}) });
  t.match(core, { version: '0.0.9', tables: 'own' });
  const report = new Replay(readJournal(journal), core.module).play();
  t.match(report, { differs: null, problem: null, end: 'over' });
  // The other way round: a core of other tables was kept, and this code plays it.
  const path = keeps(t, next, { tables: 1 });
  const kept = await coreThatPlayed(later.hash, { folder: path });
  t.match(kept, { version: '0.0.9', tables: 'any' });
  t.throws(() => new Replay(readJournal(journal), kept.module), { code: 'E_CORE' });
  const again = new Replay(readJournal(journal), kept.module, kept.tables).play();
  t.match(again, { differs: null, problem: null, end: 'over', stateHash: report.stateHash });
});

/** The core with another hash of its tables in `abi_version`, which stands last; that of a configuration stays, as the journal's has it. */
function changed(bytes: Uint8Array): Uint8Array {
  const constant = (value: number): number[] => {
    const digits = [0, 7, 14, 21].map((shift) => 0x80 | ((value >>> shift) & 0x7f));
    return [0x41, ...digits, (value >> 28) & 0x7f];
  };
  const at = Buffer.from(bytes).lastIndexOf(Buffer.from(constant(TABLE_HASH)));
  if (at < 0) throw new Error('the core has no hash of its tables');
  const next = bytes.slice();
  next.set(constant(TABLE_HASH ^ 0x100), at);
  return next;
}

test('a core that nobody keeps, one that this program reads otherwise, and a file that is another, are said', async (t) => {
  const own = new Uint8Array(readFileSync(join(ROOT, 'core-wasm', 'fray_core.wasm')));
  const other = changed(own);
  const later = { module: await WebAssembly.compile(other as BufferSource), hash: hashOf(other) };
  const wanted = hashOf(own);
  const ask = (dir: string) => coreThatPlayed(wanted, { own: later, folder: dir });
  await t.rejects(ask(keeps(t, other, {})), { code: 'E_CORE', message: /0\.0\.9.*--core FILE/ });
  const layout = { ...layoutOf(), 'ADDRESS.input': 77 };
  await t.rejects(ask(keeps(t, own, { layout })), { code: 'E_CORE', message: /npx fray@0\.0\.9/ });
  const more = Object.entries(layoutOf()).slice(1);
  t.ok(await ask(keeps(t, own, { layout: Object.fromEntries(more) })), 'more does no harm');
  const dir = keeps(t, own, {});
  writeFileSync(join(dir, 'one.br'), packed(other));
  await t.rejects(ask(dir), { code: 'E_CORE', message: /its file is another/ });
  const zeros = await coreThatPlayed(new Uint8Array(32), { own: later, folder: dir });
  t.equal(zeros.module, later.module, 'where nobody knows, the own has to do');
});
