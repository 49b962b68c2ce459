/**
 * Peer of `fray bench io`: socket.io moving bytes and nothing else. Takes what clients send, and sends each of them an event with BYTES bytes
 * 30 times a second. `node bench/peers/socketio-fanout.mjs BYTES`; prints its port.
 *
 * Settings, all from https://socket.io/docs/v4/performance-tuning/ and https://socket.io/docs/v4/server-options/: WebSocket alone, no compression
 * (its default), the MessagePack parser, so that a binary argument needs no frame of its own, `ws` with bufferutil, and no HTTP request kept per
 * client. The other engine that it names, eiows 11.1.1, does not build on this Node. `emit` to all makes the packet once for everybody.
 */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import parser from 'socket.io-msgpack-parser';

const TICK_MS = 1000 / 30;
const payload = Buffer.alloc(Number(process.argv[2]), 0x5a);
const http = createServer();
const io = new Server(http, {
  parser,
  transports: ['websocket'],
  allowUpgrades: false,
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});
io.engine.on('connection', (raw) => {
  raw.request = null;
});
let taken = 0;
io.on('connection', (socket) => {
  socket.on('m', (bytes) => {
    taken += bytes.length;
  });
});
http.listen(0, '127.0.0.1', () => console.log(`port ${http.address().port}`));

let dueMs = performance.now();
function tick() {
  io.emit('m', payload);
  dueMs = Math.max(dueMs + TICK_MS, performance.now() - TICK_MS);
  setTimeout(tick, Math.max(0, dueMs - performance.now()));
}
tick();
process.on('SIGTERM', () => process.exit(taken < 0 ? 1 : 0));
