/** Starts Debian's Chromium for tests, and a Fray server from the built files. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { packageRoot } from '../../src/cli/games.ts';

const root = packageRoot();

/** Chromium as it is found on Debian, or where FRAY_CHROMIUM says. `without` names flags of Playwright's to leave out. */
export function openChromium(
  extra: readonly string[] = [],
  without: readonly string[] = [],
): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    ignoreDefaultArgs: [...without],
    args: [
      ...FLAGS,
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      ...extra,
    ],
  });
}

export interface PlainChromium {
  readonly context: BrowserContext;
  close(): Promise<void>;
}

/**
 * Chromium as a person has it: of its tabs one is visible and the others are hidden, with slow timers and no frames.
 * (Playwright makes all tabs of the browsers it launches believe that they are visible and in focus.)
 */
export async function openPlainChromium(): Promise<PlainChromium> {
  const profile = mkdtempSync(join(tmpdir(), 'fray-chromium-'));
  const flags = [...FLAGS, '--headless=new', '--remote-debugging-port=0'];
  const child = spawn(chromiumPath(), [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const close = async () => {
    killGroup(child);
    await ended;
    // Its helpers may still write for a moment: they die with the group, but nobody is told when.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  };
  try {
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        const found = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
        if (found) resolve(found);
      });
      ended.then((code) => reject(new Error(`Chromium ended with ${code}`)));
    });
    const browser = await chromium.connectOverCDP(address, { noDefaults: true });
    const [context] = browser.contexts();
    if (!context) throw new Error('Chromium has no window');
    return { context, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Chromium is many processes; those that outlive the first one write into its profile. */
function killGroup(leader: ChildProcess): void {
  if (leader.pid === undefined || leader.exitCode !== null || leader.signalCode !== null) return;
  process.kill(-leader.pid, 'SIGKILL');
}

/**
 * What a page says that no page should: errors on its console, exceptions, and breaches of its content security policy.
 * Call it before the page is loaded.
 */
export async function complaintsOf(page: Page): Promise<string[]> {
  const heard: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') heard.push(message.text());
  });
  page.on('pageerror', (error) => heard.push(error.message));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.effectiveDirective} forbids ${event.blockedURI}`);
    });
  });
  return heard;
}

function chromiumPath(): string {
  const path = process.env['FRAY_CHROMIUM'] ?? '/usr/bin/chromium';
  if (existsSync(path)) return path;
  throw new Error(`Cannot open a browser: ${path} is missing; tools/setup installs it.`);
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface RunningServer {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<number | null>;
}

/** `fray start` on a free port, from `dist/` or as installed in `folder`; resolves when it has printed its address. */
export function startServer(flags: readonly string[], folder = root): Promise<RunningServer> {
  const command = folder === root ? 'dist/cli.js' : 'node_modules/fray/dist/cli.js';
  const child = spawn(
    process.execPath,
    [command, 'start', '--port', '0', '--adminPort', '0', ...flags],
    {
      cwd: folder,
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
