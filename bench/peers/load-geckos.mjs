/** Peer of `fray loadtest`: geckos.io moving bytes and nothing else. */
import { createServer } from 'node:http';
import geckos from '@geckos.io/server';
import { every, taken } from './load-ticking.mjs';

const http = createServer();
const server = geckos({ bindAddress: '127.0.0.1', iceServers: [], multiplex: true });
server.onConnection((channel) => channel.onRaw(taken));
server.addServer(http);
http.listen(0, '127.0.0.1', () => console.log(`port ${http.address().port}`));
every((payload) => server.raw.emit(payload));
