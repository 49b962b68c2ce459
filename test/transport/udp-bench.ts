/** A UDP server of netcode on loopback, and tokens for it. */
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { NativeModule } from '../../native/addon.ts';
import { openUdp as openUdpPipe, type UdpPipe } from '../../src/client/udp.ts';
import { systemClock } from '../../src/clock.ts';
import { openNativeUdp } from '../../src/native-transport.ts';
import { openUdpServer } from '../../src/netcode-transport.ts';
import type { NetcodeServer, TokenMemory } from '../../src/session/server/netcode.ts';
import { issueConnectToken, type TokenOrder } from '../../src/session/token.ts';
import type { RawUdp } from '../../src/transport/server/udp.ts';
import type { ClientPipe, ServerTransport } from '../../src/transport/types.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { contract } from './contract.ts';

export const KEY: Uint8Array = new Uint8Array(32).fill(9);

export const SEAL = new WebAssembly.Module(
  readFileSync(new URL('../../core-wasm/fray_seal.wasm', import.meta.url)),
);

export interface UdpBench {
  readonly transport: ServerTransport & { readonly drops: Readonly<Record<string, number>> };
  readonly netcode: NetcodeServer;
  readonly raw: Pick<RawUdp, 'addresses' | 'counters'>;
  readonly used: Set<string>;
  /** For a player of its own each time. */
  token(order?: Partial<TokenOrder>): Uint8Array;
}

export async function udpBench(
  options: {
    clientsMax?: number;
    bind?: readonly string[];
    index?: number;
    native?: NativeModule;
    threads?: number;
  } = {},
): Promise<UdpBench> {
  const { clientsMax = 64 } = options;
  const used = new Set<string>();
  const { native, threads = 1 } = options;
  const own = {
    bind: options.bind ?? ['127.0.0.1:0'],
    publicAddresses: [],
    seal: SEAL,
    tokenKeys: [KEY],
    used: tokenMemory(used),
    clientsMax,
    opensPerSecond: 100_000,
    opensPerPrefixPerSecond: 100_000,
    unixMs: Date.now,
    random: (into: Uint8Array) => void randomFillSync(into),
    clock: systemClock(),
    index: options.index ?? 0,
  };
  const limits = { packetsPerSecond: 240, bytesPerSecond: 100_000 };
  const { raw, netcode, transport } =
    native === undefined
      ? await openUdpServer(own)
      : openNativeUdp({ ...own, ...limits, native, threads, spinUs: 0, onFailed: () => {} });
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

/** The contract over such a server. */
export function udpContract(name: string, options: Parameters<typeof udpBench>[0]): void {
  contract({
    name,
    tellsCodes: false,
    ordered: false,
    vanished: CLOSE.silent,
    async open(impatient) {
      const bench = await udpBench(options);
      const timeoutSeconds = impatient ? 1 : 3;
      const connect = (): Promise<UdpPipe> => openUdpPipe(bench.token({ timeoutSeconds }));
      return {
        server: bench.transport,
        connect,
        pause: (pipe: ClientPipe) => (pipe as UdpPipe).pause(true),
        resume: (pipe: ClientPipe) => (pipe as UdpPipe).pause(false),
        vanish: (pipe: ClientPipe) => (pipe as UdpPipe).vanish(),
        halfOpen: async () => (await connect()).vanish(),
        stop: () => bench.transport.stop(),
      };
    },
  });
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
