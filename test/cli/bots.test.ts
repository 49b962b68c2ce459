import fc from 'fast-check';
import t from 'tap';
import { ReliableLedger } from '../../src/cli/bots/ledger.ts';
import { percentile, tally } from '../../src/cli/bots/tally.ts';
import type { BotFigures } from '../../src/cli/bots/tally.ts';

const BOT: BotFigures = { room: 'a', tickRateHz: 30, watchedMs: 10_000, firstTick: 100, lastTick: 399, snapshots: 300, snapshotGapTicksMax: 1, hashMismatches: 0,
  correctionUnitsMaxFree: 0, freeTicks: 200, distanceUnits: 50, shots: 5, deaths: 1, visibleSum: 3000, visibleSamples: 300, enters: 20, snapshotBytesSum: 9000 };
const RELIABLE = { sent: 0, received: 0, errors: 0 };

t.test('messages that come once and in order leave no error, whatever the interleaving of senders', async (t) => {
  fc.assert(fc.property(fc.array(fc.nat(3), { maxLength: 60 }), (senders) => {
    const ledger = new ReliableLedger('r');
    const texts = senders.map((sender) => ledger.send(sender));
    for (const receiver of [0, 1, 2, 3]) for (const text of texts) ledger.receive(receiver, text);
    t.equal(ledger.repeated + ledger.outOfOrder + ledger.missing([0, 1, 2, 3], [0, 1, 2, 3]), 0);
    t.equal(ledger.received, senders.length * 4);
  }));
});

t.test('one message lost, repeated or swapped is found', async (t) => {
  const deliver = (order: readonly number[]): ReliableLedger => {
    const ledger = new ReliableLedger('r');
    const texts = [0, 1, 2, 3].map(() => ledger.send(7));
    for (const index of order) ledger.receive(1, texts[index] ?? '');
    return ledger;
  };
  t.equal(deliver([0, 2, 3]).outOfOrder, 1);
  t.match(deliver([0, 1, 1, 2, 3]), { repeated: 1, outOfOrder: 0 });
  t.ok(deliver([0, 2, 1, 3]).outOfOrder > 0);
  t.equal(deliver([0, 1, 2]).missing([1], [7]), 1);
  t.equal(deliver([0, 1, 2, 3]).missing([1], [7]), 0);
  t.equal(deliver([]).missing([7], [7]), 4, 'one always hears oneself');
});

t.test('texts of people and of other runs are passed over', async (t) => {
  const ledger = new ReliableLedger('r');
  ledger.receive(1, 'hello');
  ledger.receive(1, 's:1:0');
  t.equal(ledger.received, 0);
});

t.test('a bot that went deaf and a server that ran slow both miss snapshots', async (t) => {
  const whole = tally({ bots: [BOT], seconds: 10, corrections: [], rttsMs: [], reliable: RELIABLE });
  t.match(whole, { connected: 1, snapshotsExpected: 300, snapshotsReceived: 300, entitiesVisibleMean: 10, bytesPerSnapshotMean: 30, entersPerSecond: 2 });
  const deaf = { ...BOT, lastTick: 250, snapshots: 151 };
  t.equal(tally({ bots: [BOT, deaf], seconds: 10, corrections: [], rttsMs: [], reliable: RELIABLE }).snapshotsExpected, 600);
  const slow = { ...BOT, lastTick: 249, snapshots: 150 };
  t.equal(tally({ bots: [slow], seconds: 10, corrections: [], rttsMs: [], reliable: RELIABLE }).snapshotsExpected, 298);
});

t.test('the report has exactly the fields of the issue', async (t) => {
  const report = tally({ bots: [], seconds: 0, corrections: [], rttsMs: [], reliable: RELIABLE });
  t.equal(Object.keys(report).join(', '), 'connected, seconds, snapshotsExpected, snapshotsReceived, snapshotGapTicksMax, mismatches, ' +
    'correctionUnitsMaxFree, correctionUnitsP99, freeTicks, distanceUnitsMean, shots, deaths, entitiesVisibleMean, entersPerSecond, reliableSent, ' +
    'reliableReceived, reliableErrors, bytesPerSnapshotMean, rttMsP95');
  t.notOk(Object.values(report).some((value) => Number.isNaN(value)));
});

t.test('a percentile is one of the values', async (t) => {
  t.equal(percentile([5, 1, 4, 2, 3], 0.99), 5);
  t.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
  t.equal(percentile([], 0.5), 0);
});
