import t from 'tap';
import { command as bench } from '../../src/cli/bench.ts';
import { command as bots } from '../../src/cli/bots.ts';
import type { Command, CommandEntry, Io, Values } from '../../src/cli/command.ts';
import { dispatch, EXIT, errorLine, wholeNumber } from '../../src/cli/command.ts';
import { command as config } from '../../src/cli/config.ts';
import { command as start } from '../../src/cli/start.ts';
import { command as token } from '../../src/cli/token.ts';
import { optionNames } from '../../src/config.ts';
import { FrayError } from '../../src/errors.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly progress: string;
  readonly values: Values | null;
}

const REAL = [start, bots, bench, config, token];

async function run(...argv: string[]): Promise<Ran> {
  let values: Values | null = null;
  const command: Command = {
    name: 'throw',
    summary: 'Throws a ball',
    examples: ['fray throw --count 3'],
    args: {
      count: { type: 'string', default: '1', description: 'How many.' },
      farAway: { type: 'boolean', description: 'Far.' },
      to: { type: 'positional', required: false, description: 'Whom to.' },
    },
    async run(given) {
      values = given;
      wholeNumber(given, 'count', { min: 1, max: 9 });
      if (given['to'] === 'nobody')
        throw new FrayError('E_CLOSED', 'Cannot throw: nobody is there');
      return given['to'] === 'wall' ? EXIT.failed : EXIT.done;
    },
  };
  const ran = await runOf([command], ...argv);
  return { ...ran, values };
}

async function runOf(list: readonly Command[], ...argv: string[]): Promise<Omit<Ran, 'values'>> {
  const out: string[] = [];
  const progress: string[] = [];
  const commands: { [name: string]: CommandEntry } = Object.fromEntries(
    list.map((command) => [command.name, { ...command, load: async () => command }]),
  );
  const io: Io = {
    out: (line) => void out.push(line),
    progress: (line) => void progress.push(line),
    environment: {},
    folder: '/',
  };
  const code = await dispatch(argv, commands, io);
  return { code, out: out.join('\n'), progress: progress.join('\n') };
}

t.test('flags in both spellings, switches and their opposites, positionals', async (t) => {
  t.match(await run('throw', 'ann', '--count', '3', '--far-away'), {
    code: 0,
    values: { count: '3', farAway: true, to: 'ann' },
  });
  t.match(await run('throw', '--count=3', '--farAway'), {
    code: 0,
    values: { count: '3', farAway: true },
  });
  t.match(await run('throw', '--no-far-away', 'ann'), {
    code: 0,
    values: { farAway: false, to: 'ann', count: '1' },
  });
});

t.test(
  'wrong commands and flags end with exit code 2, one line, and the nearest name',
  async (t) => {
    t.match(await run('thorw'), {
      code: 2,
      progress: 'fray: Cannot use thorw: unknown command; did you mean throw? (E_CONFIG)',
      out: '',
    });
    t.match(await run('throw', '--coutn', '3'), {
      code: 2,
      progress: /--coutn: unknown flag; did you mean --count\?/,
    });
    t.match(await run('throw', '-c', '3'), { code: 2 });
    t.match(await run('throw', '--count'), { code: 2, progress: /--count: it needs a value/ });
    t.match(await run('throw', '--count', '--far-away'), {
      code: 2,
      progress: /--count: it needs a value/,
    });
    t.match(await run('throw', '--count', '10'), {
      code: 2,
      progress: /--count = "10": it must be 1\.\.9/,
    });
    t.match(await run('throw', 'ann', 'bob'), { code: 2, progress: /what is "bob"/ });
    t.equal((await run()).code, 2);
  },
);

t.test('a run that fails ends with 1, and only a bug of ours shows a stack', async (t) => {
  t.match(await run('throw', 'wall'), { code: 1, progress: '' });
  t.match(await run('throw', 'nobody'), {
    code: 1,
    progress: 'fray: Cannot throw: nobody is there (E_CLOSED)',
  });
  t.match(errorLine(new TypeError('x')), /TypeError: x\n +at /);
});

t.test('help has an example, everywhere', async (t) => {
  t.match(await run('--help'), { code: 0, out: /Throws a ball[\s\S]*Example:[\s\S]*fray start/ });
  const help = await run('throw', '--help');
  t.match(help, { code: 0, out: /--far-away[\s\S]*Example\n\n {2}fray throw --count 3/ });
  t.notMatch(help.out, '\u001b');
  for (const command of REAL) {
    const { code, out } = await runOf(REAL, command.name, '--help');
    t.equal(code, 0, command.name);
    t.match(
      out,
      new RegExp(`Examples?\\n\\n(.*\\n)* {2}.*\\bfray ${command.name}\\b`),
      command.name,
    );
    const examples = command.examples.map((line) => line.replace(/^.*?\bfray /, ''));
    for (const line of examples)
      for (const [flag] of line.matchAll(/--[\w-]+/g)) t.match(out, flag, `${line} is true`);
  }
});

t.test('what real commands are told wrongly ends with exit code 2 and one line', async (t) => {
  for (const [line, said] of [
    ['bots', /missing required argument: --url/],
    ['bots --url nonsense', /"nonsense": it is not a URL/],
    ['bots --url ftp://127.0.0.1', /its scheme is not http/],
    ['bots --url http://127.0.0.1:1 --count 0', /--count = "0": it must be 1\.\.1000/],
    ['bots --url http://127.0.0.1:1 --link rtt=x', /Cannot read the link/],
    ['bots --url http://127.0.0.1:1 --game nowhere', /no game of that name/],
    ['bots --url http://127.0.0.1:1 --xyzzy', /unknown flag; see fray bots --help/],
    ['bench nowhere', /there is none of that name/],
    ['token', /missing required argument: --user-id/],
    ['token --user-id ann --expire-ms 1', /--expire-ms = "1"/],
    ['config --port 70000', /--port = 70000: it must be 0\.\.65535/],
    ['start --bots -1', /--bots = -1: it must be 0\.\.1024/],
    ['start --host 192.0.2.1', /development key is for loopback only/],
  ] as const) {
    const { code, out, progress } = await runOf(REAL, ...line.split(' '));
    t.equal(code, EXIT.usage, line);
    t.equal(out, '', line);
    t.match(progress, said, line);
    t.notMatch(progress, '\n', line);
  }
});

t.test('fray config prints each option with value, origin, unit and range', async (t) => {
  const { code, out } = await runOf(REAL, 'config', '--port', '9000', '--json');
  t.equal(code, EXIT.done);
  const lines = JSON.parse(out) as Readonly<Record<string, unknown>>[];
  t.same(
    lines.map(({ name }) => name),
    optionNames(),
  );
  t.match(
    lines.find(({ name }) => name === 'port'),
    { value: 9000, origin: 'flag', range: '0..65535' },
  );
  t.match(
    lines.find(({ name }) => name === 'drainMs'),
    { origin: 'default', unit: 'ms' },
  );
  const table = (await runOf(REAL, 'config', '--bots', '7')).out.split('\n');
  t.match(table[0], /^option +value +origin +unit +range +what/);
  t.ok(table.some((line) => /^bots +7 +flag /.test(line)));
  t.ok(table.length > optionNames().length);
});
