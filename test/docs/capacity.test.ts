/** docs/capacity.md holds what `fray plan` prints. FRAY_TEST_WRITE=1 writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { dispatch } from '../../src/cli/command.ts';

const FILE = fileURLToPath(new URL('../../docs/capacity.md', import.meta.url));

t.test('the page says what fray plan prints', async (t) => {
  await check(t, ['plan'], (text) => text);
  // A day of a twentieth of the players takes a twentieth of the time, and is what the page shows.
  await check(t, ['plan', '--simulate', '--players', '5000'], (text) => `\`\`\`\n${text}\n\`\`\``);
});

async function check(
  t: Test,
  argv: readonly string[],
  shown: (text: string) => string,
): Promise<void> {
  const lines: string[] = [];
  const progress: string[] = [];
  const code = await dispatch(
    argv,
    { plan: { summary: '', load: async () => (await import('../../src/cli/plan.ts')).command } },
    {
      out: (line) => void lines.push(line),
      progress: (line) => void progress.push(line),
      environment: {},
      folder: '/',
    },
  );
  t.equal(code, 0, progress.join('\n'));
  const mark = `<!-- fray ${argv.join(' ')} -->`;
  const page = readFileSync(FILE, 'utf8');
  const from = page.indexOf(mark);
  const to = page.indexOf('<!-- end -->', from);
  t.ok(from >= 0 && to > from, `${mark} is there`);
  const wanted = `${mark}\n\n${shown(lines.join('\n'))}\n\n`;
  if (process.env['FRAY_TEST_WRITE'] === '1')
    writeFileSync(FILE, page.slice(0, from) + wanted + page.slice(to));
  else t.equal(page.slice(from, to), wanted, `${mark}: FRAY_TEST_WRITE=1 writes it`);
}
