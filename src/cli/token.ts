/** `fray token`: a connect token for a player, sealed with the key that the server uses. */
import { DEVELOPMENT_KEY, issueConnectToken } from '../tokens.ts';
import type { Command } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { readConfig } from './configuration.ts';

export const command: Command = {
  name: 'token',
  summary: 'Issue a connect token',
  examples: [
    'fray token --user-id ann',
    'FRAY_TOKEN_KEYS=$(openssl rand -hex 32) fray token --user-id ann --room duel-7 --servers 203.0.113.5:40000 --json',
  ],
  args: {
    config: {
      type: 'string',
      valueHint: 'path',
      description:
        'Configuration file that holds tokenKeys; FRAY_TOKEN_KEYS is read too. Without a key: the development key.',
    },
    userId: {
      type: 'string',
      required: true,
      valueHint: 'text',
      description: 'The player, 1 to 64 bytes.',
    },
    room: {
      type: 'string',
      default: '',
      valueHint: 'id',
      description: 'The one room it opens; empty: any.',
    },
    servers: {
      type: 'string',
      default: '127.0.0.1:8080',
      valueHint: 'a:p,b:p',
      description: 'Addresses of the servers it opens, at most 32.',
    },
    expireMs: {
      type: 'string',
      default: '30000',
      valueHint: 'ms',
      description: 'Life from now on, 1000..86400000 ms.',
    },
    json: { type: 'boolean', description: 'Print JSON: token, expiresAtMs.' },
  },
  async run(values, io) {
    const { config } = readConfig({ config: values['config'] }, io);
    const key = config.tokenKeys[0];
    const issued = issueConnectToken({
      key: key === undefined ? DEVELOPMENT_KEY : new Uint8Array(Buffer.from(key, 'hex')),
      userId: textOf(values, 'userId'),
      room: textOf(values, 'room'),
      servers: textOf(values, 'servers')
        .split(',')
        .map((server) => server.trim()),
      expireMs: wholeNumber(values, 'expireMs', { min: 1000, max: 86_400_000 }),
    });
    if (key === undefined)
      io.progress(
        'fray: sealed with the built-in development key, which opens servers on loopback only',
      );
    io.out(
      values['json'] === true
        ? JSON.stringify({ token: issued.token, expiresAtMs: issued.expiresAtMs })
        : issued.token,
    );
    return EXIT.done;
  },
};
