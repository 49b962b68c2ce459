/**
 * What a command is, and what all of them share: strict flags, help with examples, one line per error, exit codes.
 *
 * Exit codes: 0 done; 1 it ran and failed (a check did not hold, the server fell over); 2 it could not start: a wrong command,
 * flag, value, address or port; 128 + n ended by the second signal n.
 */
import { stripVTControlCharacters } from 'node:util';
import type { ArgsDef } from 'citty';
import { parseArgs, renderUsage } from 'citty';
import { kebab, nearest } from '../config.ts';
import type { ErrorName } from '../errors.ts';
import { FrayError } from '../errors.ts';

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

/** Flags and positionals as typed: text, or true and false for switches; positionals too many are refused before. */
export type Values = { readonly [name: string]: string | boolean | undefined };

/** Where a command reads and writes, so that tests can run one in process. */
export interface Io {
  /** A line of the result, standard output. */
  out(line: string): void;
  /** A line of progress, standard error. */
  progress(line: string): void;
  readonly environment: { readonly [name: string]: string | undefined };
  readonly folder: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly string[];
  /** Lines that its help ends with. */
  readonly notes?: readonly string[];
  readonly args: ArgsDef;
  /** Ends with the exit code. May throw FrayError. */
  run(values: Values, io: Io): Promise<number>;
}

/** A command that is loaded when it is named: `fray --help` and `fray config` should not load a WebSocket library. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<Command>;
}

/** Finds the command, checks the flags, runs it. Never throws: the answer is the exit code. */
export async function dispatch(
  argv: readonly string[],
  commands: { readonly [name: string]: CommandEntry },
  io: Io,
): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      io.out(overview(commands));
      return name === undefined ? EXIT.usage : EXIT.done;
    }
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (entry === undefined)
      throw unknown('command', name, { names: Object.keys(commands), help: 'fray --help' });
    const command = await entry.load();
    if (rest.includes('--help') || rest.includes('-h')) {
      io.out(await usage(command));
      return EXIT.done;
    }
    return await command.run(readValues(command, rest), io);
  } catch (error) {
    io.progress(errorLine(error));
    return exitCodeOf(error);
  }
}

/** One line for a person; a bug of ours (no FrayError) keeps its stack. */
export function errorLine(error: unknown): string {
  if (error instanceof FrayError) return `fray: ${error.message} (${error.code})`;
  return `fray: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof FrayError && STARTUP_ERRORS.has(error.code) ? EXIT.usage : EXIT.failed;
}

/** Reads a whole number from a flag; `E_CONFIG` with its range otherwise. */
export function wholeNumber(
  values: Values,
  name: string,
  range: { min: number; max: number },
): number {
  const raw = values[name];
  const value = typeof raw === 'string' && /^[+-]?\d+$/.test(raw) ? Number(raw) : Number.NaN;
  if (!(value >= range.min && value <= range.max)) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot use --${kebab(name)} = ${JSON.stringify(raw)}: it must be ${range.min}..${range.max}`,
    );
  }
  return value;
}

/** Text of a flag that has a default or is required. */
export function textOf(values: Values, name: string): string {
  const raw = values[name];
  if (typeof raw === 'string') return raw;
  throw new FrayError('E_CONFIG', `Cannot use --${kebab(name)}: it needs a value`);
}

function readValues(command: Command, rest: readonly string[]): Values {
  checkFlags(command, rest);
  let parsed: { readonly _: string[]; readonly [name: string]: unknown };
  try {
    parsed = parseArgs([...rest], command.args);
  } catch (error) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot run ${command.name}: ${asTyped(error instanceof Error ? error.message : String(error))}; see fray ${command.name} --help`,
    );
  }
  const values: Record<string, string | boolean | undefined> = {};
  const positionals = Object.values(command.args).filter((arg) => arg.type === 'positional').length;
  const extra = parsed._[positionals];
  if (extra !== undefined)
    throw new FrayError(
      'E_CONFIG',
      `Cannot run ${command.name}: what is ${JSON.stringify(extra)}? See fray ${command.name} --help`,
    );
  for (const name of Object.keys(command.args)) {
    const value = parsed[name];
    if (typeof value === 'string' || typeof value === 'boolean') values[name] = value;
  }
  return values;
}

/** citty passes over flags that it does not know; a mistyped flag must not silently do nothing. */
function checkFlags(command: Command, rest: readonly string[]): void {
  const switches = new Set<string>();
  const known = new Set<string>();
  for (const [name, arg] of Object.entries(command.args)) {
    if (arg.type === 'positional') continue;
    for (const spelling of [name, kebab(name)]) {
      known.add(`--${spelling}`);
      if (arg.type === 'boolean') {
        switches.add(`--${spelling}`);
        known.add(`--no-${spelling}`);
        switches.add(`--no-${spelling}`);
      }
    }
  }
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (!word.startsWith('-') || /^-\d/.test(word)) continue;
    const flag = word.split('=', 1)[0] ?? word;
    if (!known.has(flag))
      throw unknown('flag', flag, {
        names: [...known].filter((one) => one === kebab(one)),
        help: `fray ${command.name} --help`,
      });
    if (switches.has(flag) || word.includes('=')) continue;
    const value = rest[index + 1];
    if (value === undefined || value.startsWith('--'))
      throw new FrayError('E_CONFIG', `Cannot use ${flag}: it needs a value`);
    index += 1;
  }
}

function unknown(
  kind: 'command' | 'flag',
  word: string,
  known: { readonly names: readonly string[]; readonly help: string },
): FrayError {
  const near = nearest(word, known.names);
  const hint = near === null ? `see ${known.help}` : `did you mean ${near}?`;
  return new FrayError('E_CONFIG', `Cannot use ${word}: unknown ${kind}; ${hint}`);
}

async function usage(command: Command): Promise<string> {
  const meta = { name: `fray ${command.name}`, description: command.summary };
  const coloured = await renderUsage({ meta, args: kebabArgs(command.args) });
  const text = stripVTControlCharacters(coloured).replaceAll(/ +$/gm, '');
  const examples = command.examples.map((line) => `  ${line}`).join('\n');
  const notes = command.notes === undefined ? '' : `\n\n${command.notes.join('\n')}`;
  return `${text.trimEnd()}\n\nExample${command.examples.length > 1 ? 's' : ''}\n\n${examples}${notes}`;
}

/** Flags are printed as they are usually typed. */
function kebabArgs(args: ArgsDef): ArgsDef {
  return Object.fromEntries(Object.entries(args).map(([name, arg]) => [kebab(name), arg]));
}

function overview(commands: { readonly [name: string]: CommandEntry }): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(
    ([name, entry]) => `  fray ${name.padEnd(width)}   ${entry.summary}`,
  );
  return [
    'Fray: an authoritative real-time game server.',
    '',
    ...lines,
    '',
    'fray COMMAND --help says more. Example:',
    '',
    '  fray start --game arena --port 8080 --bots 20',
    '',
    EXIT_TEXT,
  ].join('\n');
}

/** citty's words as the middle of a sentence, its flags as they are usually typed. */
function asTyped(text: string): string {
  const flags = text.replaceAll(/--\w+/g, (flag) => kebab(flag));
  return flags.charAt(0).toLowerCase() + flags.slice(1);
}

const EXIT_TEXT =
  'Exit codes: 0 done; 1 it ran and failed; 2 wrong command, flag, value, address or port; 128 + n second signal n.';
const STARTUP_ERRORS: ReadonlySet<ErrorName> = new Set([
  'E_CONFIG',
  'E_ADDRESS',
  'E_PORT',
  'E_SCHEMA',
]);
