/**
 * Peer of `fray bench io`: `ws` moving bytes and nothing else. Takes what clients send, and sends each of them a payload of BYTES bytes
 * 30 times a second. `node bench/peers/ws-fanout.mjs BYTES`; prints its port.
 */
import { WebSocketServer } from 'ws';

const TICK_MS = 1000 / 30;
const payload = Buffer.alloc(Number(process.argv[2]), 0x5a);
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: false,
  skipUTF8Validation: true,
});
let taken = 0;
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    taken += data.length;
  });
});
server.on('listening', () => console.log(`port ${server.address().port}`));

let dueMs = performance.now();
function tick() {
  for (const socket of server.clients) socket.send(payload);
  dueMs = Math.max(dueMs + TICK_MS, performance.now() - TICK_MS);
  setTimeout(tick, Math.max(0, dueMs - performance.now()));
}
tick();
process.on('SIGTERM', () => process.exit(taken < 0 ? 1 : 0));
