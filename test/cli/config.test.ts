import fc from 'fast-check';
import t from 'tap';
import {
  checkAddress,
  checkState,
  describeConfig,
  kebab,
  nearest,
  OPTIONS,
  optionNames,
  resolveConfig,
  variableOf,
} from '../../src/config.ts';
import { FrayError } from '../../src/errors.ts';

const KEY = 'ab'.repeat(32);

function refusal(run: () => unknown): FrayError {
  try {
    run();
  } catch (error) {
    if (error instanceof FrayError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

t.test('a flag wins over the environment, that over the file, that over the default', async (t) => {
  const file = { name: 'f.json', value: { port: 1, bots: 1, workers: 1 } };
  const environment = { FRAY_PORT: '2', FRAY_BOTS: '2' };
  const { config, origins } = resolveConfig({ file, environment, flags: { port: '3' } });
  t.equal(config.port, 3);
  t.equal(config.bots, 2);
  t.equal(config.workers, 1);
  t.equal(config.roomsMax, OPTIONS.roomsMax.default);
  t.match(origins, { port: 'flag', bots: 'environment', workers: 'file', roomsMax: 'default' });
});

t.test('an unknown key is an error that names the nearest', async (t) => {
  t.match(
    refusal(() => resolveConfig({ flags: { prot: '1' } })),
    { code: 'E_CONFIG', message: /--prot.*did you mean --port\?/ },
  );
  t.match(
    refusal(() => resolveConfig({ environment: { FRAY_WORKRES: '1' } })).message,
    /did you mean FRAY_WORKERS\?/,
  );
  t.match(
    refusal(() => resolveConfig({ file: { name: 'f.json', value: { drainMS: 1 } } })).message,
    /f\.json; did you mean drainMs\?/,
  );
  t.match(
    refusal(() => resolveConfig({ flags: { zzzzzzzzzz: '1' } })).message,
    /see `fray config`/,
  );
});

t.test('a wrong value names origin, value, range and unit', async (t) => {
  t.equal(
    refusal(() => resolveConfig({ environment: { FRAY_DRAIN_MS: '-1' } })).message,
    'Cannot use FRAY_DRAIN_MS = -1: it must be 0..3600000 ms',
  );
  t.match(
    refusal(() => resolveConfig({ flags: { port: 'http' } })).message,
    /--port = "http": it must be 0\.\.65535/,
  );
  t.match(
    refusal(() => resolveConfig({ file: { name: 'f.json', value: { port: '80' } } })).message,
    /f\.json: port = "80"/,
  );
  t.match(
    refusal(() => resolveConfig({ flags: { logLevel: 'loud' } })).message,
    /trace \| debug \| info/,
  );
  t.match(
    refusal(() => resolveConfig({ file: { name: 'f.json', value: [] } })).message,
    /one JSON object/,
  );
});

t.test('a secret is never printed: not in the table, not in an error', async (t) => {
  const resolved = resolveConfig({ environment: { FRAY_TOKEN_KEYS: KEY } });
  t.notMatch(JSON.stringify(describeConfig(resolved)), KEY);
  const wrong = `${KEY}ff`;
  t.notMatch(
    refusal(() => resolveConfig({ environment: { FRAY_TOKEN_KEYS: wrong } })).message,
    wrong,
  );
});

t.test('guests are off as soon as there is a key, unless they are wanted', async (t) => {
  t.equal(resolveConfig({}).config.guests, true);
  const own = resolveConfig({ environment: { FRAY_TOKEN_KEYS: KEY } });
  t.match(own, { config: { guests: false }, origins: { guests: 'derived' } });
  t.equal(
    resolveConfig({ environment: { FRAY_TOKEN_KEYS: KEY, FRAY_GUESTS: 'true' } }).config.guests,
    true,
  );
});

t.test('the development key is refused on every address but loopback', async (t) => {
  for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', '::1'])
    checkAddress(resolveConfig({ flags: { host } }).config);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'example.org', '127.0.0.1.example.org']) {
    t.equal(
      refusal(() => checkAddress(resolveConfig({ flags: { host } }).config)).code,
      'E_ADDRESS',
      host,
    );
    checkAddress(resolveConfig({ flags: { host }, environment: { FRAY_TOKEN_KEYS: KEY } }).config);
  }
});

t.test('nor is it taken for UDP where others reach it', async (t) => {
  const check = (udp: string) => checkAddress(resolveConfig({ flags: { udp } }).config);
  check('127.0.0.1:0,[::1]:40000');
  for (const udp of ['0.0.0.0:40000', '127.0.0.1:0,[::]:0', '192.0.2.1:0'])
    t.match(
      refusal(() => check(udp)),
      { code: 'E_ADDRESS' },
      udp,
    );
});

t.test('own keys need a folder for used tokens; the development key does not', async (t) => {
  const config = (flags: { readonly stateDir?: string }, key = '') =>
    resolveConfig({ flags, environment: key === '' ? {} : { FRAY_TOKEN_KEYS: key } }).config;
  const refused = refusal(() => checkState(config({}, KEY)));
  t.equal(refused.code, 'E_CONFIG');
  t.match(refused.message, /--state-dir or FRAY_STATE_DIR/);
  t.notMatch(refused.message, KEY);
  checkState(config({ stateDir: 'state' }, KEY));
  checkState(config({}));
});

t.test('what Kubernetes adds for a service called fray is passed over', async (t) => {
  const environment = {
    FRAY_PORT: 'tcp://10.0.0.1:80',
    FRAY_SERVICE_HOST: '10.0.0.1',
    FRAY_PORT_80_TCP_ADDR: '10.0.0.1',
    FRAY_CONFIG: 'x',
  };
  t.equal(resolveConfig({ environment }).config.port, OPTIONS.port.default);
});

t.test(
  'every option: its default is allowed, its spellings are its own, its line is complete',
  async (t) => {
    const names = optionNames();
    t.equal(new Set(names.map(variableOf)).size, names.length);
    for (const line of describeConfig(resolveConfig({}))) {
      const name = line.name as keyof typeof OPTIONS;
      if (!Array.isArray(line.default))
        t.strictSame(
          resolveConfig({ flags: { [name]: String(line.default) } }).config[name],
          line.default,
          name,
        );
      t.ok(line.doc.length > 10 && line.range.length > 2, name);
    }
    t.equal(kebab('sessionsPerAddressMax'), 'sessions-per-address-max');
  },
);

t.test('any text in any option is taken or refused with a coded error', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...optionNames()), fc.string(), (name, value) => {
      try {
        resolveConfig({ environment: { [variableOf(name)]: value } });
      } catch (error) {
        if (!(error instanceof FrayError)) throw error;
      }
    }),
  );
});

t.test('nearest finds a slip of a letter or two and nothing for a stranger', async (t) => {
  t.equal(nearest('strat', ['start', 'bots']), 'start');
  t.equal(nearest('bost', ['post', 'bots', 'boost', 'bo']), 'post', 'the first of the nearest');
  t.equal(nearest('worker', ['woker', 'workers', 'works']), 'woker');
  t.equal(nearest('playermax', ['layermux', 'playersMax']), 'playersMax');
  t.equal(nearest('quartz', ['start', 'bots']), null);
});
