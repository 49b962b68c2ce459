/** `fray bots`: headless clients over real sockets that turn, fire, die and talk, and what they saw. */
import type { ConnectSchema } from '../client/connect.ts';
import type { BotsOptions, BotsOutcome } from '../client/headless.ts';
import { playBots } from '../client/headless.ts';
import { nodeTools } from '../client/node.ts';
import type { TransportChoice } from '../client/pipes.ts';
import { FrayError } from '../errors.ts';
import { DEVELOPMENT_KEY, issueConnectToken } from '../tokens.ts';
import { releaseWebRtc } from '../transport/client/webrtc-node.ts';
import { webSocketUrl } from '../transport/client/websocket.ts';
import { parseLink } from '../transport/link.ts';
import type { BotsReport } from './bots-report.ts';
import { tally } from './bots-report.ts';
import type { Command, Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { readConfig } from './configuration.ts';
import { loadSchema } from './games.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'bots',
  summary: 'Play on a server with headless clients, and judge what they saw',
  examples: [
    'fray bots --url http://127.0.0.1:8080 --count 50 --seconds 30',
    'fray bots --url http://127.0.0.1:8080 --udp 127.0.0.1:40000 --transport mix --verify',
    'fray bots --url http://127.0.0.1:8080 --count 20 --seconds 30 --link "rtt=100,jitter=20,loss=5,seed=7" --verify --json',
  ],
  args: {
    url: {
      type: 'string',
      required: true,
      valueHint: 'url',
      description: "The server's page or socket.",
    },
    count: { type: 'string', default: '10', valueHint: 'n', description: 'How many, 1..1000.' },
    seconds: {
      type: 'string',
      default: '10',
      valueHint: 's',
      description: 'How long all play, 1..86400 s.',
    },
    game: {
      type: 'string',
      default: 'arena',
      valueHint: 'name',
      description: 'The game whose schema they speak: a name under dist/games, or a path.',
    },
    room: {
      type: 'string',
      default: '',
      valueHint: 'id',
      description: 'One room; without it, any.',
    },
    link: {
      type: 'string',
      default: '',
      valueHint: 'text',
      description:
        'Simulated link for each: rtt=60,jitter=10,loss=5,seed=1,burst=3,reorder=1,duplicate=0.5,corrupt=0,rate=64,cut=5000-8000.',
    },
    verify: { type: 'boolean', description: 'Ask for a state hash in each snapshot and check it.' },
    predict: {
      type: 'boolean',
      default: true,
      description: 'Predict the own player; --no-predict shows what that is worth.',
    },
    seed: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'Seed of what the bots do, 0..4294967295.',
    },
    transport: {
      type: 'string',
      default: 'auto',
      valueHint: 'name',
      description:
        'udp, webrtc, websocket, auto (UDP where there is a token, else WebSocket), or mix: udp, webrtc, websocket in turn. UDP needs --udp.',
    },
    udp: {
      type: 'string',
      default: '',
      valueHint: 'host:port',
      description:
        "The server's UDP address. Each bot then comes with a connect token, sealed with FRAY_TOKEN_KEYS or the development key.",
    },
    json: {
      type: 'boolean',
      description: 'Print one JSON object; progress goes to standard error.',
    },
  },
  async run(values, io) {
    const count = wholeNumber(values, 'count', { min: 1, max: 1000 });
    const seconds = wholeNumber(values, 'seconds', { min: 1, max: 86_400 });
    const url = textOf(values, 'url');
    const link = textOf(values, 'link');
    // Wrong values are said at once, before anything is loaded.
    webSocketUrl(url);
    parseLink(link);
    const schema = await loadSchema(textOf(values, 'game'), io.folder);
    const room = textOf(values, 'room');
    io.progress(`${count} bots, ${seconds} s${link === '' ? '' : `, link ${link}`}: ${url}`);
    const entry = entryOf(values, io);
    const [verify, predict] = [values['verify'] === true, values['predict'] !== false];
    // Whatever comes of it: the threads of WebRTC would keep the process.
    const outcome = await playBots({
      url,
      schema,
      count,
      seconds,
      tools: nodeTools(),
      verify,
      predict,
      seed: wholeNumber(values, 'seed', { min: 0, max: 0xffff_ffff }),
      ...entry,
      ...(link === '' ? {} : { link }),
      ...(room === '' ? {} : { room: { id: room } }),
    }).finally(releaseWebRtc);
    const report = tally(outcome);
    const lines = troubles(outcome, { report, count, verify, predict });
    for (const line of lines) io.progress(line);
    if (values['json'] === true) io.out(JSON.stringify(report));
    else
      io.out(
        table(
          ['figure', 'value'],
          Object.entries(report).map(([name, value]) => [name, String(value)]),
        ),
      );
    return lines.length === 0 ? EXIT.done : EXIT.failed;
  },
};

