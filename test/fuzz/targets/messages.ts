/** Game messages of both directions: what decodes encodes to the same bytes, all else has a code. */
import { ERROR } from '../../../protocol/gen/tables.ts';
import { MessageCodec } from '../../../src/schema/messages.ts';
import { sample } from '../../schema/sample.ts';
import type { Target } from '../engine.ts';
import { claim } from './bytes.ts';

const toServer = new MessageCodec(sample.layout.toServer);
const toClient = new MessageCodec(sample.layout.toClient);
const buffer = new Uint8Array(2048);

function encoded(codec: MessageCodec, name: string, value: Record<string, unknown>): Uint8Array {
  return buffer.slice(0, codec.encode(name, value, buffer));
}

export const target: Target = {
  name: 'messages',
  bytesMax: 900,
  seeds: [
    encoded(toServer, 'chat', { text: 'hé' }),
    encoded(toServer, 'order', { what: 7, where: 0.5, loud: true }),
    encoded(toClient, 'chat', { from: 65_537, text: 'ciao' }),
    encoded(toClient, 'score', { value: -2, at: 9, dir: 3, long: 'x'.repeat(300) }),
  ],
  words: [
    Uint8Array.of(1, 0),
    Uint8Array.of(1, 1),
    Uint8Array.of(0xed, 0xa0, 0x80),
    Uint8Array.of(0xef, 0xbb, 0xbf),
    Uint8Array.of(0xf0, 0x9f, 0x98, 0x80),
    Uint8Array.of(0x58, 0x02),
  ],
  run,
};

function run(input: Uint8Array): void {
  for (const codec of [toServer, toClient]) {
    const code = codec.decode(input);
    if (code !== ERROR.E_OK) {
      claim(code === ERROR.E_MALFORMED || code === ERROR.E_MESSAGE_UNKNOWN, `code ${code}`);
      continue;
    }
    const { name, value } = codec.decoded;
    claim(input.length <= codec.bytesMax, 'a message over its limit decoded');
    const length = codec.encode(name, value, buffer);
    claim(length === input.length, `${name} takes ${length} bytes`);
    for (let k = 0; k < length; k += 1) claim(buffer[k] === input[k], `another form of ${name}`);
  }
}
