/** Journals of any bytes. */
import t from 'tap';
import {
  JOURNAL_MAGIC,
  JOURNAL_VERSION,
  readJournal,
  STAGE,
} from '../../workers/journal-format.ts';

/** Head, configuration of 4 bytes, one entry of 3 bytes. */
function journal(configBytes = 4): Uint8Array {
  const words = [JOURNAL_MAGIC, JOURNAL_VERSION, configBytes, 7, STAGE.begin, 1, 3, 0x030201];
  return new Uint8Array(Uint32Array.from(words).buffer);
}

t.test('a journal reads back; a torn tail is left out', async (t) => {
  const { config, entries } = readJournal(journal());
  t.same([...config], [7, 0, 0, 0]);
  t.same(entries, [{ stage: STAGE.begin, tick: 1, bytes: Uint8Array.of(1, 2, 3) }]);
  t.same(readJournal(journal().subarray(0, 30)).entries, []);
});

t.test('a configuration that is not all there makes it no journal', async (t) => {
  for (const bytes of [21, 0x7fff_ffff, 0x8000_0000, 0xff00_0004, 0xffff_fffe])
    t.throws(() => readJournal(journal(bytes)), { code: 'E_MALFORMED' }, `${bytes} bytes`);
  t.throws(() => readJournal(journal().subarray(0, 11)), { code: 'E_MALFORMED' });
});
