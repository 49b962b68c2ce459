/**
 * The stream of the process `fray-rtc` cut anywhere, and offers of strangers. First byte: 0 reads the rest as an offer, others are
 * how long each read of the stream is.
 */
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { FRAMES, FrameReader, FrameWriter } from '../../../src/transport/server/rtc/frames.ts';
import { readOffer, writeOffer } from '../../../src/transport/server/rtc/sdp.ts';
import { OFFER } from '../../transport/rtc-offer.ts';
import type { Target } from '../engine.ts';
import { claim, join } from './bytes.ts';

const text = new TextEncoder();

function stream(
  ...frames: readonly [kind: keyof typeof FRAMES, payload: Uint8Array][]
): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new FrameWriter(
    (bytes) => void pieces.push(bytes.slice()),
    () => {},
  );
  for (const [kind, payload] of frames) writer.push(FRAMES[kind], 0x1_0001, payload);
  writer.flush();
  return join(...pieces);
}

export const target: Target = {
  name: 'rtc',
  bytesMax: 1400,
  seeds: [
    join([0], text.encode(OFFER)),
    join([0], text.encode(OFFER.replaceAll('\r\n', '\n'))),
    join([255], stream(['ready', Uint8Array.of(1, 2)], ['opened', new Uint8Array(0)])),
    join([3], stream(['heard', new Uint8Array(40)], ['closed', Uint8Array.of(16, 0, 1)])),
    join([7], stream(['answer', text.encode('v=0')], ['slow', Uint8Array.of(1)])),
    join([200], stream(['report', new Uint8Array(12)], ['failed', Uint8Array.of(1, 65)])),
    join([255], stream(['heard', new Uint8Array(PACKET_BYTES_MAX)])),
  ],
  words: [
    Uint8Array.of(1, 0, 20, 0x66, 1, 0, 1, 0),
    Uint8Array.of(0, 0, 19, 0x66, 1, 0, 1, 0),
    text.encode('a=setup:passive\r\n'),
    text.encode('m=video 9 UDP/TLS/RTP/SAVPF 96\r\n'),
    text.encode('a=ice-ufrag:'),
  ],
  run,
};

const RULES = Object.values(FRAMES);

function run(input: Uint8Array): void {
  const step = input[0] ?? 0;
  const bytes = input.subarray(1);
  if (step === 0) readOne(Buffer.from(bytes).toString('latin1'));
  else {
    const [pieces, whole] = [frames(bytes, step), frames(bytes, bytes.length)];
    claim(pieces === whole, 'the stream says other things when it is cut otherwise');
  }
}

/** What the reader makes of a stream, as a text; it never throws. */
function frames(bytes: Uint8Array, step: number): string {
  let heard = '';
  const reader = new FrameReader('process', (kind, peer, payload) => {
    const rule = RULES.find((one) => one.kind === kind);
    claim(rule !== undefined && rule.from === 'process', 'a kind that is none');
    claim(payload.length >= rule.min && payload.length <= rule.max, 'a payload beyond its bounds');
    heard += `${kind} ${peer} ${Buffer.from(payload).toString('hex')}\n`;
  });
  for (let at = 0; at < bytes.length; at += step) {
    const fine = reader.push(bytes.subarray(at, at + step));
    claim(fine === (reader.damage === ''), 'damage is told and not told');
  }
  return heard + reader.damage;
}

/** An offer that is taken is written in a form that reads the same, without a byte that was not looked at. */
function readOne(offer: string): void {
  const facts = readOffer(offer);
  if (facts === null) return;
  const again = writeOffer(facts);
  claim(again.length < 1200, `${again.length} bytes came of it`);
  claim(again.split('\r\n').length === 16, 'a fact brought a line of its own');
  claim(JSON.stringify(readOffer(again)) === JSON.stringify(facts), 'it reads otherwise again');
}
