#!/usr/bin/env node
import type { CommandEntry } from './cli/command.ts';
/** The `fray` command. Only dispatches: each command is one file under src/cli. */
import { dispatch } from './cli/command.ts';

const COMMANDS: { readonly [name: string]: CommandEntry } = {
  new: {
    summary: 'Make a new game: schema, server, page and a test',
    load: async () => (await import('./cli/new.ts')).command,
  },
  dev: {
    summary: 'Serve the game in this folder to its author: a change shows within a second',
    load: async () => (await import('./cli/dev.ts')).command,
  },
  start: { summary: 'Start a server', load: async () => (await import('./cli/start.ts')).command },
  bots: {
    summary: 'Play on a server with headless clients, and judge what they saw',
    load: async () => (await import('./cli/bots.ts')).command,
  },
  loadtest: {
    summary: 'Find how many players a server holds (rule R), with real clients',
    load: async () => (await import('./cli/loadtest.ts')).command,
  },
  plan: {
    summary: 'Compute what a fleet needs, from measured figures',
    load: async () => (await import('./cli/plan.ts')).command,
  },
  bench: { summary: 'Run a benchmark', load: async () => (await import('./cli/bench.ts')).command },
  config: {
    summary: 'Print every option with value, origin, unit and range',
    load: async () => (await import('./cli/config.ts')).command,
  },
  debug: {
    summary: 'Kill a worker of a running server, and report how its rooms went on',
    load: async () => (await import('./cli/debug.ts')).command,
  },
  replay: {
    summary: 'Play a journal again, and verify every state hash in it',
    load: async () => (await import('./cli/replay.ts')).command,
  },
  step: {
    summary: 'Make a WebAssembly step of your own ready for a schema',
    load: async () => (await import('./cli/step.ts')).command,
  },
  token: {
    summary: 'Issue a connect token',
    load: async () => (await import('./cli/token.ts')).command,
  },
};

const code = await dispatch(process.argv.slice(2), COMMANDS, {
  out: (line) => void process.stdout.write(`${line}\n`),
  progress: (line) => void process.stderr.write(`${line}\n`),
  environment: process.env,
  folder: process.cwd(),
});
// An empty write is called back after all before it: nothing printed is lost in a pipe, and no forgotten handle keeps us alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
