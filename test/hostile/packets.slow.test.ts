/** Clients that send what they should not. Each row is played beside the same room without it; see measure.ts. */
import t from 'tap';
import { drop, endure, type Row, SECONDS, Stage } from './measure.ts';

const ROWS: readonly Row[] = [
  {
    name: 'a client that never acknowledges',
    attack: 'acksNothing',
    rises: ['fray_silent_clients'],
    judge: ({ perSecond = 0, snapshotBytesMax = 0 }) => [
      ...(perSecond > 3 ? [`it still got ${perSecond} packets a second`] : []),
      ...(snapshotBytesMax > 160 ? [`a snapshot of ${snapshotBytesMax} bytes`] : []),
    ],
  },
  {
    name: 'a client that acknowledges what was not sent',
    attack: 'acksUnsent',
    rises: [drop('core_packets_malformed')],
    judge: stillIn,
  },
  {
    name: 'random bytes',
    attack: 'randomBytes',
    rises: [
      drop('session_drop_malformed'),
      drop('core_packets_malformed'),
      drop('session_E_MALFORMED'),
    ],
  },
  {
    name: '10,000 packets a second',
    attack: 'flood',
    rises: [drop('session_drop_rate')],
    judge: ({ perSecond = 0 }) =>
      perSecond < 5000 ? [`the flood was only ${perSecond} packets a second`] : [],
  },
  {
    name: 'inputs for ticks far ahead',
    attack: 'inputsAhead',
    rises: [drop('core_inputs_ahead')],
    judge: stillIn,
  },
  {
    name: 'inputs for ticks far behind',
    attack: 'inputsBehind',
    rises: [drop('core_inputs_late')],
    judge: stillIn,
  },
  {
    name: 'reliable messages of 4 KiB without end',
    attack: 'bigMessages',
    rises: [drop('worker_messages_malformed'), drop('session_drop_rate')],
  },
  {
    name: 'joins and leaves 50 times a second',
    attack: 'comesAndGoes',
    rises: ['fray_joins_total', 'fray_leaves_total'],
    judge: ({ perSecond = 0, refused = 0 }) => [
      ...(perSecond < 25 ? [`only ${perSecond} joins a second`] : []),
      ...(refused > 0 ? [`${refused} were refused`] : []),
    ],
  },
];

t.setTimeout((SECONDS + 12) * 1000 * 5 * ROWS.length);
// Who goes without a word is waited for; what he leaves behind is looked for 5 s after.
const stage = await Stage.open(t, ['--resume-ms', '1500']);
for (const row of ROWS) t.test(row.name, (t) => endure(t, stage, row));

/** It hurts nobody but itself: there is no reason to close it. */
function stillIn({ closed = 0 }: { closed?: number }): string[] {
  return closed === 0 ? [] : [`it was closed with ${closed}`];
}
