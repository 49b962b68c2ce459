/** A started directory for tests: real workers, outputs and packets collected by a pump like the server's. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { systemClock } from '../../src/clock.ts';
import type { DirectoryOptions, JoinRequest } from '../../src/room/directory.ts';
import { RoomDirectory } from '../../src/room/directory.ts';
import type { RoomOutput } from '../../src/room/outputs.ts';
import { createRoomOutput } from '../../src/room/outputs.ts';
import type { Choice } from '../../src/room/placement.ts';

export const BASIC_GAME = fileURLToPath(new URL('./games/basic.ts', import.meta.url));

/** Another core may be named, to try one that is not committed yet. */
const CORE_FILE =
  process.env['FRAY_TEST_CORE'] ??
  fileURLToPath(new URL('../../core-wasm/fray_core.wasm', import.meta.url));

/** Paths of the journals in a folder; the key that signs them stands beside them. */
export function journalsIn(dir: string): string[] {
  const names = readdirSync(dir).filter((name) => name.endsWith('.journal'));
  return names.map((name) => join(dir, name));
}

export async function testCore(): Promise<WebAssembly.Module> {
  return compileCore(await readFile(CORE_FILE));
}

export class DirectoryBench {
  readonly directory: RoomDirectory;
  readonly outputs: RoomOutput[] = [];
  readonly packets = new Map<number, Uint8Array[]>();
  readonly logs: string[] = [];
  readonly nowUs = systemClock().nowUs;
  #next = 1;

  constructor(options: Partial<DirectoryOptions> = {}) {
    const line = (fields: object, text: string): number =>
      this.logs.push(`${text} ${JSON.stringify(fields)}`);
    this.directory = new RoomDirectory({
      workers: 1,
      game: BASIC_GAME,
      roomsMax: 8,
      roomsWarm: 0,
      playersMax: 0,
      bots: 0,
      clock: systemClock(),
      log: { info: line, warn: line, error: line },
      core: CORE_FILE,
      ...options,
    });
    this.directory.onWake(() => this.pump());
  }

  async start(): Promise<this> {
    await this.directory.start();
    return this;
  }

  /** An I/O thread that is busy elsewhere. */
  paused = false;

  pump(): void {
    if (this.paused) return;
    const out = createRoomOutput();
    // Said of everybody in the rooms of a worker that died; server/recovery.slow.test.ts looks at that.
    while (this.directory.poll(out)) if (out.kind !== 'untold') this.outputs.push({ ...out });
    this.directory.drain((sessionId, bytes) => {
      const list = this.packets.get(sessionId) ?? [];
      list.push(bytes.slice());
      this.packets.set(sessionId, list);
    });
  }

  /** Asks for a place; returns the session id. */
  join(choice: Choice, more: Partial<JoinRequest> = {}): number {
    const sessionId = more.sessionId ?? this.#next++;
    const { schemaHash } = this.directory.facts;
    this.directory.join({
      sessionId,
      userId: `u${sessionId}`,
      userData: new Uint8Array(0),
      name: `Ann ${sessionId}`,
      choice,
      schemaHash,
      verify: false,
      ...more,
    });
    return sessionId;
  }

  /** The next output of a session that has not been asked for yet. */
  async answer(sessionId: number, timeoutMs = 5000): Promise<RoomOutput> {
    const at = (): number => this.outputs.findIndex((out) => out.sessionId === sessionId);
    await this.until(() => at() >= 0, timeoutMs);
    const [output] = this.outputs.splice(at(), 1);
    if (output === undefined) throw new Error(`session ${sessionId} got no answer`);
    return output;
  }

  async until(condition: () => boolean, timeoutMs = 5000): Promise<void> {
    const endMs = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > endMs)
        throw new Error(`timed out; ${this.logs.length} log lines, the last: ${this.logs.at(-1)}`);
      await pause(5);
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
