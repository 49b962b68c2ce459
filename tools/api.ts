/** `npm run build:api`: writes docs/api from the declarations of what package.json exports. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiReports, type Entry, fileOf } from './api/report.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Sources of the package's typed entries, by what they are imported as. */
export function entriesOf(root: string): Entry[] {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly exports: Record<string, unknown>;
  };
  return Object.entries(exports).flatMap(([path, targets]) => {
    const types = /"types":"\.\/dist\/types\/([^"]+)\.d\.ts"/.exec(JSON.stringify(targets))?.[1];
    return types === undefined ? [] : [{ name: name + path.slice(1), source: `${types}.ts` }];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of apiReports(ROOT, entriesOf(ROOT))) {
    const file = join(ROOT, fileOf(name));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    console.log(`wrote ${fileOf(name)}, ${text.length} bytes`);
  }
}
