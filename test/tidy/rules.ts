/** The rules of tidy that are not about imports: calls, sizes, names, unsafe code, documents. They only tighten. */
import { checkImports } from './imports.ts';
import { type Files, type Problem, readSources, type Source } from './source.ts';

const LINES_MAX = 500;
const ARCHITECTURE_LINES_MAX = 200;
const GENERATED = /^protocol\/gen\/|^core-wasm\/src\/gen\//;
const CODE = /\.(ts|mjs|rs|sh)$/;
/** Say nothing alone: name what is inside. */
const EMPTY_NAME =
  /(^|\/)(managers?|helpers?|utils?|data|info|process|common|misc)(\.(ts|mjs|rs|sh)|\/)/;
const DEFAULT_EXPORT =
  /^(games|examples)\/[^/]+\/server\.ts$|^test\/.*\/?(server|game|games\/.*)\.ts$|\.config\.ts$/;

const CLOCKS = ['Date.now', 'performance.now', 'process.hrtime', 'process.hrtime.bigint'];
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];
const CHANCE = ['Math.random', 'crypto.getRandomValues', 'crypto.randomUUID', 'crypto.randomBytes'];
const ENVIRONMENT = ['process.env', 'process.argv', 'fetch'];
/** The pure middle: time, chance and surroundings are parameters there. */
const PURE = [...CLOCKS, ...TIMERS, ...CHANCE, ...ENVIRONMENT];
const BANNED: { readonly [folder: string]: readonly string[] } = {
  'protocol/': PURE,
  'src/session/': PURE,
  'src/schema/': PURE,
  'src/plugin/': PURE,
  'core-wasm/bindings/': PURE,
  'src/mailbox/': [...TIMERS, ...CHANCE],
};

/** Hosts of package registries, folders of one machine; in parts, so that this file may stand in the repository. */
const PRIVATE = [
  ['..', 'shared'].join('/'),
  ['', 'work', ''].join('/'),
  ['registry', 'npmjs'].join('.'),
  ['static.crates', 'io'].join('.'),
  ['index.crates', 'io'].join('.'),
];
const CARGO_INDEX = /^source = "registry\+https:\/\/github\.com\/rust-lang\/crates\.io-index"$/;

export function check(files: Files): Problem[] {
  const sources = readSources(files);
  return [
    ...checkImports(sources),
    ...[...sources.values()].flatMap(checkTypeScript),
    ...[...files].flatMap(([file, text]) => [
      ...checkShape(file, text),
      ...checkRust(file, text),
      ...checkPrivate(file, text),
    ]),
    ...checkCrate(files),
    ...checkArchitecture(files),
  ];
}

function checkShape(file: string, text: string): Problem[] {
  const problems: Problem[] = [];
  if (!CODE.test(file) || GENERATED.test(file)) return problems;
  const lines = text.split('\n').length - 1;
  if (lines > LINES_MAX) {
    problems.push({ file, rule: 'size', text: `${lines} lines; ${LINES_MAX} at most` });
  }
  const name = EMPTY_NAME.exec(file)?.[2];
  if (name !== undefined) {
    problems.push({ file, rule: 'name', text: `${name} says nothing: name what is inside` });
  }
  return problems;
}

function checkTypeScript(source: Source): Problem[] {
  const { file } = source;
  if (GENERATED.test(file)) return [];
  const at = (rule: string, what: string) => (line: number) => ({
    file: `${file}:${line}`,
    rule,
    text: what,
  });
  const problems = [
    ...source.anyLines.map(at('any', 'any is not a type')),
    ...source.enumLines.map(at('enum', 'a table `as const` in place of an enum')),
  ];
  if (!DEFAULT_EXPORT.test(file)) {
    problems.push(
      ...source.defaultExportLines.map(at('default-export', 'only a plugin exports a default')),
    );
  }
  const banned = Object.entries(BANNED).find(([folder]) => file.startsWith(folder));
  for (const { name, line } of source.uses) {
    if (banned?.[1].includes(name.replace(/^globalThis\./, ''))) {
      problems.push(at('calls', `${name} is not for ${banned[0]}: take it as a parameter`)(line));
    }
  }
  return problems;
}

const RUST_BANNED: readonly (readonly [RegExp, string])[] = [
  [/\bunsafe\b/, 'unsafe is for abi.rs alone'],
  [/\bf(32|64)\b/, 'no floats in the core'],
  [/\bHash(Map|Set)\b/, 'no hash maps: their order is not ours'],
  [/\bstd::(time|net|fs|env|thread)\b/, 'the core has no surroundings'],
];

/** Where linear memory becomes slices. */
const ABI = /^core-wasm\/(seal\/)?src\/abi\.rs$/;

/** Where the native I/O thread names memory of others and calls the system. */
const EDGE_UNSAFE = /^native\/(edge\/src\/(shared|socket|wake)|src\/lib)\.rs$/;

