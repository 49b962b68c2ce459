/** Tables of the command line. */
import { test } from 'tap';
import { table } from '../../src/cli/table.ts';

test('columns are as wide as their widest cell', async (t) => {
  t.equal(
    table(
      ['a', 'value'],
      [
        ['one', '1'],
        ['x', 'twenty'],
      ],
    ),
    'a    value\n---  -----\none  1\nx    twenty',
  );
});

test('a cell that came from a file orders no terminal about', async (t) => {
  const text = table(['room'], [['\u001b[2J\u009b\u202e\u0007é']]);
  t.equal(text.split('\n').at(-1), '?[2J???é');
});
