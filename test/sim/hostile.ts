/** Somebody who plays no game: sends rubbish, and what others have sent, from wherever it likes. */
import type { Chance } from './chance.ts';
import type { House } from './house.ts';
import { SERVER } from './house.ts';
import type { Net } from './net.ts';
import type { SimTime } from './time.ts';

/** Addresses that nobody honest has. */
export const SPOOFED = '198.51.100.';

export class Hostile {
  readonly #net: Net;
  readonly #time: SimTime;
  readonly #chance: Chance;
  readonly #house: () => House | null;
  #untilMs = 0;

  constructor(parts: { net: Net; time: SimTime; chance: Chance; house: () => House | null }) {
    this.#net = parts.net;
    this.#time = parts.time;
    this.#chance = parts.chance;
    this.#house = parts.house;
  }

  /** Goes on for so long, some hundred datagrams a second. */
  attack(ms: number): void {
    const isOn = this.#untilMs > this.#time.nowMs();
    this.#untilMs = this.#time.nowMs() + ms;
    if (!isOn) this.#turn();
  }

  #turn(): void {
    if (this.#time.nowMs() >= this.#untilMs) return;
    const chance = this.#chance;
    const heard = this.#net.heard[chance.int(Math.max(1, this.#net.heard.length))];
    const kind = chance.int(5);
    if (kind === 0 || heard === undefined) this.#rubbish();
    else if (kind === 1) this.#net.arrive(SERVER, heard.bytes, heard.from);
    else if (kind === 4) this.#again();
    else if (kind === 2) this.#net.arrive(SERVER, heard.bytes, this.#address());
    else this.#net.arrive(SERVER, this.#broken(heard.bytes), heard.from);
    this.#time.after(chance.between(1, 12), () => this.#turn());
  }

  #rubbish(): void {
    const bytes = this.#chance.bytes(Buffer.alloc(1 + this.#chance.int(300)));
    const there = this.#house();
    if (there !== null && this.#chance.happens(0.2)) {
      const pipe = there.web.connect(this.#address());
      for (let k = 0; k < 5; k += 1)
        pipe.send(this.#chance.bytes(new Uint8Array(1 + this.#chance.int(80))));
      this.#time.after(200, () => pipe.vanish());
    } else this.#net.arrive(SERVER, bytes, this.#address());
  }

  /** What somebody has sent over a stream of its own, from its beginning, over another. */
  #again(): void {
    const there = this.#house();
    const { streams } = this.#net;
    const stream = streams[this.#chance.int(Math.max(1, streams.length))];
    if (there === null || stream === undefined) return;
    const pipe = there.web.connect(this.#address());
    for (const bytes of stream.slice(0, 1 + this.#chance.int(stream.length))) pipe.send(bytes);
    this.#time.after(this.#chance.between(50, 1500), () => pipe.vanish());
  }

  #broken(bytes: Uint8Array): Buffer {
    const copy = Buffer.from(bytes);
    for (let turn = 1 + this.#chance.int(3); turn > 0; turn -= 1) {
      const at = this.#chance.int(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << this.#chance.int(8));
    }
    return this.#chance.happens(0.2) ? copy.subarray(0, this.#chance.int(copy.length)) : copy;
  }

  #address(): string {
    return `${SPOOFED}${this.#chance.int(250)}:${1024 + this.#chance.int(60_000)}`;
  }
}
