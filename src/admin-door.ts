/** The admin port of a server, where it has one. */
import type { Config } from './config.ts';
import type { Administered } from './http/admin/facts.ts';
import { createAdminHttp } from './http/admin.ts';
import type { Log } from './ops/log.ts';
import { createMetrics, type MetricSources } from './ops/metrics.ts';
import { urlHost, withHint } from './ports.ts';
import type { ServerTransport } from './transport/types.ts';
import { transportOf } from './transport/types.ts';

export interface AdminDoor {
  readonly url: string;
  setTokens(tokens: readonly string[]): void;
  stop(): Promise<void>;
}

/** Opens it. Null where it is switched off. Rejects with E_PORT. */
export async function openAdmin(
  options: { readonly config: Config; readonly adminPage?: string | null; readonly log: Log },
  of: { readonly figures: MetricSources; readonly server: Administered },
): Promise<AdminDoor | null> {
  const { adminPort, adminHost, adminTokens } = options.config;
  if (adminPort === 0) return null;
  const admin = await createAdminHttp({
    metrics: createMetrics(of.figures),
    ready: () => of.figures.ready(),
    server: of.server,
    tokens: adminTokens,
    page: options.adminPage ?? null,
    log: options.log,
  });
  const port = await withHint('admin-port', admin.listen(adminPort, adminHost));
  return {
    url: `http://${urlHost(adminHost)}:${port}/`,
    setTokens: (tokens) => admin.setTokens(tokens),
    stop: () => admin.stop(),
  };
}

/** A drain that an operator asks for over HTTP. */
export function drainOf(
  { drainMs }: Config,
  stop: (graceMs: number) => Promise<void>,
): { readonly begun: Promise<void>; readonly begin: (graceMs: number | null) => number } {
  let tell: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    begun,
    begin: (asked) => {
      const graceMs = asked ?? drainMs;
      void stop(graceMs);
      tell();
      return graceMs;
    },
  };
}

/** The kind of transport that carries a pipe. */
export function kindOf(transports: readonly ServerTransport[], pipe: number): string {
  return transports.find(({ index }) => index === transportOf(pipe))?.kind ?? '';
}
