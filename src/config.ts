/**
 * Every option of a server, in one table, and the rule that finds its value: flag, then environment, then file, then
 * default. Pure: the caller reads the file and passes the environment, so that tests need neither. Why one table: `fray
 * config`, the flags of `fray start`, the docs and the checks are printed from it and cannot drift apart.
 */
import { Type } from 'typebox';
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { FrayError } from './errors.ts';

/** One option. The range is part of `type`; `zero` says what 0 (or an empty list) means where it is not a plain value. */
export interface Option<T extends TSchema = TSchema> {
  readonly type: T;
  readonly default: Static<T>;
  /** `ms`, `bytes`, `count`, ...; empty for names and switches. */
  readonly unit: string;
  readonly doc: string;
  readonly zero?: string;
  /** Its value is never printed or logged. */
  readonly secret?: true;
}

/** The options of `fray start`, in the order in which they are printed. */
export const OPTIONS = {
  game: text('arena', 1, 1024, 'Game to serve: a name under dist/games, a folder of a built game, or its server file.'),
  host: text('127.0.0.1', 1, 255, 'Address that players reach. The development key is refused on any other than loopback.'),
  port: integer(8080, 0, 65535, '', 'TCP port of page and players.', '0 takes a free one'),
  adminHost: text('127.0.0.1', 1, 255, 'Address of metrics and health for operators.'),
  adminPort: integer(9090, 0, 65535, '', 'TCP port of metrics and health.', '0 switches it off'),
  bots: integer(0, 0, 1024, 'count', 'Bots that the first room is filled up with; each yields its place to a person.'),
  workers: integer(0, 0, 64, 'count', 'Worker threads that run rooms.', '0 takes the CPUs this process may use, less one for I/O'),
  roomsMax: integer(64, 1, 65536, 'count', 'Rooms open at once.'),
  roomsWarm: integer(1, 0, 1024, 'count', 'Empty rooms kept ready, so that the first player does not wait.'),
  playersMax: integer(0, 0, 1024, 'count', 'Places of a room.', "0 takes the game's own figure"),
  emptyCloseMs: integer(0, 0, 86_400_000, 'ms', 'An empty room is closed after this time.', "0 takes the game's own figure"),
  guests: flag(true, 'Lets players in without a connect token. Off by default as soon as tokenKeys is set.'),
  tokenKeys: list([], KEY(), 2, 'Keys of connect tokens, 32 bytes in hex: the current one, then the previous one.', 'an empty list is the built-in development key', true),
  allowedOrigins: list([], Type.String({ minLength: 1, maxLength: 255 }), 64, 'Origins of pages that may connect, or *.', "an empty list is the server's own"),
  trustProxy: flag(false, 'Takes the address of a player from X-Forwarded-For. Only behind a proxy that sets it.'),
  sessionsMax: integer(10_000, 1, 16_384, 'count', 'Sessions at once.'),
  sessionsPerAddressMax: integer(256, 1, 16_384, 'count', 'Sessions at once from one address.'),
  hellosPerSecond: integer(1000, 1, 100_000, '1/s', 'Handshakes the whole server answers; further ones are dropped and counted.'),
  hellosPerAddressPerSecond: integer(64, 1, 100_000, '1/s', 'The same for one address; four seconds of them may come at once.'),
  packetsPerSecond: integer(300, 10, 10_000, '1/s', 'Packets one session may send; one second of them may come at once, more are dropped (E_RATE).'),
  bytesPerSecond: integer(65_536, 1024, 16_777_216, 'bytes/s', 'Bytes one session may send, in the same way.'),
  idleTimeoutMs: integer(10_000, 1000, 600_000, 'ms', 'A session that is silent for so long is over (E_TIMEOUT).'),
  joinTimeoutMs: integer(5000, 500, 60_000, 'ms', 'A connection without a joined room is closed after this time.'),
  drainMs: integer(10_000, 0, 3_600_000, 'ms', 'Grace time after SIGTERM: players hear a notice and may finish.', '0 closes at once'),
  logLevel: choice('info', ['trace', 'debug', 'info', 'warn', 'error', 'silent'], 'Least level of the log lines on standard error.'),
} as const;

export type OptionName = keyof typeof OPTIONS;
export type Config = { readonly [K in OptionName]: Static<(typeof OPTIONS)[K]['type']> };

/** Where a value came from. `derived`: the default follows from another option. */
export type Origin = 'default' | 'derived' | 'file' | 'environment' | 'flag';
export interface Resolved {
  readonly config: Config;
  readonly origins: { readonly [K in OptionName]: Origin };
}

