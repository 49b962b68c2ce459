/**
 * Tidy: holds the import table, the banned calls, the sizes and the names of this repository. Each rule is shown to fail
 * on a small wrong house before the real one is judged.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { check } from './tidy/rules.ts';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');

/** A house without fault. */
const GOOD = {
  'ARCHITECTURE.md': 'See `src/session/`, [the code](src/session/token.ts) and `server/`.\n',
  'core-wasm/src/lib.rs': '#![forbid(unsafe_code)]\n',
  'core-wasm/src/room.rs':
    '// no unsafe, f64\nconst A: &str = "unsafe";\n#[cfg(test)]\nmod tests { fn f(x: f64) {} }\n',
  'src/session/token.ts': [
    "import { FrayError } from '../errors.ts';",
    "import { X } from '../../protocol/gen/control_pb.ts';",
    '/** Not Date.now or any. */',
    "export const now = (clock: { setTimeout(): void }) => [FrayError, X, 'Date.now', clock.setTimeout];",
  ].join('\n'),
  'src/client/index.ts': "import type { A } from 'node:fs';\nexport type B = A;\n",
  'games/duel/server.ts':
    "import { defineGame } from 'fray/plugin';\nimport { duel } from './schema.ts';\nexport default defineGame(duel);\n",
};

