/** Reads the three sources of the configuration for commands of a server: file, environment, flags. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { ArgsDef } from 'citty';
import type { Option, Resolved } from '../config.ts';
import { OPTIONS, optionNames, rangeOf, resolveConfig } from '../config.ts';
import { FrayError } from '../errors.ts';
import type { Io, Values } from './command.ts';

/** Name of the file that is read from the working folder when neither --config nor FRAY_CONFIG names one. */
export const CONFIG_FILE = 'fray.config.json';

/** Flags of every option, made from the table. Secrets have none: a command line can be read by every process. */
export function configArgs(): ArgsDef {
  const args: ArgsDef = {
    config: {
      type: 'string',
      valueHint: 'path',
      description: `Configuration file (JSON); default ${CONFIG_FILE} in this folder, if there is one.`,
    },
    envFile: {
      type: 'string',
      valueHint: 'path',
      description:
        'File of FRAY_... variables, a NAME=value a line; they count before those of the environment, and are read again on SIGHUP.',
    },
  };
  for (const name of optionNames()) {
    const option: Option = OPTIONS[name];
    if (option.secret === true) continue;
    const zero = option.zero === undefined ? '' : `; ${option.zero}`;
    const value = Array.isArray(option.default) ? option.default.join(',') : String(option.default);
    const facts = `[${[value === '' ? 'empty' : value, `${rangeOf(option.type)} ${option.unit}`.trim()].join('; ')}${zero}]`;
    args[name] = {
      type: typeof option.default === 'boolean' ? 'boolean' : 'string',
      ...hintOf(option),
      description: `${option.doc} ${facts}`,
    };
  }
  return args;
}

/** The resolved configuration of one command. */
export function readConfig(values: Values, io: Io): Resolved {
  const flags: Record<string, string | boolean | undefined> = {};
  for (const name of optionNames()) flags[name] = values[name];
  const named =
    typeof values['config'] === 'string' ? values['config'] : io.environment['FRAY_CONFIG'];
  const file = readJson(resolve(io.folder, named ?? CONFIG_FILE), named !== undefined);
  const environment = { ...io.environment, ...readVariables(values, io) };
  return resolveConfig({ ...(file === null ? {} : { file }), environment, flags });
}

/**
 * Before the environment, not behind it: a process can read a file again and cannot have its environment changed, and whoever
 * names a file wants what stands there.
 */
function readVariables(values: Values, io: Io): { readonly [name: string]: string | undefined } {
  const named = values['envFile'] ?? io.environment['FRAY_ENV_FILE'];
  if (typeof named !== 'string') return {};
  const path = resolve(io.folder, named);
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw unreadable(path, error);
  }
}

function readJson(path: string, required: boolean): { name: string; value: unknown } | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw unreadable(path, error);
  }
  try {
    return { name: path, value: JSON.parse(text) as unknown };
  } catch (error) {
    // The parser's message quotes what it read, and keys may stand there.
    const at = /position \d+( \(line \d+ column \d+\))?/.exec(String(error))?.[0];
    throw new FrayError(
      'E_CONFIG',
      `Cannot read ${path}: it is not JSON${at === undefined ? '' : ` at ${at}`}`,
    );
  }
}

function unreadable(path: string, error: unknown): FrayError {
  return new FrayError(
    'E_CONFIG',
    `Cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? 'it does not open'}`,
  );
}

function hintOf(option: Option): { valueHint?: string } {
  if (Array.isArray(option.default)) return { valueHint: 'a,b' };
  if (typeof option.default === 'number') return { valueHint: option.unit === 'ms' ? 'ms' : 'n' };
  return typeof option.default === 'boolean' ? {} : { valueHint: 'text' };
}
