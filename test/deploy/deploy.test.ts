/** What stands in deploy/ parses, names only what there is, and holds what docs/operate.md says of it. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { parse } from 'yaml';
import { optionNames, variableOf } from '../../src/config.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { emptySources } from '../ops/sources.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}
const rules = (
  parse(read('deploy/prometheus/alerts.yaml')) as {
    groups: { rules: Rule[] }[];
  }
).groups.flatMap((group) => group.rules);
const board = JSON.parse(read('deploy/grafana/fray.json')) as {
  readonly panels: readonly { id: number; targets: readonly { expr: string }[] }[];
  readonly templating: { readonly list: readonly { readonly query: string }[] };
};

test('alerts and dashboard name metrics, labels and reasons that the registry has', async (t) => {
  const { names, labels, reasons } = await registry(t);
  const queries = [
    ...rules.map(({ expr }) => expr),
    ...board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...board.templating.list.map(({ query }) => query),
  ];
  t.ok(queries.length > 30);
  for (const query of queries) {
    t.same(unknownIn(query, names), [], query);
    for (const [, list = ''] of query.matchAll(/\bby \(([^)]*)\)/g))
      for (const label of list.split(',').map((one) => one.trim()))
        t.ok(labels.has(label), `${label}: ${query}`);
    for (const [, how = '', pattern = ''] of query.matchAll(/reason(=~?)"([^"]+)"/g)) {
      const wanted = how === '=~' ? pattern.split('|') : [pattern];
      for (const one of wanted)
        t.ok(
          [...reasons].some((reason) => new RegExp(`^(?:${one})$`).test(reason)),
          `reason ${one}`,
        );
    }
    t.equal(query.split('(').length, query.split(')').length, `brackets: ${query}`);
  }
  t.same(unknownIn('rate(fray_tick_seconds_bucket[5m]) > fray_rooms', names), [
    'fray_tick_seconds_bucket',
  ]);
});

test('each alert has its part in docs/operate.md', (t) => {
  const docs = read('docs/operate.md');
  t.ok(rules.length >= 10);
  for (const { alert, annotations } of rules) {
    t.ok(docs.includes(`| \`${alert}\` |`), alert);
    t.ok(annotations.summary, alert);
  }
  const told = [...docs.matchAll(/^\| `(Fray\w+)` \|/gm)].map(([, name]) => name);
  t.same(told.sort(), rules.map(({ alert }) => alert).sort());
  t.same([...new Set(board.panels.map(({ id }) => id))].length, board.panels.length);
  t.end();
});

test('the image runs as a user of its own, from a read-only root, and says whether it is well', (t) => {
  const lines = read('deploy/Dockerfile').replaceAll('\\\n', ' ').split('\n');
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
  const one = (word: string): string => last.find((line) => line.startsWith(`${word} `)) ?? '';
  t.match(one('FROM'), /^FROM node:24-/);
  t.equal(one('USER'), 'USER node');
  for (const word of ['ENTRYPOINT', 'CMD'])
    t.ok(Array.isArray(JSON.parse(one(word).slice(word.length))), `${word} in exec form`);
  t.match(last.join('\n'), /HEALTHCHECK .*CMD \["node"/);
  const flags = (JSON.parse(one('CMD').slice(4)) as string[]).filter((word) =>
    word.startsWith('--'),
  );
  const known = new Set(
    optionNames().map((name) => name.replaceAll(/[A-Z]/g, (l) => `-${l.toLowerCase()}`)),
  );
  for (const flag of flags) t.ok(known.has(flag.slice(2)), flag);
  const kept = read('deploy/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'));
  for (const line of kept.filter((one) => !one.includes('*')))
    t.ok(existsSync(at(line.slice(1))), `${line} is there`);
  t.end();
});

test('what the image is built from is let through to it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fray-image-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const kept = read('deploy/Dockerfile.dockerignore').matchAll(/^!(.*)$/gm);
  for (const [, path = ''] of kept) {
    const [, parent = '', ending = ''] = /^(.*\/)\*(\..*)$/.exec(path) ?? [];
    const names = parent === '' ? [path] : readdirSync(at(parent)).map((name) => parent + name);
    for (const name of names.filter((one) => one.endsWith(ending)))
      cpSync(at(name), join(folder, name), { recursive: true });
  }
  symlinkSync(at('node_modules'), join(folder, 'node_modules'));
  // As the image does it; rejects with what does not resolve.
  execFileSync(process.execPath, ['tools/build.mjs'], { cwd: folder, stdio: 'pipe' });
  const missing = packed('dist').filter((file) => !existsSync(join(folder, file)));
  t.same(missing, [], 'all that a server here has');
  t.end();
});

test('the compose file: options that there are, nothing writable, the admin port for this machine alone', (t) => {
  const { services } = parse(read('deploy/compose.yaml')) as {
    services: {
      fray: {
        environment: Record<string, string>;
        read_only: boolean;
        ports: string[];
        cap_drop: string[];
      };
      nginx: { volumes: string[] };
    };
  };
  const { fray, nginx } = services;
  const variables = new Set(optionNames().map(variableOf));
  for (const name of Object.keys(fray.environment)) t.ok(variables.has(name), name);
  t.equal(fray.read_only, true);
  t.same(fray.cap_drop, ['ALL']);
  for (const port of fray.ports) t.match(port, /^(127\.0\.0\.1:9090:9090|\d+:\d+\/udp)$/);
  const [file = ''] = nginx.volumes[0]?.split(':') ?? [];
  t.ok(existsSync(at(`deploy/${file}`)));
  // One block in two places: that of the docs is what nginx is tested with.
  const documented = /^```nginx\n([\s\S]*?)^```$/m.exec(read('docs/network.md'))?.[1] ?? '';
  const same = documented
    .replace('127.0.0.1:8080', 'fray:8080')
    .replace('server_name play.example', 'server_name _');
  t.equal(read('deploy/nginx/fray.conf').split('\n').slice(1).join('\n'), same);
  t.end();
});

test('the unit is notified, watched and limited', (t) => {
  const unit = read('deploy/systemd/fray.service');
  for (const line of ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=20s', 'LimitNOFILE=65536'])
    t.ok(unit.includes(`\n${line}\n`), line);
  const known = new Set(
    optionNames().map((name) => name.replaceAll(/[A-Z]/g, (l) => `-${l.toLowerCase()}`)),
  );
  for (const [, flag = ''] of unit.matchAll(/ --([a-z-]+)/g))
    t.ok(known.has(flag) || ['config', 'env-file'].includes(flag), flag);
  const analyse = '/usr/bin/systemd-analyze';
  if (!existsSync(analyse)) t.pass('not run: systemd-analyze is not installed');
  else {
    const said = execFileSync(analyse, ['verify', '--man=no', at('deploy/systemd/fray.service')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.equal(said, '');
  }
  t.end();
});

const HAS_DOCKER = isThere('docker', ['info']);
test(HAS_DOCKER ? 'the image builds' : 'not run here: the image', (t) => {
  if (!HAS_DOCKER) {
    t.pass('not run: there is no Docker daemon');
    t.end();
    return;
  }
  execFileSync('docker', ['build', '-q', '-f', 'deploy/Dockerfile', '-t', 'fray-test', '.'], {
    cwd: at('.'),
  });
  const bytes = execFileSync('docker', ['image', 'inspect', '-f', '{{.Size}}', 'fray-test']);
  t.ok(Number(bytes.toString()) <= 300e6, `${bytes} bytes`);
  t.end();
});

function unknownIn(query: string, names: ReadonlySet<string>): string[] {
  const bare = query.replaceAll(/"[^"]*"/g, '""').replaceAll(/\{[^}]*\}/g, '');
  const named = bare.match(/\b(?:fray|process|nodejs)_\w+/g) ?? [];
  return named.filter((name) => !names.has(name));
}

/** What stands in the built folder, but what the image leaves out or only authors want. */
function packed(folder: string): string[] {
  return readdirSync(at(folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(at('.'), join(entry.parentPath, entry.name)))
    .filter(
      (file) =>
        !/^dist\/(bench|bench-page|types)\/|\/load-generator\.js$|-\w{8}\.js|\.map$/.test(file),
    );
}

function isThere(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** What a server's metrics page can hold. */
async function registry(t: { teardown(fn: () => void): void }) {
  const sources = emptySources(t);
  const text = await createMetrics(sources).text();
  const names = new Set<string>();
  for (const [, name = '', kind] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm))
    for (const end of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''])
      names.add(name + end);
  const labels = new Set(['instance', 'le']);
  for (const [, , row] of read('docs/metrics.md').matchAll(
    /^\| `(fray_\w+)` \| \w+ \| ([^|]*) \|/gm,
  ))
    for (const [, label = ''] of (row ?? '').matchAll(/`(\w+)`/g)) labels.add(label);
  return { names, labels, reasons: new Set(sources.drops().map(({ reason }) => reason)) };
}