/** How each bot comes in: its transport and its token. Throws E_CONFIG. */
export function entryOf(
  values: Values,
  io: Io,
): Pick<BotsOptions<ConnectSchema>, 'transport' | 'token'> {
  const name = textOf(values, 'transport');
  const udp = textOf(values, 'udp');
  const choice = CHOICES.find((one) => one === name);
  if (choice === undefined && name !== 'mix')
    throw new FrayError(
      'E_CONFIG',
      `Cannot play by ${JSON.stringify(name)}: it is not ${CHOICES.join(', ')} or mix`,
    );
  if (udp === '' && (choice === 'udp' || name === 'mix'))
    throw new FrayError(
      'E_CONFIG',
      `Cannot play by ${name}: name the server's UDP address with --udp`,
    );
  const transport = (index: number): TransportChoice => choice ?? MIX[index % MIX.length] ?? 'auto';
  if (udp === '') return { transport };
  const [key] = readConfig({}, io).config.tokenKeys;
  const token = (index: number) =>
    issueConnectToken({
      key: key === undefined ? DEVELOPMENT_KEY : new Uint8Array(Buffer.from(key, 'hex')),
      userId: `bot ${process.pid} ${index + 1}`,
      servers: [udp],
      expireMs: TOKEN_MS,
    }).bytes;
  return { transport, token };
}

/** What was asked for, and what came of it. */
export interface BotsFacts {
  readonly report: BotsReport;
  readonly count: number;
  readonly verify: boolean;
  readonly predict: boolean;
}

/** What makes the exit code 1, a line each. */
export function troubles(
  outcome: Pick<BotsOutcome, 'refused' | 'ended'>,
  facts: BotsFacts,
): string[] {
  const { report, count, verify, predict } = facts;
  const lines: string[] = [];
  if (report.connected < count)
    lines.push(
      `fray: ${count - report.connected} of ${count} bots did not get in: ${reasons(outcome.refused)}`,
    );
  if (outcome.ended.length > 0)
    lines.push(
      `fray: ${outcome.ended.length} bots were closed before the end: ${reasons(outcome.ended)}`,
    );
  if (report.reliableErrors > 0)
    lines.push(
      `fray: ${report.reliableErrors} reliable messages were lost, repeated, out of order or damaged`,
    );
  if (report.mismatches > 0)
    lines.push(`fray: ${report.mismatches} snapshots do not hash to what the server holds`);
  if (verify && report.hashChecks < report.snapshotsReceived)
    lines.push(
      `fray: only ${report.hashChecks} of ${report.snapshotsReceived} snapshots carried a hash`,
    );
  if (predict && report.correctionUnitsMaxFree > 0)
    lines.push(
      `fray: prediction was off by ${report.correctionUnitsMaxFree} units on a tick that nothing touched`,
    );
  return lines;
}

/** Each code once, with its first message. */
function reasons(errors: readonly FrayError[]): string {
  const byCode = new Map<string, { text: string; count: number }>();
  for (const error of errors) {
    const known = byCode.get(error.code);
    if (known === undefined) byCode.set(error.code, { text: error.message, count: 1 });
    else known.count += 1;
  }
  return [...byCode]
    .map(([code, { text, count }]) => `${text} (${code}${count > 1 ? `, ${count} times` : ''})`)
    .join('; ');
}

const CHOICES: readonly TransportChoice[] = ['auto', 'udp', 'webrtc', 'websocket'];
const MIX: readonly TransportChoice[] = ['udp', 'webrtc', 'websocket'];
/** ms. Many bots come in one after another. */
const TOKEN_MS = 60_000;
