/**
 * A core with a planted error, to see that the witness says so: a copy of the crate's sources with one line changed, built
 * for wasm32 with less effort than the shipped one. Nothing of it touches the tree or the committed module.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Plant {
  readonly name: string;
  /** Under core-wasm/src. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly line: string;
  readonly wrong: string;
}

/** Each makes the server encode one thing off by one; nothing that clients run is changed. */
export const PLANTS: readonly [Plant, ...Plant[]] = [
  {
    name: 'the way that an entity went since its baseline',
    file: 'codec/row.rs',
    line: 'self.write_off(out, off);',
    wrong: 'self.write_off(out, [off[0] + 1, off[1], off[2]]);',
  },
  {
    name: 'the aim of an entity that enters',
    file: 'codec/row.rs',
    line: 'None => put_if(out, now.aim() != 0, now.aim(), self.shape.aim_bits),',
    wrong: 'None => put_if(out, now.aim() != 0, now.aim() ^ 1, self.shape.aim_bits),',
  },
  {
    name: 'the place of the own player',
    file: 'codec/own.rs',
    line: 'put_signed(out, at[axis].wrapping_sub(guess[axis]), &OWN);',
    wrong: 'put_signed(out, at[axis].wrapping_sub(guess[axis]) + 1, &OWN);',
  },
];

const CORE = fileURLToPath(new URL('../../core-wasm', import.meta.url));
const TARGET = join(CORE, 'target', 'witness');
const CRATE = join(TARGET, 'crate');
/** The compiler of tools/build-wasm.sh: Debian's, which has the library for wasm32. */
const [CARGO, RUSTC] = ['/usr/bin/cargo', '/usr/bin/rustc'];
const QUICKLY = {
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_OPT_LEVEL: '1',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '8',
};

/**
 * Builds the core with this error, or without any, and answers the module's path. Some 10 s of CPU, the first time on a
 * machine 30. Rejects with what the compiler said, and when the line is not there any more.
 */
export async function buildPlanted(plant: Plant | null): Promise<string> {
  if (!existsSync(CARGO))
    throw new Error(`Cannot build a core: ${CARGO} is missing; run tools/setup`);
  rmSync(CRATE, { recursive: true, force: true });
  mkdirSync(CRATE, { recursive: true });
  for (const name of ['Cargo.toml', 'Cargo.lock', '.cargo', 'src'])
    cpSync(join(CORE, name), join(CRATE, name), { recursive: true });
  if (plant !== null) writeFileSync(join(CRATE, 'src', plant.file), plantedText(plant));
  const args = ['build', '--release', '--locked', '--lib', '--target', 'wasm32-unknown-unknown'];
  await promisify(execFile)(CARGO, [...args, '--color', 'never'], {
    cwd: CRATE,
    env: { ...process.env, ...QUICKLY, RUSTC, CARGO_TARGET_DIR: join(TARGET, 'build') },
  }).catch((error: { readonly stderr?: string }) => {
    throw new Error(`Cannot build a core; tools/setup installs what is needed:\n${error.stderr}`);
  });
  return join(TARGET, 'build', 'wasm32-unknown-unknown', 'release', 'fray_core.wasm');
}

/** The file with the error in it. Throws where its line does not stand exactly once. */
export function plantedText({ name, file, line, wrong }: Plant): string {
  const [before, after, ...more] = readFileSync(join(CORE, 'src', file), 'utf8').split(line);
  if (after === undefined || more.length > 0) {
    const where = `${line} stands ${after === undefined ? 'nowhere' : 'more than once'} in ${file}`;
    throw new Error(`Cannot plant an error in "${name}": ${where}; name its successor in PLANTS`);
  }
  return [before, after].join(wrong);
}
