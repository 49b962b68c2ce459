/** A UDP server of netcode on loopback, and tokens for it. */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/clock.ts';
import { type NetcodeTransport, openUdpServer } from '../../src/netcode-transport.ts';
import type { NetcodeServer, TokenMemory } from '../../src/session/server/netcode.ts';
import { issueConnectToken, type TokenOrder } from '../../src/session/token.ts';
import type { RawUdp } from '../../src/transport/server/udp.ts';

export const KEY: Uint8Array = new Uint8Array(32).fill(9);

export const SEAL = new WebAssembly.Module(
  readFileSync(new URL('../../core-wasm/fray_seal.wasm', import.meta.url)),
);

export interface UdpBench {
  readonly transport: NetcodeTransport;
  readonly netcode: NetcodeServer;
  readonly raw: RawUdp;
  readonly used: Set<string>;
  /** For a player of its own each time. */
  token(order?: Partial<TokenOrder>): Uint8Array;
}

export async function udpBench(
  options: { clientsMax?: number; bind?: readonly string[]; index?: number } = {},
): Promise<UdpBench> {
  const { clientsMax = 64 } = options;
  const used = new Set<string>();
  const { raw, netcode, transport } = await openUdpServer({
    bind: options.bind ?? ['127.0.0.1:0'],
    publicAddresses: [],
    seal: SEAL,
    tokenKeys: [KEY],
    used: tokenMemory(used),
    clientsMax,
    opensPerSecond: 100_000,
    opensPerPrefixPerSecond: 100_000,
    unixMs: Date.now,
    random: (into) => void randomFillSync(into),
    clock: systemClock(),
    index: options.index ?? 0,
  });
  let users = 0;
  return {
    transport,
    netcode,
    raw,
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
