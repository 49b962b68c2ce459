/**
 * Peer of `fray loadtest`: a whole Colyseus server over @colyseus/ws-transport, deflate off. Room `bytes`: each tick one message of BYTES bytes to all of the
 * room (`broadcastBytes`), no state, the least that Colyseus can do. Room `state`: players walk; each client has a StateView of the ten next to
 * it and gets the state's patch every tick; fields are narrow (uint16 centimetres, uint8 heading), as its documentation recommends.
 */
import { Room, Server } from '@colyseus/core';
import { StateView, schema, t } from '@colyseus/schema';
import { WebSocketTransport } from '@colyseus/ws-transport';
import { HZ, ROOM_SIZE, taken, timed } from './load-ticking.mjs';

const VISIBLE = 10;
const EDGE_CM = 7000;
const NAME = '0';

/** All rooms tick at once, so that a tick's number is that of each room. */
const rooms = new Set();

class BytesRoom extends Room {
  onCreate() {
    this.maxClients = ROOM_SIZE;
    this.autoDispose = true;
    this.setPatchRate(null);
    this.onMessageBytes?.(NAME, taken);
    this.onMessage('*', taken);
    rooms.add(this);
  }
  step(payload) {
    this.broadcastBytes(NAME, payload, {});
  }
  onDispose() {
    rooms.delete(this);
  }
}

const Body = schema(
  { x: t.uint16(), y: t.uint16(), heading: t.uint8(), health: t.uint8() },
  'Body',
);
const World = schema({ bodies: t.map(Body).view() }, 'World');

class StateRoom extends Room {
  onCreate() {
    this.maxClients = ROOM_SIZE;
    this.setPatchRate(null);
    this.setState(new World());
    this.onMessageBytes?.(NAME, taken);
    this.onMessage('*', taken);
    rooms.add(this);
  }
  onJoin(client) {
    const body = new Body();
    body.x = Math.random() * EDGE_CM;
    body.y = Math.random() * EDGE_CM;
    body.heading = Math.random() * 256;
    body.health = 100;
    this.state.bodies.set(client.sessionId, body);
    client.view = new StateView();
    client.seen = new Set();
    client.view.add(body);
    client.body = body;
  }
  onLeave(client) {
    for (const other of this.clients) other.seen?.delete(client.body);
    this.state.bodies.delete(client.sessionId);
  }
  step() {
    for (const { body } of this.clients) {
      if (Math.random() < 0.06) body.heading = Math.random() * 256;
      const angle = (body.heading * Math.PI) / 128;
      body.x = Math.min(EDGE_CM, Math.max(0, body.x + 20 * Math.cos(angle)));
      body.y = Math.min(EDGE_CM, Math.max(0, body.y + 20 * Math.sin(angle)));
    }
    const bodies = [...this.state.bodies.values()];
    for (const client of this.clients) {
      const far = (one) => (one.x - client.body.x) ** 2 + (one.y - client.body.y) ** 2;
      const near = new Set(
        [...bodies].sort((one, other) => far(one) - far(other)).slice(0, VISIBLE + 1),
      );
      for (const one of client.seen) if (!near.has(one)) client.view.remove(one);
      for (const one of near) if (!client.seen.has(one)) client.view.add(one);
      client.seen = near;
    }
    this.broadcastPatch();
  }
  onDispose() {
    rooms.delete(this);
  }
}

const transport = new WebSocketTransport({ perMessageDeflate: false, pingInterval: 0 });
const server = new Server({ transport, greet: false });
server.define('bytes', BytesRoom);
server.define('state', StateRoom);
await server.listen(0, '127.0.0.1');
console.log(`port ${transport.server.address().port}`);

const intervalMs = 1000 / HZ;
let dueMs = performance.now();
function turn() {
  timed((payload) => {
    for (const room of rooms) room.step(payload);
  });
  dueMs = Math.max(dueMs + intervalMs, performance.now() - intervalMs);
  setTimeout(turn, Math.max(0, dueMs - performance.now()));
}
turn();