/** What is wrong, where, and the rule that has to say so. */
const WRONG: readonly (readonly [what: string, files: Record<string, string>, rule: string])[] = [
  [
    'transport imports session',
    { 'src/transport/udp.ts': "import '../session/token.ts';" },
    'imports',
  ],
  [
    'transport/client imports transport/server',
    { 'src/transport/client/a.ts': "import { b } from '../server/b.ts';" },
    'imports',
  ],
  [
    'transport decodes control messages',
    { 'src/transport/a.ts': "export { A } from '../../protocol/gen/control_pb.ts';" },
    'imports',
  ],
  [
    'mailbox imports room',
    { 'src/mailbox/ring.ts': "const a = import('../room/id.ts');" },
    'imports',
  ],
  [
    'schema imports server code by type',
    { 'src/schema/a.ts': "type A = import('../room/id.ts').A;" },
    'imports',
  ],
  [
    'a worker imports a session',
    { 'workers/a.ts': "import type { A } from '../src/session/token.ts';" },
    'imports',
  ],
  [
    'a folder that the table does not name',
    { 'src/extra/a.ts': "import '../room/id.ts';" },
    'imports',
  ],
  [
    'the plugin imports the core by value',
    { 'src/plugin/a.ts': "import '../../core-wasm/bindings/room.ts';" },
    'imports',
  ],
  [
    'a game imports internals',
    { 'games/duel/server.ts': "import '../../src/plugin/index.ts';" },
    'imports',
  ],
  ['a game imports another game', { 'games/duel/a.ts': "import '../arena/map.ts';" }, 'imports'],
  [
    'the server of a game imports what pages share',
    { 'games/duel/server.ts': "import '../page-kit/keys.ts';" },
    'imports',
  ],
  [
    'what pages share imports a game',
    { 'games/page-kit/keys.ts': "import '../arena/page/main.ts';" },
    'imports',
  ],
  ['a game imports an unlisted part', { 'games/duel/a.ts': "import 'fray/internals';" }, 'imports'],
  ['internals import by package name', { 'src/room/a.ts': "import 'fray/schema';" }, 'imports'],
  ['a socket in session', { 'src/session/a.ts': "import 'node:dgram';" }, 'imports'],
  ['a socket in room', { 'src/room/a.ts': "import { WebSocket } from 'ws';" }, 'imports'],
  [
    'native WebRTC in the process of the server',
    { 'src/transport/server/a.ts': "import { PeerConnection } from 'node-datachannel';" },
    'imports',
  ],
  ['Node in the schema', { 'src/schema/a.ts': "import 'node:fs';" }, 'imports'],
  [
    'Node within reach of the page',
    { 'src/client/index.ts': "import './a.ts';", 'src/client/a.ts': "import 'node:fs';" },
    'browser',
  ],
  ['a clock in session', { 'src/session/a.ts': 'export const a = () => Date.now();' }, 'calls'],
  [
    'a clock as a value',
    { 'src/session/a.ts': 'export const a = { now: performance.now };' },
    'calls',
  ],
  ['a timer in session', { 'src/session/server/a.ts': 'setTimeout(() => {}, 1);' }, 'calls'],
  ['chance in protocol', { 'protocol/a.ts': 'export const a = Math.random();' }, 'calls'],
  ['a timer in plugin', { 'src/plugin/a.ts': 'globalThis.setInterval(() => {}, 1);' }, 'calls'],
  ['a long file', { 'src/room/a.ts': '//\n'.repeat(501) }, 'size'],
  ['a long Rust file', { 'core-wasm/src/a.rs': '//\n'.repeat(501) }, 'size'],
  ['an empty name', { 'src/room/utils.ts': '' }, 'name'],
  ['an empty name of a folder', { 'src/common/ring.ts': '' }, 'name'],
  ['any', { 'src/room/a.ts': 'export let a: any[];' }, 'any'],
  ['an enum', { 'src/room/a.ts': 'export enum A { b }' }, 'enum'],
  ['a default export', { 'src/room/a.ts': 'export default 1;' }, 'default-export'],
  ['a default function', { 'src/room/a.ts': 'export default function a() {}' }, 'default-export'],
  [
    'a default by name',
    { 'src/room/a.ts': 'const a = 1;\nexport { a as default };' },
    'default-export',
  ],
  ['unsafe in a stage', { 'core-wasm/src/room.rs': 'fn a() { unsafe { b() } }' }, 'rust'],
  ['a float in a stage', { 'core-wasm/src/room.rs': 'fn a(x: f32) {}' }, 'rust'],
  ['a hash map', { 'core-wasm/src/room.rs': 'use std::collections::HashMap;' }, 'rust'],
  ['a clock in the core', { 'core-wasm/src/room.rs': 'use std::time::Instant;' }, 'rust'],
  ['unsafe allowed in the crate', { 'core-wasm/src/lib.rs': 'pub mod room;' }, 'rust'],
  ['a long architecture', { 'ARCHITECTURE.md': '\n'.repeat(201) }, 'architecture'],
  ['a folder that is not there', { 'ARCHITECTURE.md': '`src/gone/` is nice' }, 'architecture'],
  [
    'a function that is not there',
    {
      'ARCHITECTURE.md':
        '## The way of a datagram\n\n| a | `Gone.hide` | `src/session/token.ts` |\n',
    },
    'architecture',
  ],
  ['a link to nowhere', { 'ARCHITECTURE.md': '[a](GONE.md)' }, 'architecture'],
  [
    'a registry in the lock file',
    { 'package-lock.json': '  "resolved": "https://a.example/b.tgz"' },
    'private',
  ],
  [
    'a registry for crates',
    { 'core-wasm/Cargo.lock': 'source = "registry+https://a.example/index"' },
    'private',
  ],
  [
    'a registry in a document',
    { 'README.md': `https://${['registry', 'npmjs', 'org'].join('.')}` },
    'private',
  ],
  ['a folder of one machine', { 'README.md': `see ${['', 'work', 'main'].join('/')}` }, 'private'],
];

test('a house without fault has no problem', (t) => {
  t.same(check(new Map(Object.entries(GOOD))), []);
  t.end();
});

test('a house without its architecture has one', (t) => {
  const { 'ARCHITECTURE.md': _, ...rest } = GOOD;
  t.match(check(new Map(Object.entries(rest))), [{ rule: 'architecture', text: 'is missing' }]);
  t.end();
});

for (const [what, files, rule] of WRONG) {
  test(`found: ${what}`, (t) => {
    const problems = check(new Map(Object.entries({ ...GOOD, ...files })));
    t.same([...new Set(problems.map((problem) => problem.rule))], [rule]);
    t.end();
  });
}

test('this repository is tidy', (t) => {
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
  });
  const files = new Map<string, string>();
  for (const file of listed.toString().split('\0')) {
    const path = join(root, file);
    if (file === '' || !existsSync(path) || !statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    files.set(file, bytes.includes(0) ? '' : bytes.toString());
  }
  t.ok(files.size > 50, 'the files of the repository were read');
  const problems = check(files).map(({ file, rule, text }) => `${rule}: ${file}: ${text}`);
  t.equal(problems.join('\n'), '');
  t.end();
});
