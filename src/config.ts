/**
 * The rule that finds the value of every option: flag, then environment, then file, then default; and the checks on what is found.
 * Pure: the caller reads the file and passes the environment, so that tests need neither.
 */
import type { TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { FrayError } from './errors.ts';
import type { Option } from './options.ts';
import { OPTIONS } from './options.ts';

export type { Option } from './options.ts';
export { OPTIONS } from './options.ts';

export type OptionName = keyof typeof OPTIONS;
export type Config = { readonly [K in OptionName]: (typeof OPTIONS)[K]['default'] };

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
    if (!isOption(key))
      throw unknownKey(
        `--${kebab(key)}`,
        'flag',
        optionNames().map((name) => `--${kebab(name)}`),
      );
    take(key, parse(key, value, `--${kebab(key)}`), 'flag', `--${kebab(key)}`);
  }
  const resolved = {
    config: config as unknown as Config,
    origins: origins as unknown as Resolved['origins'],
  };
  checkPairs(resolved.config);
  return derive(resolved);
}

/** Throws `E_ADDRESS` where the built-in development key would guard an address that others can reach. */
export function checkAddress({ tokenKeys, host, udp }: Config): void {
  if (tokenKeys.length > 0) return;
  const udpHosts = udp.map((bind) => bind.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
  const open = [host, ...udpHosts].find((one) => !isLoopback(one));
  if (open !== undefined) {
    throw new FrayError(
      'E_ADDRESS',
      `Cannot listen on ${open}: the built-in development key is for loopback only; ` +
        'set tokenKeys (FRAY_TOKEN_KEYS, 64 hex digits: openssl rand -hex 32) and stateDir',
    );
  }
}

/**
 * Throws `E_CONFIG` where tokens of the operator's own key would open once more after a restart, as the used ones are kept nowhere: on UDP
 * a second session with the keys of the first would seal other datagrams with the same numbers. The development key needs no folder.
 */
export function checkState({ tokenKeys, stateDir }: Config): void {
  if (tokenKeys.length > 0 && stateDir === '')
    throw new FrayError(
      'E_CONFIG',
      'Cannot use tokenKeys: without a stateDir used tokens would open again after a restart; ' +
        'set a folder that outlives it (--state-dir or FRAY_STATE_DIR)',
    );
}

/** Options that a running server takes over on SIGHUP; certificate and key also when only the files have changed. */
export const RELOADED: ReadonlySet<OptionName> = new Set([
  'tlsCert',
  'tlsKey',
  'tokenKeys',
  'adminTokens',
  'logLevel',
]);

/** Options that differ from those of a running server and that only a new start takes over; TLS itself is one of them. */
export function needsRestart(running: Config, next: Config): OptionName[] {
  const isOther = (name: OptionName): boolean =>
    JSON.stringify(running[name]) !== JSON.stringify(next[name]);
  const isTlsTurned = (running.tlsCert === '') !== (next.tlsCert === '');
  return optionNames().filter(
    (name) => isOther(name) && (!RELOADED.has(name) || (isTlsTurned && name.startsWith('tls'))),
  );
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)
  );
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
    return {
      name,
      value: shown,
      origin: resolved.origins[name],
      unit: option.unit,
      range: rangeOf(option.type),
      default: option.default,
      doc,
      flag: `--${kebab(name)}`,
      environment: variableOf(name),
    };
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
  const facts = type as {
    minimum?: number;
    maximum?: number;
    maxLength?: number;
    maxItems?: number;
    items?: TSchema;
    anyOf?: { const: string }[];
    type?: string;
    pattern?: string;
  };
  if (facts.anyOf !== undefined) return facts.anyOf.map((one) => one.const).join(' | ');
  if (facts.type === 'integer') return `${facts.minimum}..${facts.maximum}`;
  if (facts.type === 'boolean') return 'true | false';
  if (facts.type === 'array' && facts.items !== undefined)
    return `at most ${facts.maxItems} of: ${rangeOf(facts.items)}`;
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
    throw new FrayError(
      'E_CONFIG',
      `Cannot read ${file.name}: it must hold one JSON object of options`,
    );
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
  if (!variable.startsWith('FRAY_') || value === undefined || OTHER_VARIABLES.test(variable))
    return null;
  if (/^(tcp|udp):\/\//.test(value)) return null;
  const name = optionNames().find((candidate) => variableOf(candidate) === variable);
  if (name === undefined)
    throw unknownKey(variable, 'environment variable', optionNames().map(variableOf));
  return name;
}

/** Text of a variable or flag to a value of the option's type; what cannot be read is left for `check` to refuse. */
function parse(name: OptionName, raw: string | boolean, label: string): unknown {
  const type = OPTIONS[name].type as { type?: string; minLength?: number };
  if (type.type === 'boolean') {
    const word = String(raw).toLowerCase();
    if (['true', '1', 'yes', 'on', ''].includes(word)) return true;
    if (['false', '0', 'no', 'off'].includes(word)) return false;
    return raw;
  }
  if (typeof raw === 'boolean' || (raw === '' && type.minLength !== 0))
    throw new FrayError(
      'E_CONFIG',
      `Cannot use ${label}: it needs a value (${rangeOf(OPTIONS[name].type)})`,
    );
  if (type.type === 'integer') return /^[+-]?\d+$/.test(raw) ? Number(raw) : raw;
  if (type.type === 'array')
    return raw
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return raw;
}

function check(name: OptionName, value: unknown, label: string): void {
  const option: Option = OPTIONS[name];
  if (Check(option.type, value)) return;
  const shown = option.secret === true ? '(secret)' : JSON.stringify(value);
  const unit = option.unit === '' ? '' : ` ${option.unit}`;
  throw new FrayError(
    'E_CONFIG',
    `Cannot use ${label} = ${shown}: it must be ${rangeOf(option.type)}${unit}`,
  );
}

/** Shorter a connect token cannot live. */
const TOKEN_MS_MIN = 1000;

/** Options that mean nothing without each other, and values between those that are allowed. */
function checkPairs(config: Config): void {
  const { sessionTokenMs } = config;
  if (sessionTokenMs > 0 && sessionTokenMs < TOKEN_MS_MIN)
    throw new FrayError(
      'E_CONFIG',
      `Cannot use sessionTokenMs = ${sessionTokenMs}: it must be 0, or at least ${TOKEN_MS_MIN} ms`,
    );
  if ((config.tlsCert === '') === (config.tlsKey === '')) return;
  const [set, missing] = config.tlsCert === '' ? ['tlsKey', 'tlsCert'] : ['tlsCert', 'tlsKey'];
  throw new FrayError('E_CONFIG', `Cannot use ${set}: it needs ${missing} too`);
}

/** Guests come in by themselves only while there is no key of the operator's own. */
function derive(resolved: Resolved): Resolved {
  if (resolved.origins.guests !== 'default' || resolved.config.tokenKeys.length === 0)
    return resolved;
  return {
    config: { ...resolved.config, guests: false },
    origins: { ...resolved.origins, guests: 'derived' },
  };
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

/** `FRAY_CONFIG` and `FRAY_ENV_FILE` name the files, `FRAY_CACHE_DIR` is read by the single-file program; `FRAY_TEST_...` belongs to the tests; the rest is what Kubernetes adds for a service `fray`. */
const OTHER_VARIABLES = /^FRAY_(CONFIG|ENV_FILE|CACHE_DIR|TEST_\w+|SERVICE_\w+|PORT_\d+_\w+)$/;
