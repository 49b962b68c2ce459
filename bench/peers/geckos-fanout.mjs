/**
 * Peer of `fray bench io`: geckos.io moving bytes and nothing else. Takes what clients send over their data channels, and sends each of
 * them a payload of BYTES bytes 30 times a second. `node bench/peers/geckos-fanout.mjs BYTES`; prints the port of its signalling.
 */
import { createServer } from 'node:http';
import geckos from '@geckos.io/server';

const TICK_MS = 1000 / 30;
const payload = Buffer.alloc(Number(process.argv[2]), 0x5a);
const http = createServer();
const server = geckos({ bindAddress: '127.0.0.1', iceServers: [], multiplex: true });
let taken = 0;
server.onConnection((channel) => {
  channel.onRaw((data) => {
    taken += data.byteLength;
  });
});
server.addServer(http);
http.listen(0, '127.0.0.1', () => console.log(`port ${http.address().port}`));

let dueMs = performance.now();
function tick() {
  server.raw.emit(payload);
  dueMs = Math.max(dueMs + TICK_MS, performance.now() - TICK_MS);
  setTimeout(tick, Math.max(0, dueMs - performance.now()));
}
tick();
process.on('SIGTERM', () => process.exit(taken < 0 ? 1 : 0));
