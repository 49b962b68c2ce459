/**
 * What the peers of `fray loadtest` have in common: ticks at a fixed rate, datagrams that begin with their tick (u32, little endian), and the figures that
 * they are asked for. `node bench/peers/load-NAME.mjs BYTES HZ ROOM_SIZE`; prints its port.
 */
export const BYTES = Math.max(4, Number(process.argv[2]));
export const HZ = Number(process.argv[3]);
export const ROOM_SIZE = Number(process.argv[4]);

let ticks = 0;
let inputs = 0;
let durations = [];

/** A datagram of a client has reached the handler. */
export function taken() {
  inputs += 1;
}

/** One tick: its datagram differs from the one before in every byte. */
export function timed(send) {
  const startMs = performance.now();
  ticks += 1;
  const payload = Buffer.alloc(BYTES, ticks & 0xff);
  payload.writeUInt32LE(ticks, 0);
  send(payload);
  if (durations.length < DURATIONS_MAX) durations.push(performance.now() - startMs);
}

export function every(send) {
  const intervalMs = 1000 / HZ;
  let dueMs = performance.now();
  const turn = () => {
    timed(send);
    dueMs = Math.max(dueMs + intervalMs, performance.now() - intervalMs);
    setTimeout(turn, Math.max(0, dueMs - performance.now()));
  };
  turn();
}

process.on('message', () => {
  const sorted = durations.sort((one, other) => one - other);
  const tickMsP99 = sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0;
  durations = [];
  process.send({ ticks, inputs, tickMsP99 });
});
process.on('SIGTERM', () => process.exit(0));
const DURATIONS_MAX = 1_000_000;
