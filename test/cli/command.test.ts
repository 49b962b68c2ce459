import t from 'tap';
import type { Command, CommandEntry, Io, Values } from '../../src/cli/command.ts';
import { dispatch, EXIT, errorLine, wholeNumber } from '../../src/cli/command.ts';
import { FrayError } from '../../src/errors.ts';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly progress: string;
  readonly values: Values | null;
}

async function run(...argv: string[]): Promise<Ran> {
  const out: string[] = [];
  const progress: string[] = [];
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
  const commands: { [name: string]: CommandEntry } = {
    throw: { summary: command.summary, load: async () => command },
  };
  const io: Io = {
    out: (line) => void out.push(line),
    progress: (line) => void progress.push(line),
    environment: {},
    folder: '/',
  };
  const code = await dispatch(argv, commands, io);
  return { code, out: out.join('\n'), progress: progress.join('\n'), values };
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
});
