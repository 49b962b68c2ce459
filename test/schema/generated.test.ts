import t from 'tap';
import { errorName, errorText, Join, Spawn, TABLE_HASH } from '../../protocol/gen/tables.ts';
import { layOut, tableHash } from '../../tools/generate/layout.ts';
import { generateAll, staleFiles } from '../../tools/generate.ts';

t.test('generated files are what protocol/ says', (t) => {
  t.same(staleFiles(), [], 'npm run generate makes them fresh');
  t.equal(TABLE_HASH, tableHash());
  t.end();
});

t.test('a changed table makes the files stale', (t) => {
  const files = generateAll();
  files.set('protocol/gen/tables.ts', '');
  t.same(staleFiles(files), ['protocol/gen/tables.ts']);
  t.end();
});

t.test('records need no padding, and one that would is refused', (t) => {
  t.equal(Join.bytes, 40);
  t.match(
    Spawn,
    { kind: 36, kindAt: 4 },
    'a field called kind gives way to the number of the record',
  );
  t.throws(
    () =>
      layOut('Bad', {
        doc: '',
        fields: [
          ['a', 'u8', ''],
          ['b', 'u32', ''],
        ],
      }),
    /Bad\.b: offset 1/,
  );
  t.throws(() => layOut('Bad', { doc: '', fields: [['a', 'u16', '']] }), /multiple of 4/);
  t.end();
});

t.test('codes have names and texts, unknown ones too', (t) => {
  t.equal(errorName(16), 'E_RATE');
  t.equal(errorName(9999), 'E_UNKNOWN');
  t.match(errorText(9999), /without a code/);
  t.end();
});
