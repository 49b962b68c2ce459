/** The import table of the house: who may import whom. ARCHITECTURE.md says why; this holds it. */
import type { Problem, Source, Sources } from './source.ts';

/** May be imported from anywhere: errors, options, the clock, and the numbers that two sides share. */
const LEAVES = new Set([
  'src/errors.ts',
  'src/config.ts',
  'src/clock.ts',
  'src/limits.ts',
  'protocol/gen/tables.ts',
]);

/** Folders that may import anything. */
const FREE = ['bench/', 'test/', 'tools/'];

/**
 * Folder (the longest that fits) to the folders it may import besides itself. `src/x` is all below it but for the
 * folders that have a line of their own.
 */
export const MAY_IMPORT: { readonly [folder: string]: readonly string[] } = {
  protocol: [],
  // A room is made of a configuration from anywhere: the step in it is looked at first.
  'core-wasm': ['protocol', 'src/step'],
  'src/step': ['protocol'],
  // It loads the module that wakes native I/O threads.
  workers: ['native', 'protocol', 'core-wasm', 'src/mailbox', 'src/schema', 'src/plugin'],
  // What threads of a pool do for the host.
  'workers/jobs': ['src/room'],
  'src/schema': ['protocol'],
  'src/plugin': ['src/schema', 'protocol'],
  // A room with its players in one thread: both ends, and nothing between them.
  'src/plugin/testing': [
    'protocol',
    'core-wasm',
    'workers',
    'src/mailbox',
    'src/room',
    'src/schema',
    'src/plugin',
    'src/client',
  ],
  'src/mailbox': [],
  'src/transport': [],
  'src/transport/client': ['src/transport'],
  'src/transport/server': ['src/transport', 'src/transport/client'],
  'src/session': ['protocol'],
  'src/session/client': ['protocol', 'src/session'],
  'src/session/server': ['protocol', 'src/session'],
  // The host compiles the core once for all workers, and packs the control messages of a room.
  'src/room': ['src/mailbox', 'workers', 'core-wasm', 'protocol'],
  'src/client': [
    'protocol',
    'core-wasm',
    'src/schema',
    'src/transport',
    'src/transport/client',
    'src/session',
    'src/session/client',
  ],
  // A page that plays a journal: the client's view of a room.
  'src/watch': ['src/client', 'src/room', 'src/schema', 'workers', 'core-wasm', 'protocol'],
  // What a page shows its author of a running game.
  'src/devtools': ['src/client', 'src/schema'],
  'src/http': ['src/session', 'src/session/server', 'src/room', 'src/ops'],
  'src/control': ['src/session', 'src/session/server', 'src/room', 'src/store'],
  'src/store': [],
  'src/ops': [],
  // The page of the admin port: it knows the API by its answers alone.
  'src/admin': [],
  // It looks whether the clients of its load test are built.
  'src/cli': ['src', 'src/*', 'native'],
  // Composition roots: src/server.ts, src/cli.ts, and src/netcode-transport.ts, which joins sockets, netcode and the sealer.
  src: ['src/*', 'protocol', 'workers', 'core-wasm', 'native'],
  games: [],
  examples: [],
};

/** As above, for types alone: the worker hands its core to the plugin's runtime. */
const MAY_IMPORT_TYPES: { readonly [folder: string]: readonly string[] } = {
  'src/plugin': ['core-wasm'],
};

/** Packages and Node's modules by folder; a folder that is not named may import any but socket libraries. */
const PACKAGES: { readonly [folder: string]: RegExp } = {
  protocol: /^@bufbuild\/protobuf(\/|$)/,
  'core-wasm': /^never$/,
  'src/step': /^never$/,
  'src/schema': /^never$/,
  // The index of what stands in a room.
  'src/plugin': /^rbush$/,
  'src/plugin/testing': /^node:fs$/,
  'src/session': /^@noble\/|^@bufbuild\/protobuf(\/|$)/,
  'src/mailbox': /^node:worker_threads$/,
  // A page draws with what its author likes; it is bundled with it.
  games: /^(fray\/(schema|plugin|client|watch|devtools)|three)$/,
  examples: /^(fray\/(schema|plugin|client|watch|devtools|testing)|node:(test|assert\/strict))$/,
};

