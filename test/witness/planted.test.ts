/** The errors that planted.slow.test.ts builds fit the sources as they are. */
import { test } from 'tap';
import { PLANTS, plantedText } from './planted.ts';

test('the line of each planted error stands once in the sources', (t) => {
  for (const plant of PLANTS) t.ok(plantedText(plant).includes(plant.wrong), plant.name);
  const gone = { name: 'gone', file: 'lib.rs', line: 'fn nowhere()', wrong: '' };
  t.throws(() => plantedText(gone), /stands nowhere in lib\.rs; name its successor/);
  t.end();
});
