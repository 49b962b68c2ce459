/** Starts Debian's Chromium for tests, and a Fray server from the built files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Chromium as it is found on Debian, or where FRAY_CHROMIUM says. */
export function openChromium(extra: readonly string[] = []): Promise<Browser> {
  const path = process.env['FRAY_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(path)) {
    throw new Error(`Cannot open a browser: ${path} is missing; tools/setup installs it.`);
  }
  return chromium.launch({
    executablePath: path,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      ...extra,
    ],
  });
}

export interface RunningServer {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<number | null>;
}

/** `fray start` from `dist/` on a free port; resolves when it has printed its address. */
export function startServer(flags: readonly string[]): Promise<RunningServer> {
  const child = spawn(
    process.execPath,
    ['dist/cli.js', 'start', '--port', '0', '--adminPort', '0', ...flags],
    {
      cwd: root,
      env: withoutOptions(),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const said: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  return new Promise((resolve, reject) => {
    const hear = (line: string) => {
      said.push(line);
      const url = /https?:\/\/[\d.]+:\d+/.exec(line)?.[0];
      if (url) {
        resolve({
          url,
          process: child,
          stop() {
            child.kill('SIGTERM');
            return ended;
          },
        });
      }
    };
    createInterface({ input: child.stdout }).on('line', hear);
    createInterface({ input: child.stderr }).on('line', hear);
    ended.then((code) => reject(new Error(`The server ended with ${code}:\n${said.join('\n')}`)));
  });
}

/** The environment without variables of Fray's own, which the server would take for its options. */
function withoutOptions(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('FRAY_')),
  );
}
