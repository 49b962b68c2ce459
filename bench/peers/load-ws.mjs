/** Peer of `fray loadtest`: `ws` moving bytes and nothing else, in its leanest settings. */
import { WebSocketServer } from 'ws';
import { every, taken } from './load-ticking.mjs';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: false,
  skipUTF8Validation: true,
});
server.on('connection', (socket) => socket.on('message', taken));
server.on('listening', () => console.log(`port ${server.address().port}`));
every((payload) => {
  for (const socket of server.clients) socket.send(payload);
});
