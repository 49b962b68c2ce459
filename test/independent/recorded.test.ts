/** A session that record.ts took down, over a link that lost and swapped packets, decoded without a server. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { ARENA } from './game.ts';
import { Link } from './link.ts';
import { readMessage, type WallBox } from './messages.ts';
import { readHeader } from './packet.ts';
import { wallsHash } from './walls.ts';

interface Head {
  readonly epoch: number;
  readonly handle: number;
  readonly wallsHash: number;
  readonly players: number;
  readonly messages: number;
}

test('a recorded session decodes to the hashes that the server made', async (t) => {
  const [first, ...lines] = recording();
  const head = JSON.parse(first!) as Head;
  const link = new Link(ARENA, { epoch: head.epoch, verify: true });
  const counts = { fresh: 0, late: 0, stale: 0, dropped: 0 };
  const slots = new Map<number, number>();
  const walls: WallBox[] = [];
  let messages = 0;
  let sent = 0;
  for (const line of lines) {
    const [as, tick, witness, base64] = line.split(' ');
    const packet = new Uint8Array(Buffer.from(base64!, 'base64'));
    for (const { ack } = readHeader(packet, head.epoch); sent < ack; sent += 1) link.poll([], 0);
    const taken = link.take(packet, 0);
    counts[taken.as] += 1;
    if (taken.as !== as) t.fail(`a packet is ${taken.as}, not ${as}`);
    if (taken.as !== 'fresh' && taken.as !== 'late') continue;
    const { snapshot } = taken;
    const found = `${snapshot.tick} ${link.world.hash(snapshot)}`;
    if (found !== `${tick} ${witness}`)
      t.fail(`tick and hash are ${found}, not ${tick} ${witness}`);
    for (const message of taken.messages.map((bytes) => readMessage(bytes, ARENA))) {
      if (message.kind === 'game') messages += 1;
      if (message.kind === 'walls') walls.push(...message.boxes);
      if (message.kind !== 'roster') continue;
      for (const item of message.items) {
        if (item.item === 'player') slots.set(item.slot, item.handle);
        if (item.item === 'free') slots.delete(item.slot);
      }
    }
  }
  t.ok(counts.fresh > 200, `${counts.fresh} fresh packets`);
  t.ok(counts.late > 10, `${counts.late} late packets`);
  t.equal(counts.dropped, 0, 'nothing is dropped');
  t.equal(messages, head.messages, 'game messages');
  t.equal(wallsHash(walls), head.wallsHash, 'walls');
  t.equal(slots.size, head.players, 'players in the roster');
  t.ok([...slots.values()].includes(head.handle), 'the own player is in the roster');
});

test('a recorded packet with any bit changed is dropped, and nothing of it used', async (t) => {
  const [first, line] = recording();
  const { epoch } = JSON.parse(first!) as Head;
  const packet = new Uint8Array(Buffer.from(line!.split(' ')[3]!, 'base64'));
  const link = new Link(ARENA, { epoch, verify: true });
  link.poll([], 0);
  for (let k = 0; k < packet.length * 8; k += 1) {
    const damaged = packet.with(k >> 3, packet[k >> 3]! ^ (1 << (k & 7)));
    if (link.take(damaged, 0).as !== 'dropped') t.fail(`bit ${k}`);
  }
  t.equal(link.newest, undefined);
  t.equal(link.take(packet, 0).as, 'fresh');
});

function recording(): string[] {
  const text = readFileSync(new URL('fixtures/session.txt', import.meta.url), 'utf8');
  return text.trimEnd().split('\n');
}