/** Code before the tests at the end of a file; comments do not count. */
function checkRust(file: string, text: string): Problem[] {
  if (/^native\/(edge\/)?src\//.test(file)) return checkEdge(file, text);
  if (!/^core-wasm\/(seal\/)?src\/.*\.rs$/.test(file)) return [];
  const isTests = /(^|\/)tests?(\.rs|\/)/.test(file);
  const problems: Problem[] = [];
  for (const [index, full] of text.split('\n').entries()) {
    if (/^\s*#\[cfg\(test\)\]/.test(full)) break;
    const line = full.replace(/\/\/.*/, '').replace(/"(\\.|[^"\\])*"/g, '""');
    for (const [pattern, why] of RUST_BANNED) {
      const isUnsafe = why.startsWith('unsafe');
      if (!pattern.test(line) || (isUnsafe ? ABI.test(file) : isTests)) continue;
      problems.push({ file: `${file}:${index + 1}`, rule: 'rust', text: why });
    }
  }
  return problems;
}

/** Each `unsafe` has its argument above it, and stands where it may. */
function checkEdge(file: string, text: string): Problem[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (!/^[^/"]*\bunsafe (\{|impl)/.test(line)) return [];
    const at = { file: `${file}:${index + 1}`, rule: 'rust' };
    if (!EDGE_UNSAFE.test(file))
      return [{ ...at, text: 'unsafe is for shared.rs, socket.rs and wake.rs' }];
    const isArgued = lines
      .slice(Math.max(0, index - 6), index)
      .some((one) => one.includes('// SAFETY:'));
    return isArgued ? [] : [{ ...at, text: 'unsafe without its SAFETY argument' }];
  });
}

function checkCrate(files: Files): Problem[] {
  const file = 'core-wasm/src/lib.rs';
  if (/^#!\[(forbid|deny)\(unsafe_code\)\]$/m.test(files.get(file) ?? '')) return [];
  return [{ file, rule: 'rust', text: 'the crate does not deny unsafe_code' }];
}

function checkPrivate(file: string, text: string): Problem[] {
  const problems: Problem[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const at = `${file}:${index + 1}`;
    const found = PRIVATE.find((word) => line.includes(word));
    if (found !== undefined) {
      problems.push({
        file: at,
        rule: 'private',
        text: `names ${found}, which is not for the repository`,
      });
    }
    if (file.endsWith('Cargo.lock') && line.startsWith('source = ') && !CARGO_INDEX.test(line)) {
      problems.push({
        file: at,
        rule: 'private',
        text: 'a crate that is not from the public index',
      });
    }
    if (file.endsWith('package-lock.json') && /^\s*"resolved": "http/.test(line)) {
      problems.push({
        file: at,
        rule: 'private',
        text: 'the lock file names a registry; see .npmrc',
      });
    }
  }
  return problems;
}

function checkArchitecture(files: Files): Problem[] {
  const file = 'ARCHITECTURE.md';
  const rule = 'architecture';
  const text = files.get(file);
  if (text === undefined) return [{ file, rule, text: 'is missing' }];
  const problems: Problem[] = [];
  const lines = text.split('\n').length - 1;
  if (lines > ARCHITECTURE_LINES_MAX) {
    problems.push({ file, rule, text: `${lines} lines; ${ARCHITECTURE_LINES_MAX} at most` });
  }
  const folders = foldersOf(files);
  for (const [, named = '', linked = ''] of text.matchAll(/`([\w./-]+)`|\]\(([\w./-]+)\)/g)) {
    const path = named || linked;
    const isPath = linked !== '' || (path.includes('/') && TOP_FOLDER.test(path));
    if (!isPath || files.has(path) || folders.has(path.replace(/\/$/, ''))) continue;
    problems.push({ file, rule, text: `names ${path}, which does not exist` });
  }
  for (const name of strayFunctions(text, files))
    problems.push({ file, rule, text: `says that ${name} stands where it does not` });
  return problems;
}

/** Functions of the table of a datagram's way that are in none of the files beside them. */
function strayFunctions(text: string, files: Files): string[] {
  const table = text.split('## The way of a datagram')[1]?.split('\n## ')[0] ?? '';
  return table.split('\n').flatMap((line) => {
    const [, , functions = '', places = ''] = line.split('|');
    const paths = [...places.matchAll(/`([\w./-]+)`/g)].map(([, path = '']) => path);
    const sources = [...files].filter(([file]) => paths.some((path) => file.startsWith(path)));
    return [...functions.matchAll(/`([\w.:#]+)`/g)]
      .map(([, name = '']) => name)
      .filter((name) => {
        const last = new RegExp(`\\b${name.split(/[.:#]/).at(-1)}\\b`);
        return !sources.some(([, source]) => last.test(source));
      });
  });
}

const TOP_FOLDER =
  /^(src|workers|protocol|core-wasm|native|games|examples|bench|test|docs|tools|deploy)\//;

function foldersOf(files: Files): Set<string> {
  const folders = new Set<string>();
  for (const file of files.keys()) {
    const parts = file.split('/');
    for (let length = 1; length < parts.length; length += 1)
      folders.add(parts.slice(0, length).join('/'));
  }
  return folders;
}
