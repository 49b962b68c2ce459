/** What a metrics page is made of, with every transport there is and nobody in it. */
import { metricSources } from '../../src/http/figures.ts';
import { PublicHttp } from '../../src/http/public.ts';
import { udpDrops } from '../../src/netcode-transport.ts';
import type { MetricSources } from '../../src/ops/metrics.ts';
import type { RoomDirectory } from '../../src/room/directory.ts';
import { netcodeCounters } from '../../src/session/server/netcode.ts';
import { SessionTable } from '../../src/session/server/table.ts';
import { offerCounters } from '../../src/transport/server/rtc/signalling.ts';
import { UwsTransport } from '../../src/transport/server/uws.ts';
import { offerDrops } from '../../src/transport/server/webrtc.ts';

export function emptySources(t: { teardown(fn: () => void): void }): MetricSources {
  const sessions = new SessionTable({ schemaHash: 0n, unixMs: () => 0, random: () => undefined });
  const transport = new UwsTransport();
  t.teardown(() => void transport.stop());
  const directory = {
    workers: () => [],
    counters: {},
    facts: {},
    moves: { count: 0 },
    journal: null,
  } as unknown as RoomDirectory;
  const { counters } = transport;
  const udp = udpDrops(netcodeCounters(), { droppedFull: 0, errors: 0 });
  const transports = [
    transport,
    { kind: 'udp', counters, drops: udp },
    { kind: 'webrtc', counters, drops: offerDrops(offerCounters(), 0) },
  ];
  const parts = { directory, sessions, transports, http: new PublicHttp() };
  return metricSources({ ...parts, ready: () => true, version: '0' });
}
