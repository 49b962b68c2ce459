/**
 * The page of a game at work: Vite's own server, from the author's packages. It hands on to the game's server what is for that, so that
 * the page has one address while servers behind it come and go.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FrayError } from '../../errors.ts';
import { packageRoot } from '../games.ts';

export interface PageOptions {
  /** With index.html. */
  readonly folder: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Absolute paths of files whose change is the server's business first; the page is loaded again with the new server. */
  readonly shared: () => ReadonlySet<string>;
  /** What Vite finds wrong with the page. */
  readonly onError: (text: string) => void;
}

export class PageServer {
  readonly url: string;
  readonly #vite: ViteServer;
  readonly #proxies: Proxy[];

  private constructor(vite: ViteServer, url: string, proxies: Proxy[]) {
    this.#vite = vite;
    this.url = url;
    this.#proxies = proxies;
  }

  /** Rejects with E_CONFIG where Vite is not installed, E_PORT for a port that is taken. */
  static async open(options: PageOptions): Promise<PageServer> {
    const { folder, host, port } = options;
    const { createServer, searchForWorkspaceRoot } = await loadVite(folder);
    const proxies: Proxy[] = [];
    const toServer = {
      target: UNKNOWN,
      configure: (_: unknown, proxy: Proxy) => void proxies.push(proxy),
    };
    const heard = process.listeners('SIGTERM');
    const vite = await createServer({
      root: folder,
      clearScreen: false,
      customLogger: loggerOf(options.onError),
      // It finds its core beside itself, and would not in another folder.
      optimizeDeps: { exclude: ['fray'] },
      server: {
        host,
        port,
        strictPort: true,
        proxy: { '/ws': { ...toServer, ws: true }, '/rtc': toServer, '/connect': toServer },
        fs: { allow: [searchForWorkspaceRoot(folder), packageRoot()] },
      },
      plugins: [
        {
          name: 'fray',
          handleHotUpdate: ({ file }: { file: string }) =>
            options.shared().has(file) ? [] : undefined,
        },
      ],
    });
    // Vite would end the process itself, before the rooms have.
    for (const listener of process.listeners('SIGTERM'))
      if (!heard.includes(listener)) process.off('SIGTERM', listener);
    try {
      await vite.listen();
    } catch (cause) {
      await vite.close();
      const state = cause instanceof Error ? cause.message : String(cause);
      const text = `Cannot listen on ${host}:${port}: ${state}; choose another with --port or FRAY_PORT`;
      throw new FrayError('E_PORT', text, { cause });
    }
    const address = vite.httpServer?.address();
    const bound = typeof address === 'object' ? address?.port : port;
    return new PageServer(vite, `http://${host}:${bound}/`, proxies);
  }

  /** From now on players go to this server: `http://127.0.0.1:40001/`. Pages are loaded again. */
  pointTo(url: string): void {
    for (const proxy of this.#proxies) proxy.target = url;
    // Its own watcher may not have seen yet what the server is made of already.
    this.#vite.moduleGraph.invalidateAll();
    this.#vite.ws.send({ type: 'full-reload' });
  }

  close(): Promise<void> {
    return this.#vite.close();
  }
}

/** Of Vite what is used here, which all of its versions since 3 have. */
interface Vite {
  createServer(options: object): Promise<ViteServer>;
  searchForWorkspaceRoot(folder: string): string;
}

interface ViteServer {
  readonly httpServer: { address(): { readonly port: number } | string | null } | null;
  readonly moduleGraph: { invalidateAll(): void };
  readonly ws: { send(message: { readonly type: string }): void };
  listen(): Promise<unknown>;
  close(): Promise<void>;
}

/** Options of one of its proxies, as that reads them with each request. */
interface Proxy {
  target: string;
}

async function loadVite(folder: string): Promise<Vite> {
  let path: string;
  try {
    path = createRequire(join(folder, 'package.json')).resolve('vite');
  } catch (cause) {
    const text = `Cannot serve the page of ${folder}: Vite is not installed there; npm install --save-dev vite`;
    throw new FrayError('E_CONFIG', text, { cause });
  }
  return (await import(pathToFileURL(path).href)) as Vite;
}

/** Errors alone, and none of sockets: they break with each server that ends. */
function loggerOf(onError: (text: string) => void): object {
  const ignore = (): void => {};
  return {
    hasWarned: false,
    info: ignore,
    warn: ignore,
    warnOnce: ignore,
    clearScreen: ignore,
    hasErrorLogged: () => false,
    error: (text: string) => {
      if (!/proxy (socket )?error/.test(text)) onError(text);
    },
  };
}

/** Until there is a server: the port that nobody listens on. */
const UNKNOWN = 'http://127.0.0.1:9/';
