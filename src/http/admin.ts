/**
 * The operator's port: `/metrics` for Prometheus, `/healthz` and `/readyz`, the API and its page (admin/), and debug.ts. Loopback by default.
 * Metrics and health are for everybody who reaches the port; the API needs this machine or a token (admin/access.ts); the page
 * itself holds nothing and asks the API.
 *
 * On fastify, where the public port is on node:http: here requests are few and have bodies, parameters and answers to check.
 */
import type { AddressInfo } from 'node:net';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { ErrorName } from '../errors.ts';
import { FrayError } from '../errors.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import { checkAccess } from './admin/access.ts';
import type { Administered } from './admin/facts.ts';
import { addApi } from './admin/routes.ts';
import { debugRoutes } from './debug.ts';
import { refusedPort } from './public.ts';
import { findFile, sendFile } from './static.ts';

export interface AdminHttpOptions {
  readonly metrics: Metrics;
  readonly ready: () => boolean;
  readonly server: Administered;
  /** 64 hex digits each; empty: the API answers this machine alone. */
  readonly tokens: readonly string[];
  /** Folder of the built page; null: there is none. */
  readonly page: string | null;
  readonly log: Pick<Log, 'error'>;
}

export interface AdminHttp {
  /** Resolves with the port taken. Rejects with `E_PORT`. */
  listen(port: number, host: string): Promise<number>;
  /** From now on these are good. */
  setTokens(tokens: readonly string[]): void;
  /** Takes no more sockets, and ends what is left after half a second. */
  stop(): Promise<void>;
  /** What `/api/openapi.json` answers. */
  openapi(): object;
}

/** With the same limits on slow peers as the public port. */
export async function createAdminHttp(options: AdminHttpOptions): Promise<AdminHttp> {
  const { server, log } = options;
  let { tokens } = options;
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: 10_000,
    keepAliveTimeout: 5000,
    connectionTimeout: 15_000,
    http: { maxHeaderSize: 8192, headersTimeout: 5000, connectionsCheckingInterval: 500 },
    routerOptions: { maxParamLength: 48 },
    // Not what is not asked for: a mistyped property must not silently do nothing.
    ajv: { customOptions: { removeAdditional: false, useDefaults: false } },
  });
  app.server.maxConnections = ADMIN_SOCKETS_MAX;
  answerFailures(app, log);
  app.addHook('onRequest', async (request, reply) => {
    for (const [name, value] of Object.entries(HEADERS)) void reply.header(name, value);
    if (request.url.startsWith('/api')) checkAccess(request.raw, tokens);
  });
  await app.register(swagger, { openapi: openapiHead(server.figures.version) });
  // Routes that are added before a plugin has loaded are unknown to it.
  await app.register(async (api) => addApi(api, server));
  app.get('/api/openapi.json', { schema: { hide: true } as object }, () => app.swagger());
  addProbes(app, options);
  addDebug(app, options);
  addPage(app, options.page);
  await app.ready();
  return {
    openapi: () => app.swagger(),
    setTokens: (next) => {
      tokens = next;
    },
    async listen(port, host) {
      await app.listen({ port, host }).catch((error: NodeJS.ErrnoException) => {
        throw refusedPort(`${host}:${port}`, error);
      });
      return (app.server.address() as AddressInfo).port;
    },
    async stop() {
      const timer = setTimeout(() => app.server.closeAllConnections(), STOP_MS);
      await app.close();
      clearTimeout(timer);
    },
  };
}

function addProbes(app: FastifyInstance, { metrics, ready }: AdminHttpOptions): void {
  const hidden = { schema: { hide: true } as object };
  const state = (reply: FastifyReply, fine: boolean): FastifyReply =>
    reply
      .code(fine ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(fine ? 'ok\n' : 'not now\n');
  app.get('/healthz', hidden, (_, reply) => state(reply, true));
  app.get('/readyz', hidden, (_, reply) => state(reply, ready()));
  app.get('/metrics', hidden, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}

/** Raw, as they are written: they answer by themselves. */
function addDebug(app: FastifyInstance, { server }: AdminHttpOptions): void {
  const { routes, commands } = debugRoutes(server.directory);
  for (const [method, handlers] of [
    ['GET', routes],
    ['POST', commands],
  ] as const)
    for (const [url, handler] of Object.entries(handlers))
      app.route({
        method,
        url,
        schema: { hide: true } as object,
        handler: (request, reply) => {
          reply.hijack();
          handler(request.raw, reply.raw);
        },
      });
}

function addPage(app: FastifyInstance, page: string | null): void {
  if (page === null) return;
  const mounts = [{ path: '/', directory: page }];
  app.get('/*', { schema: { hide: true } as object }, async (request, reply) => {
    const found = await findFile(mounts, request.url.split('?', 1)[0] ?? '/');
    if (found === null) return reply.callNotFound();
    reply.hijack();
    for (const [name, value] of Object.entries(HEADERS)) reply.raw.setHeader(name, value);
    sendFile(request.raw, reply.raw, { ...found, cacheControl: 'no-cache' });
    return reply;
  });
}

/** Every failure is `{ code, message }`. */
function answerFailures(app: FastifyInstance, log: Pick<Log, 'error'>): void {
  app.setNotFoundHandler((_, reply) =>
    reply.code(404).send({ code: 'E_VALUE', message: 'Cannot answer: there is nothing here' }),
  );
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, request, reply) => {
    if (error instanceof FrayError) {
      const { code, message } = error;
      return reply.code(STATUSES[code] ?? 500).send({ code, message });
    }
    // What fastify refuses: a body that is no JSON, too long, or not as its schema says.
    const status = error.statusCode ?? 500;
    if (status < 500) {
      const message = `Cannot ${request.method} ${request.url}: ${error.message}`;
      return reply.code(status).send({ code: 'E_VALUE', message });
    }
    log.error('admin.failed', { url: request.url, error: String(error.stack) });
    return reply.code(500).send({ code: 'E_UNKNOWN', message: 'Cannot answer: see the log' });
  });
}

function openapiHead(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fray admin API',
      version,
      description: 'For operators, on the admin port: from the same machine, or with a token.',
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'adminTokens' } },
    },
  } as const;
}

/** Of every answer. The page runs its own script and style, and asks its own server: nothing else. */
const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

const STATUSES: { readonly [code in ErrorName]?: number } = {
  E_TOKEN_REQUIRED: 401,
  E_TOKEN_INVALID: 401,
  E_ORIGIN: 403,
  E_ROOM_UNKNOWN: 404,
  E_SESSION_OVER: 404,
  E_SHUTDOWN: 409,
};
/** A scraper or two, and a person with a page. */
const ADMIN_SOCKETS_MAX = 64;
const BODY_BYTES_MAX = 16_384;
/** ms. */
const STOP_MS = 500;
