/** `fray debug`: does something to a running server, to see how it bears it. */
import { FrayError } from '../errors.ts';
import { KILLS } from '../http/debug.ts';
import type { AdminPort } from './admin-port.ts';
import { adminPort } from './admin-port.ts';
import type { Command, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { killWorker } from './debug-kill.ts';
import { moveRoom } from './debug-move.ts';
import { table } from './table.ts';

/** What is done, and what came of it. */
export type Action = (
  values: Values,
  parts: {
    readonly admin: AdminPort;
    readonly times: number;
    /** So many times are done. */
    readonly progress: (done: number) => void;
  },
) => Promise<{
  readonly summary: { readonly [figure: string]: string | number };
  /** For --json, beside the summary. */
  readonly details: object;
  readonly isWell: boolean;
}>;

const ACTIONS: { readonly [name: string]: Action } = {
  'kill-worker': killWorker,
  'move-room': moveRoom,
};

export const command: Command = {
  name: 'debug',
  summary: 'Kill a worker of a running server, or move a room, and report how rooms went on',
  examples: [
    'fray debug kill-worker',
    'fray debug kill-worker --worker 1 --how hang --times 20 --json',
    'fray debug move-room --times 20',
    'fray debug move-room --room h7IgiQgUCNxzTGcY --to 1',
  ],
  args: {
    action: {
      type: 'positional',
      required: true,
      description: Object.keys(ACTIONS).join(' or '),
    },
    admin: {
      type: 'string',
      default: 'http://127.0.0.1:9090/',
      valueHint: 'url',
      description: "The server's admin port, on this machine.",
    },
    worker: {
      type: 'string',
      default: '0',
      valueHint: 'n',
      description: 'kill-worker: which one.',
    },
    how: {
      type: 'string',
      default: 'exit',
      valueHint: KILLS.join('|'),
      description: 'kill-worker: it ends by itself, loops for ever, or is ended at once.',
    },
    room: {
      type: 'string',
      default: '',
      valueHint: 'id',
      description: 'move-room: which one; by default the one with most people in it.',
    },
    to: {
      type: 'string',
      default: '',
      valueHint: 'n',
      description: 'move-room: to which worker; by default to the next one.',
    },
    times: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'So often, each time after the one before is over; 1..10000.',
    },
    json: { type: 'boolean', description: 'Print JSON: summary and every death or move.' },
  },
  async run(values, io) {
    const name = textOf(values, 'action');
    const action = ACTIONS[name];
    if (action === undefined)
      throw new FrayError(
        'E_CONFIG',
        `Cannot debug ${name}: ${Object.keys(ACTIONS).join(' and ')} is all there is`,
      );
    const times = wholeNumber(values, 'times', { min: 1, max: 10_000 });
    const { summary, details, isWell } = await action(values, {
      admin: adminPort(textOf(values, 'admin')),
      times,
      progress: (done) => io.progress(`${done} of ${times}`),
    });
    if (values['json'] === true) io.out(JSON.stringify({ ...summary, ...details }));
    else
      io.out(
        table(
          ['figure', 'value'],
          Object.entries(summary).map(([figure, value]) => [figure, String(value)]),
        ),
      );
    return isWell ? EXIT.done : EXIT.failed;
  },
};
