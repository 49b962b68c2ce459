import t from 'tap';
import { troubles } from '../../src/cli/bots.ts';
import type { BotsReport } from '../../src/cli/bots-report.ts';
import { percentile, tally } from '../../src/cli/bots-report.ts';
import type { BotFigures } from '../../src/client/headless.ts';

const BOT: BotFigures = {
  room: 'a',
  tickRateHz: 30,
  watchedMs: 10_000,
  firstTick: 100,
  lastTick: 399,
  snapshots: 300,
  snapshotGapTicksMax: 1,
  hashChecks: 300,
  hashMismatches: 0,
  correctionUnitsMaxFree: 0,
  freeTicks: 200,
  touchedTicks: 100,
  distanceUnits: 50,
  shots: 5,
  deaths: 1,
  visibleSum: 3000,
  visibleSamples: 300,
  enters: 20,
  snapshotBytesSum: 9000,
  transport: 'websocket',
  resumes: 0,
  setbacks: 0,
  ticksLost: 0,
  messagesLost: 0,
};
const RELIABLE = { sent: 0, received: 0, errors: 0 };

t.test('a bot that went deaf and a server that ran slow both miss snapshots', async (t) => {
  const whole = tally({
    bots: [BOT],
    seconds: 10,
    corrections: [],
    rttsMs: [],
    reliable: RELIABLE,
  });
  t.match(whole, {
    connected: 1,
    snapshotsExpected: 300,
    snapshotsReceived: 300,
    entitiesVisibleMean: 10,
    bytesPerSnapshotMean: 30,
    entersPerSecond: 2,
  });
  const deaf = { ...BOT, lastTick: 250, snapshots: 151 };
  t.equal(
    tally({ bots: [BOT, deaf], seconds: 10, corrections: [], rttsMs: [], reliable: RELIABLE })
      .snapshotsExpected,
    600,
  );
  const slow = { ...BOT, lastTick: 249, snapshots: 150 };
  t.equal(
    tally({ bots: [slow], seconds: 10, corrections: [], rttsMs: [], reliable: RELIABLE })
      .snapshotsExpected,
    298,
  );
});

t.test('the report has exactly the fields that the docs name', async (t) => {
  const report = tally({ bots: [], seconds: 0, corrections: [], rttsMs: [], reliable: RELIABLE });
  t.equal(
    Object.keys(report).join(', '),
    'connected, seconds, snapshotsExpected, snapshotsReceived, snapshotGapTicksMax, mismatches, ' +
      'correctionUnitsMaxFree, correctionUnitsP99, freeTicks, distanceUnitsMean, shots, deaths, entitiesVisibleMean, entersPerSecond, reliableSent, ' +
      'reliableReceived, reliableErrors, bytesPerSnapshotMean, rttMsP95, hashChecks, touchedTicks, transport, resumes, ' +
      'setbacks, ticksLostMax, messagesLost',
  );
  t.notOk(Object.values(report).some((value) => Number.isNaN(value)));
});

t.test('the transport is named once, or counted where there are several', async (t) => {
  const of = (...transports: string[]) =>
    tally({
      bots: transports.map((transport) => ({ ...BOT, transport, resumes: 1 })),
      seconds: 10,
      corrections: [],
      rttsMs: [],
      reliable: RELIABLE,
    });
  t.match(of('udp', 'udp'), { transport: 'udp', resumes: 2 });
  t.match(of('websocket', 'udp', 'websocket'), { transport: 'udp 1, websocket 2', resumes: 3 });
});

t.test('a percentile is one of the values', async (t) => {
  t.equal(percentile([5, 1, 4, 2, 3], 0.99), 5);
  t.equal(percentile([5, 1, 4, 2, 3], 0.5), 3);
  t.equal(percentile([], 0.5), 0);
});

t.test(
  'what makes the command fail has a line each, and a witness that saw nothing is no proof',
  async (t) => {
    const outcome = { refused: [], ended: [] };
    const said = (
      change: Partial<BotsReport>,
      asked: { verify?: boolean; predict?: boolean } = {},
    ) => {
      const report = {
        ...tally({ bots: [BOT], seconds: 10, corrections: [], rttsMs: [], reliable: RELIABLE }),
        ...change,
      };
      return troubles(outcome, { report, count: 1, verify: true, predict: true, ...asked });
    };
    t.same(said({}), []);
    t.match(said({ mismatches: 1 }), [/1 snapshots do not hash/]);
    t.match(said({ hashChecks: 0 }), [/only 0 of 300 snapshots carried a hash/]);
    t.same(said({ hashChecks: 0 }, { verify: false }), []);
    t.match(said({ correctionUnitsMaxFree: 0.5 }), [
      /off by 0\.5 units on a tick that nothing touched/,
    ]);
    t.same(said({ correctionUnitsMaxFree: 0.5 }, { predict: false }), []);
    t.match(said({ connected: 0 }), [/1 of 1 bots did not get in/]);
    t.match(said({ reliableErrors: 2 }), [/2 reliable messages/]);
  },
);