export interface Sources {
  /** Parsed JSON of the file, and its name for messages. */
  readonly file?: { readonly name: string; readonly value: unknown };
  readonly environment?: { readonly [name: string]: string | undefined };
  /** Values by option name, as typed on the command line. */
  readonly flags?: { readonly [name: string]: string | boolean | undefined };
}

/** Finds and checks every value. Throws `E_CONFIG` with one line that names the origin, the value and the range. */
export function resolveConfig(sources: Sources): Resolved {
  const config: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const name of optionNames()) {
    config[name] = OPTIONS[name].default;
    origins[name] = 'default';
  }
  const take = (name: OptionName, value: unknown, origin: Origin, label: string): void => {
    check(name, value, label);
    config[name] = value;
    origins[name] = origin;
  };
  if (sources.file !== undefined) takeFile(sources.file, take);
  for (const [variable, value] of Object.entries(sources.environment ?? {})) {
    const name = optionOfVariable(variable, value);
    if (name !== null) take(name, parse(name, value ?? '', variable), 'environment', variable);
  }
  for (const [key, value] of Object.entries(sources.flags ?? {})) {
    if (value === undefined) continue;
    if (!isOption(key)) throw unknownKey(`--${kebab(key)}`, 'flag', optionNames().map((name) => `--${kebab(name)}`));
    take(key, parse(key, value, `--${kebab(key)}`), 'flag', `--${kebab(key)}`);
  }
  const resolved = { config: config as unknown as Config, origins: origins as unknown as Resolved['origins'] };
  return derive(resolved);
}

