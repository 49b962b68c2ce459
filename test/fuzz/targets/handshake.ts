/** The browser's half of the handshake under any sequence of datagrams and waits. */
import { DATAGRAM, ERROR } from '../../../protocol/gen/tables.ts';
import { Handshake } from '../../../src/session/client/handshake.ts';
import {
  datagramKind,
  encodeAccept,
  encodeGoodbye,
  encodeJoined,
} from '../../../src/session/datagrams.ts';
import { packet, reply, SCHEMA } from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim, join, Program, parts } from './bytes.ts';

const ACCEPT = parts(encodeAccept(9));
const JOINED = parts(encodeJoined(reply()));
const GOODBYE = parts(encodeGoodbye(ERROR.E_ROOM_FULL, 'full'));
const OPTIONS = { schemaHash: SCHEMA, name: 'x', room: { any: true } } as const;
const program = new Program();

export const target: Target = {
  name: 'handshake',
  bytesMax: 700,
  seeds: [
    join([0, 0], ACCEPT, [0, 0], JOINED),
    join([0, 0], ACCEPT, [200, 1], GOODBYE),
    join([0, 1], GOODBYE, [0, 1], JOINED),
    join([0, 0], ACCEPT, [3, 0], parts(packet()), [1, 0], JOINED, [0, 0], GOODBYE),
    join([1, 1], parts(encodeJoined(reply({ protocolVersion: 9 })))),
    join([1, 1], parts(encodeJoined(reply({ schemaHash: 1n })))),
  ],
  words: [ACCEPT, GOODBYE, JOINED.subarray(0, 20), Uint8Array.of(255, 255), Uint8Array.of(6, 0)],
  run,
};

/** Two bytes of waiting, 16 ms each, then a datagram; until the input is over. */
function run(input: Uint8Array): void {
  program.reset(input);
  let nowUs = 1_000_000;
  const handshake = new Handshake(OPTIONS, nowUs);
  let sent = 0;
  for (let steps = 0; steps < 32 && !program.over; steps += 1) {
    nowUs += (program.byte() | (program.byte() << 8)) * 16_000;
    sent += poll(handshake, nowUs);
    const datagram = program.part(1120);
    const before = handshake.state;
    const { code, sessionId } = handshake;
    const taken = handshake.handle(datagram);
    claim(taken === (datagramKind(datagram) !== DATAGRAM.packet), 'a packet is no part of it');
    const { state } = handshake;
    claim(before !== 'over' || (state === 'over' && handshake.code === code), 'over is over');
    claim(before !== 'joined' || state !== 'joining', 'it does not go back');
    claim(sessionId === 0 || handshake.sessionId === sessionId, 'the first accept counts');
    claim((state === 'joined') === (handshake.reply !== null) || state === 'over', 'a reply');
    if (state === 'joined')
      claim(handshake.reply?.schemaHash === SCHEMA, 'joined with another schema');
  }
  // 10 s with a repeat after 250, 500, then every 1,000 ms, two datagrams each at most.
  claim(sent <= 2 * 13, `${sent} datagrams were sent`);
}

function poll(handshake: Handshake, nowUs: number): number {
  for (let count = 0; count < 4; count += 1) {
    const bytes = handshake.poll(nowUs);
    if (bytes === null) return count;
    claim(bytes.length > 0 && bytes.length <= 1120, 'a datagram to send');
    claim(handshake.dueUs <= nowUs + 1_000_000, 'it is due again');
  }
  throw new Error('poll does not come to an end');
}
