/** Kept inputs: one base64 line each, in `corpus/TARGET.txt`. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';

export function readCorpus(name: string): Uint8Array[] {
  const file = fileOf(name);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // The empty input is an empty line; only the last line end is none.
  return lines.slice(0, -1).map((line) => new Uint8Array(Buffer.from(line, 'base64')));
}

export function writeCorpus(name: string, inputs: readonly Uint8Array[]): void {
  const lines = inputs.map((input) => `${Buffer.from(input).toString('base64')}\n`);
  mkdirSync(new URL('corpus', import.meta.url), { recursive: true });
  writeFileSync(fileOf(name), lines.join(''));
}

function fileOf(name: string): URL {
  return new URL(`corpus/${name}.txt`, import.meta.url);
}