/** Throws `E_ADDRESS` where the built-in development key would guard an address that others can reach. */
export function checkAddress(config: Config): void {
  if (config.tokenKeys.length === 0 && !isLoopback(config.host)) {
    throw new FrayError('E_ADDRESS', `Cannot listen on ${config.host}: the built-in development key is for loopback only; ` +
      'set tokenKeys (FRAY_TOKEN_KEYS, 64 hex digits: openssl rand -hex 32)');
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** One row of `fray config`. */
export interface OptionLine {
  readonly name: string;
  readonly value: unknown;
  readonly origin: Origin;
  readonly unit: string;
  readonly range: string;
  readonly default: unknown;
  readonly doc: string;
  readonly flag: string;
  readonly environment: string;
}

/** Every option with its value, as it may be shown: secrets are counted, not printed. */
export function describeConfig(resolved: Resolved): OptionLine[] {
  return optionNames().map((name) => {
    const option: Option = OPTIONS[name];
    const value = resolved.config[name];
    const shown = option.secret === true && Array.isArray(value) ? `(${value.length} set)` : value;
    const doc = option.zero === undefined ? option.doc : `${option.doc} (${option.zero})`;
    return { name, value: shown, origin: resolved.origins[name], unit: option.unit, range: rangeOf(option.type),
      default: option.default, doc, flag: `--${kebab(name)}`, environment: variableOf(name) };
  });
}

export function optionNames(): OptionName[] {
  return Object.keys(OPTIONS) as OptionName[];
}

/** `adminPort` is `FRAY_ADMIN_PORT` in the environment and `--admin-port` on the command line. */
export function variableOf(name: OptionName): string {
  return `FRAY_${kebab(name).replaceAll('-', '_').toUpperCase()}`;
}

export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `1..64` or `info | warn`: what a value may be. */
export function rangeOf(type: TSchema): string {
  const facts = type as { minimum?: number; maximum?: number; maxLength?: number; maxItems?: number; items?: TSchema;
    anyOf?: { const: string }[]; type?: string; pattern?: string };
  if (facts.anyOf !== undefined) return facts.anyOf.map((one) => one.const).join(' | ');
  if (facts.type === 'integer') return `${facts.minimum}..${facts.maximum}`;
  if (facts.type === 'boolean') return 'true | false';
  if (facts.type === 'array' && facts.items !== undefined) return `at most ${facts.maxItems} of: ${rangeOf(facts.items)}`;
  if (facts.pattern !== undefined) return '64 hex digits';
  return `text, at most ${facts.maxLength} characters`;
}

/** The name closest to a mistyped one, or null where none is near: at most a third of the letters may differ. */
export function nearest(name: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.ceil(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

type Take = (name: OptionName, value: unknown, origin: Origin, label: string) => void;

function takeFile(file: { readonly name: string; readonly value: unknown }, take: Take): void {
  if (typeof file.value !== 'object' || file.value === null || Array.isArray(file.value)) {
    throw new FrayError('E_CONFIG', `Cannot read ${file.name}: it must hold one JSON object of options`);
  }
  for (const [key, value] of Object.entries(file.value)) {
    if (key === '$schema') continue;
    if (!isOption(key)) throw unknownKey(key, `key in ${file.name}`, optionNames());
    take(key, value, 'file', `${file.name}: ${key}`);
  }
}

/**
 * The option that a variable sets, null where it is not ours. Kubernetes puts `FRAY_PORT=tcp://...`, `FRAY_SERVICE_HOST` and the
 * like into every container beside a service called `fray`: those are not options and are passed over.
 */
function optionOfVariable(variable: string, value: string | undefined): OptionName | null {
  if (!variable.startsWith('FRAY_') || value === undefined || OTHER_VARIABLES.test(variable)) return null;
  if (/^(tcp|udp):\/\//.test(value)) return null;
  const name = optionNames().find((candidate) => variableOf(candidate) === variable);
  if (name === undefined) throw unknownKey(variable, 'environment variable', optionNames().map(variableOf));
  return name;
}

/** Text of a variable or flag to a value of the option's type; what cannot be read is left for `check` to refuse. */
function parse(name: OptionName, raw: string | boolean, label: string): unknown {
  const type = OPTIONS[name].type as { type?: string };
  if (type.type === 'boolean') {
    const word = String(raw).toLowerCase();
    if (['true', '1', 'yes', 'on', ''].includes(word)) return true;
    if (['false', '0', 'no', 'off'].includes(word)) return false;
    return raw;
  }
  if (typeof raw === 'boolean' || raw === '') throw new FrayError('E_CONFIG', `Cannot use ${label}: it needs a value (${rangeOf(OPTIONS[name].type)})`);
  if (type.type === 'integer') return /^[+-]?\d+$/.test(raw) ? Number(raw) : raw;
  if (type.type === 'array') return raw.split(',').map((part) => part.trim()).filter((part) => part !== '');
  return raw;
}

function check(name: OptionName, value: unknown, label: string): void {
  const option: Option = OPTIONS[name];
  if (Check(option.type, value)) return;
  const shown = option.secret === true ? '(secret)' : JSON.stringify(value);
  const unit = option.unit === '' ? '' : ` ${option.unit}`;
  throw new FrayError('E_CONFIG', `Cannot use ${label} = ${shown}: it must be ${rangeOf(option.type)}${unit}`);
}

/** Guests come in by themselves only while there is no key of the operator's own. */
function derive(resolved: Resolved): Resolved {
  if (resolved.origins.guests !== 'default' || resolved.config.tokenKeys.length === 0) return resolved;
  return { config: { ...resolved.config, guests: false }, origins: { ...resolved.origins, guests: 'derived' } };
}

function unknownKey(key: string, kind: string, names: readonly string[]): FrayError {
  const near = nearest(key, names);
  const hint = near === null ? 'see `fray config`' : `did you mean ${near}?`;
  return new FrayError('E_CONFIG', `Cannot use ${key}: unknown ${kind}; ${hint}`);
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** Levenshtein distance, two rows. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const swap = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}

function text(value: string, minLength: number, maxLength: number, doc: string) {
  return { type: Type.String({ minLength, maxLength }), default: value, unit: '', doc };
}

function integer(value: number, minimum: number, maximum: number, unit: string, doc: string, zero?: string) {
  return { type: Type.Integer({ minimum, maximum }), default: value, unit, doc, ...(zero === undefined ? {} : { zero }) };
}

function flag(value: boolean, doc: string) {
  return { type: Type.Boolean(), default: value, unit: '', doc };
}

function list<T extends TSchema>(value: Static<T>[], item: T, maxItems: number, doc: string, zero: string, secret?: true) {
  return { type: Type.Array(item, { maxItems }), default: value, unit: '', doc, zero, ...(secret === undefined ? {} : { secret }) };
}

function choice<const T extends string[]>(value: T[number], values: T, doc: string) {
  const type = Type.Union(values.map((one) => Type.Literal(one)));
  return { type: Type.Unsafe<T[number]>(type), default: value, unit: '', doc };
}

function KEY() {
  return Type.String({ pattern: '^[0-9a-fA-F]{64}$' });
}

/** `FRAY_CONFIG` names the file; `FRAY_TEST_...` belongs to the tests; the rest is what Kubernetes adds for a service `fray`. */
const OTHER_VARIABLES = /^FRAY_(CONFIG|TEST_\w+|SERVICE_\w+|PORT_\d+_\w+)$/;
