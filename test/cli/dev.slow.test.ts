/** `fray dev` over a game with planted errors: each is one line with its place in the author's files, and the game of before runs on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { edit, FRAY, newGame, Running } from './author.ts';

const game = newGame();
const { folder } = game;
const dev = new Running(process.execPath, [FRAY, 'dev', '--port', '0', '--bots', '2'], folder);
t.teardown(async () => {
  await dev.stop();
  game.remove();
});
const source = (file: string) => readFileSync(join(folder, file), 'utf8');
const sources = { 'schema.ts': source('schema.ts'), 'server.ts': source('server.ts') };
const JOIN = 'room.place(p, room.freePlace());';

/** Plants an error, waits for its line, mends it again. Answers what was said meanwhile. */
async function plant(
  file: keyof typeof sources,
  change: (text: string) => string,
  expected: () => RegExp,
): Promise<string[]> {
  const from = dev.lines.length;
  edit(folder, file, change);
  await dev.said(expected(), from);
  const until = dev.lines.length;
  writeFileSync(join(folder, file), sources[file]);
  await dev.said(/^Restarted in/, until);
  return dev.lines.slice(from, until).filter((line) => !line.startsWith('Restarted'));
}

/** Puts a statement behind the place that onJoin gives. */
const inJoin = (statement: string) => (text: string) =>
  text.replace(JOIN, `${JOIN}\n    ${statement}`);

t.test('it starts, and a change of a number restarts the game', async (t) => {
  t.match(await dev.url(), /^http:\/\/127\.0\.0\.1:\d+\/$/);
  edit(folder, 'server.ts', (text) => text.replace('room.after(60,', 'room.after(30,'));
  const line = await dev.said(/^Restarted in/);
  const ms = Number(/in (\d+) ms/.exec(line)?.[1]);
  t.comment(line);
  // 0.3 s at load 16; a second is promised on a machine that does nothing else.
  t.ok(ms < 5000, line);
  writeFileSync(join(folder, 'server.ts'), sources['server.ts']);
  await dev.said(/^Restarted in/, dev.lines.indexOf(line) + 1);
});

t.test(
  'what does not build is said once, with its place; the game of before runs on',
  async (t) => {
    const said = await plant(
      'server.ts',
      (text) => text.replace('attacker.kills += 1;', 'attacker.kills += ;'),
      () => /runs on$/,
    );
    t.match(said, [/^server\.ts:10:\d+: error: Unexpected ";"$/, /^The game of before runs on$/]);
    t.equal(said.length, 2);
    const missing = await plant(
      'server.ts',
      (text) => `import './nowhere.ts';\n${text}`,
      () => /runs on$/,
    );
    t.match(missing, [/^server\.ts:1:8: error: Could not resolve ".\/nowhere.ts"$/, /runs on$/]);
  },
);

t.test('a bad schema and a hook that there is not name file, line and path', async (t) => {
  const said = await plant(
    'schema.ts',
    (text) => text.replace('health: 100', 'health: 150_000'),
    () => /runs on$/,
  );
  t.match(
    said[0],
    /^schema\.ts:14:\d+: error: .*player\.health: must be 1\.\.65535 points, not 150000 \(E_SCHEMA\)$/,
  );
  t.equal(said.length, 2);
  const hook = await plant(
    'server.ts',
    (text) => text.replace('onDeath(', 'onDead('),
    () => /runs on$/,
  );
  t.match(hook[0], /^server\.ts:\d+:\d+: error: .*onDead: is not a hook; there are .*onDeath/);
});

t.test('a server module that exports no game says what it has to end in', async (t) => {
  const said = await plant(
    'server.ts',
    (text) => text.replace('export default', 'export const game ='),
    () => /runs on$/,
  );
  t.match(said[0], /^server\.ts: error: Cannot use this game: .* export default defineGame/);
});

t.test('a hook that throws is said once', async (t) => {
  const said = await plant('server.ts', inJoin("throw new Error('planted');"), () => /planted/);
  t.match(said[0], /^server\.ts:8:11: error: onJoin: planted; the room goes on/, said.join('\n'));
});

t.test('a slow hook is named with its line and what it took', async (t) => {
  const slow = 'onTick() { const end = performance.now() + 40; while (performance.now() < end); },';
  const said = await plant(
    'server.ts',
    (text) => text.replace('  onDeath(', `  ${slow}\n  onDeath(`),
    () => /warning: onTick/,
  );
  const warning = said.find((line) => line.includes('onTick')) ?? '';
  t.match(
    warning,
    /^server\.ts:9: warning: onTick took \d+ ms, and a tick has 33 ms for all rooms/,
  );
});

t.test('a write outside of a hook says how to come back', async (t) => {
  const said = await plant(
    'server.ts',
    inJoin('setTimeout(() => { p.kills = 1; }, 20);'),
    () => /outside of hooks/,
  );
  t.match(
    said[0],
    /^server\.ts:8:\d+: error: work outside of hooks: Cannot .*; a hook has to do it: room\.defer/,
  );
});

t.test(
  'a view that was kept is said where it is used, and so is the variable that kept it',
  async (t) => {
    const said = await plant(
      'server.ts',
      (text) =>
        inJoin('kept.push(p);')(text)
          .replace('export default', 'const kept: { kills: number }[] = [];\n\nexport default')
          .replace(
            '  onDeath(',
            '  onTick() {\n    for (const p of kept) p.kills = 1;\n  },\n  onDeath(',
          ),
      () => /error: onTick/,
    );
    t.match(said[0], /^server\.ts:5: warning: kept is shared by all rooms of a thread/);
    const error = said.find((line) => line.includes('error:')) ?? '';
    t.match(
      error,
      /^server\.ts:13:\d+: error: onTick: Cannot use this view: its hook has ended; keep the id/,
    );
  },
);

t.test('a message that is too long names its path and the limit', async (t) => {
  const said = await plant(
    'server.ts',
    inJoin("room.broadcast('chat', { from: p.id, text: 'x'.repeat(200) });"),
    () => /chat\.text/,
  );
  t.match(said[0], /^server\.ts:8:\d+: error: onJoin: Cannot .*chat\.text.*200 bytes.*120/);
});

t.test('it ends with code 0 when it is asked to', async (t) => {
  t.equal(await dev.stop(), 0);
});
