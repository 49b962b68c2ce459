/** A UDP server of netcode on loopback, and tokens for it. */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PacketSeal } from '../../core-wasm/bindings/seal.ts';
import { systemClock } from '../../src/clock.ts';
import { NetcodeTransport } from '../../src/netcode-transport.ts';
import { ASSOCIATED } from '../../src/session/netcode.ts';
import { keysNeeded, NetcodeServer, type TokenMemory } from '../../src/session/server/netcode.ts';
import { issueConnectToken, type TokenOrder } from '../../src/session/token.ts';
import type { RawUdp } from '../../src/transport/server/udp.ts';
import { openUdp } from '../../src/transport/server/udp.ts';

export const KEY: Uint8Array = new Uint8Array(32).fill(9);

export const SEAL = new WebAssembly.Module(
  readFileSync(new URL('../../core-wasm/fray_seal.wasm', import.meta.url)),
);

export interface UdpBench {
  readonly transport: NetcodeTransport;
  readonly netcode: NetcodeServer;
  readonly raw: RawUdp;
  readonly cipher: PacketSeal;
  readonly used: Set<string>;
  /** For a player of its own each time. */
  token(order?: Partial<TokenOrder>): Uint8Array;
}

export async function udpBench(
  options: { clientsMax?: number; bind?: readonly string[]; pendingMax?: number } = {},
): Promise<UdpBench> {
  const { clientsMax = 64, pendingMax = 64 } = options;
  const raw = await openUdp({ bind: options.bind ?? ['127.0.0.1:0'] });
  const keysMax = keysNeeded(clientsMax, pendingMax);
  const cipher = new PacketSeal(SEAL, { keysMax, associated: ASSOCIATED });
  const used = new Set<string>();
  const netcode = new NetcodeServer({
    tokenKeys: [KEY],
    servers: raw.addresses,
    unixMs: Date.now,
    random: (into) => void randomFillSync(into),
    cipher,
    used: tokenMemory(used),
    clientsMax,
    pendingMax,
    opensPerPrefixPerSecond: 100_000,
    opensPerSecond: 100_000,
  });
  const transport = new NetcodeTransport({ raw, netcode, clientsMax, clock: systemClock() });
  let users = 0;
  return {
    transport,
    netcode,
    raw,
    cipher,
    used,
    token(order = {}) {
      users += 1;
      return issueConnectToken({
        userId: `player-${users}`,
        servers: raw.addresses,
        key: KEY,
        nowMs: Date.now(),
        random: (into) => void randomFillSync(into),
        ...order,
      }).bytes;
    },
  };
}

export function tokenMemory(used: Set<string>): TokenMemory {
  return {
    has: (mac) => used.has(mac),
    claim(mac) {
      if (used.has(mac)) return false;
      used.add(mac);
      return true;
    },
  };
}
