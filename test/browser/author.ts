/** An author's folder as `npm install` leaves it: the package as it is packed from `dist/`, and a small game. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const VITE = join(root, 'node_modules', 'vite', 'bin', 'vite.js');

/**
 * Packs and installs the package as it is built, production packages and no scripts. `game` holds the game and, as its
 * page, what Vite made of `index.html` and `main.js` without any configuration; `plain` the same game with a page that
 * no bundler has seen. Answers the folder.
 */
export async function installAuthor(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fray-author-'));
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
  const packed = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await run('npm', ['install', join(folder, packed), ...flags], folder);
  writeGame(folder);
  await run(process.execPath, [VITE, 'build', '--outDir', 'game/page', '--emptyOutDir'], folder);
  return folder;
}

function writeGame(folder: string): void {
  for (const game of ['game', 'plain']) {
    mkdirSync(join(folder, game));
    writeFileSync(join(folder, game, 'schema.js'), SCHEMA);
    writeFileSync(join(folder, game, 'server.js'), SERVER);
  }
  writeFileSync(join(folder, 'index.html'), HTML);
  writeFileSync(join(folder, 'main.js'), `import { duel } from './game/schema.js';\n${MAIN}`);
  const page = join(folder, 'plain', 'page');
  mkdirSync(page);
  writeFileSync(join(page, 'index.html'), HTML);
  const byPath = (text: string) =>
    text
      .replace("'fray/client'", "'./fray/client.browser.js'")
      .replace("'fray/watch'", "'./fray/watch.js'")
      .replace("'fray/devtools'", "'./fray/devtools.js'")
      .replace("'fray/schema'", "'./fray/schema.js'");
  writeFileSync(join(page, 'main.js'), byPath(`import { duel } from './schema.js';\n${MAIN}`));
  writeFileSync(join(page, 'schema.js'), byPath(SCHEMA));
  cpSync(join(folder, 'node_modules', 'fray', 'dist'), join(page, 'fray'), { recursive: true });
}

/** The blocks of docs/pages.md that follow the heading, without their fences. */
export function documented(heading: string): string[] {
  const text = readFileSync(join(root, 'docs', 'pages.md'), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return [...section.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block.trim());
}

/** Rejects with what the command printed. */
async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_|^TAP|^FRAY_/.test(name)),
  );
  const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 24 });
  return stdout;
}

const SCHEMA = `import { angle, axis2, button, circle, defineSchema, projectile, u16 } from 'fray/schema';

export const duel = defineSchema({
  name: 'duel',
  tickRateHz: 30,
  world: { width: 40, depth: 40 },
  input: { move: axis2(), aim: angle(), fire: button() },
  weapons: { bolt: projectile({ damage: 25, cooldownMs: 250, speed: 25, lifeMs: 1000, radius: 0.2 }) },
  player: { shape: circle(0.5), health: 100, fields: { kills: u16({ to: 'room' }) } },
});
`;

const SERVER = `import { defineGame } from 'fray/plugin';
import { duel } from './schema.js';

export default defineGame(duel, {
  onJoin(room, p) { room.place(p, room.freePlace()); },
});
`;

const HTML = `<!doctype html>
<meta charset="utf-8">
<title>duel</title>
<link rel="icon" href="data:,">
<script type="module" src="./main.js"></script>
`;

/** Plays at once, on the page's own server or on the one in the address, and walks where there is room; or plays a journal. */
const MAIN = `import { connect } from 'fray/client';

const asked = new URLSearchParams(location.search);
const server = asked.get('server') ?? location.href;
const journal = asked.get('journal');
const open = async () => {
  if (journal === null) return connect(server, { schema: duel, name: 'Ann' });
  const { watch } = await import('fray/watch');
  return watch(journal, { schema: duel });
};
const game = await open();
if (asked.has('devtools')) {
  const { devtools } = await import('fray/devtools');
  devtools(game, { open: true });
}
let x = 0;
requestAnimationFrame(function frame(now) {
  requestAnimationFrame(frame);
  const view = game.view(now);
  if (x === 0 && view.me) x = view.me.x > 0 ? -1 : 1;
  game.setInput?.({ move: { x, y: 0 } });
  globalThis.fray = { game, view };
});
`;
