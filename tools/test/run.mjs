/** Runs one command of the test runner: with a time limit for it and all that it started, and its output kept. */
import { spawn } from 'node:child_process';

/** Groups of processes that are running now; ended when the runner itself is. */
const running = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of running) endGroup(child, 'SIGKILL');
    process.exit(130);
  });
}

/**
 * Resolves with `{ code, output, errors, timedOut }`; never rejects. `code` is -1 for a command that could not start
 * or was ended. Standard input is closed.
 */
export function run(command, args, { cwd, env, timeoutMs }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that the limit ends browsers and servers of a test too.
      detached: true,
    });
    running.add(child);
    let [output, errors, timedOut] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
    });
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child, 'SIGKILL');
    }, timeoutMs);
    let ended = false;
    const end = (code) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      running.delete(child);
      // What a test left behind must not disturb the next one.
      endGroup(child, 'SIGKILL');
      resolve({ code: code ?? -1, output, errors, timedOut });
    };
    child.once('error', (cause) => {
      errors += `${cause.message}\n`;
      end(-1);
    });
    child.once('close', end);
    // A grandchild that holds the pipes open is no reason to wait for it.
    child.once('exit', (code) => setTimeout(end, 2000, code).unref());
  });
}

function endGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}