/** What the pages of games share. */
const PAGE_KIT = 'games/page-kit';
const PAGE = /^games\/[^/]+\/page\//;

/** Native code that may end its process: it is for the files that know how to hold it. */
const RTC = /^node-datachannel$/;
const RTC_FOLDERS = ['src/transport/server/rtc/', 'src/transport/client/'];
const SOCKETS = /^(ws|uWebSockets\.js|node:(net|tls|dgram|http|https|http2))$/;
const SOCKET_FOLDERS = ['src/transport/', 'src/http/'];

/** What a browser loads: neither Node's modules nor `ws` may be reached from here. */
const BROWSER_ENTRIES = [
  'src/schema/index.ts',
  'src/client/index.ts',
  'src/watch/index.ts',
  'src/devtools/index.ts',
];

export function checkImports(sources: Sources): Problem[] {
  const problems: Problem[] = [];
  for (const source of sources.values()) {
    if (FREE.some((folder) => source.file.startsWith(folder))) continue;
    for (const { line, specifier, target, typeOnly } of source.imports) {
      const allowed =
        target === undefined
          ? packageAllowed(source.file, specifier)
          : fileAllowed(source.file, target, typeOnly);
      if (!allowed) {
        problems.push({
          file: `${source.file}:${line}`,
          rule: 'imports',
          text: `${folderOf(source.file)} may not import ${target ?? specifier}`,
        });
      }
    }
  }
  return [...problems, ...BROWSER_ENTRIES.flatMap((entry) => checkBrowser(entry, sources))];
}

function fileAllowed(file: string, target: string, typeOnly: boolean): boolean {
  const [from, to] = [folderOf(file), folderOf(target)];
  if (from === 'games' || from === 'examples')
    return gameOf(file) === gameOf(target) || (PAGE.test(file) && gameOf(target) === PAGE_KIT);
  if (LEAVES.has(target) || from === to) return true;
  if (typeOnly && MAY_IMPORT_TYPES[from]?.includes(to)) return true;
  const allowed = MAY_IMPORT[from] ?? [];
  return allowed.includes(to) || (allowed.includes('src/*') && to.startsWith('src/'));
}

function packageAllowed(file: string, specifier: string): boolean {
  if (RTC.test(specifier)) return RTC_FOLDERS.some((folder) => file.startsWith(folder));
  if (SOCKETS.test(specifier)) return SOCKET_FOLDERS.some((folder) => file.startsWith(folder));
  const folder = folderOf(file);
  const rule = PACKAGES[folder] ?? PACKAGES[folder.split('/').slice(0, 2).join('/')];
  return rule?.test(specifier) ?? !specifier.startsWith('fray/');
}

/** The longest folder of the table that holds `file`; its first folder where the table names none. */
function folderOf(file: string): string {
  const parts = file.split('/').slice(0, -1);
  for (let length = parts.length; length > 0; length -= 1) {
    const folder = parts.slice(0, length).join('/');
    if (Object.hasOwn(MAY_IMPORT, folder) && (folder !== 'src' || parts.length === 1))
      return folder;
  }
  return parts.slice(0, 2).join('/');
}

function gameOf(file: string): string {
  return file.split('/').slice(0, 2).join('/');
}

/** Follows value imports from `entry`. */
function checkBrowser(entry: string, sources: ReadonlyMap<string, Source>): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const { line, specifier, target, typeOnly } of sources.get(file)?.imports ?? []) {
      if (typeOnly) continue;
      if (target !== undefined) seen.add(target);
      else if (specifier.startsWith('node:') || specifier === 'ws' || RTC.test(specifier)) {
        const text = `${entry} runs in browsers and reaches ${specifier} here`;
        problems.push({ file: `${file}:${line}`, rule: 'browser', text });
      }
    }
  }
  return problems;
}
