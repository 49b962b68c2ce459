/** The admin page: asks the API every two seconds while it is seen, and shows what it says. */
import type {
  Drop,
  Player,
  Room,
  ServerAnswer,
  SessionsAnswer,
  TicksAnswer,
  WorstTick,
} from './answers.ts';
import { ask, Refusal, useToken } from './api.ts';
import { byId, element, table } from './element.ts';
import { inspector } from './inspector.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
/** What a tick's bar is made of, by the stages in it: a colour for each. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  enter: ['enter'],
  world: ['ingest', 'apply', 'simulate', 'resolve'],
  plugin: ['plugin'],
  snapshots: ['command', 'record', 'select', 'encode'],
  out: ['out'],
};
const LOOK_MS = 2000;

const view = inspector();
const rooms = table<Room>(byId('rooms-table'), {
  empty: 'no room is open',
  key: ({ id }) => id,
  columns: [
    { head: 'room', cell: ({ id }) => id },
    { head: 'people', number: true, cell: ({ people, playersMax }) => `${people} / ${playersMax}` },
    { head: 'bots', number: true, cell: ({ bots }) => String(bots) },
    { head: 'entities', number: true, cell: ({ entities }) => String(entities) },
    { head: 'tick', number: true, cell: ({ tick }) => String(tick) },
    { head: 'worker', number: true, cell: ({ worker }) => String(worker) },
  ],
  button: {
    text: 'Inspect',
    label: ({ id }) => `Inspect room ${id}`,
    press: ({ id }) => view.open(id),
  },
});
const players = table<Player>(byId('players-table'), {
  empty: 'nobody is here',
  key: ({ session }) => String(session),
  columns: [
    { head: 'name', cell: ({ name, userId }) => name || userId },
    { head: 'room', cell: ({ room }) => room },
    { head: 'by', cell: ({ transport, away }) => (away ? 'away' : transport) },
    { head: 'address', cell: ({ address }) => address },
    { head: 'state', cell: ({ state }) => state },
  ],
  button: {
    text: 'Kick',
    label: ({ name, userId }) => `Kick ${name || userId}`,
    press: (player) => void kick(player),
  },
});
const worst = table<WorstTick>(byId('worst-table'), {
  empty: 'no tick was timed yet',
  key: ({ worker, room, tick }) => `${worker} ${room} ${tick}`,
  columns: [
    { head: 'ms', number: true, cell: ({ us }) => (us / 1000).toFixed(2) },
    { head: 'longest stage', cell: ({ stage }) => stage },
    { head: Object.keys(PARTS).join(' '), cell: stagesBar },
    { head: 'room', cell: ({ room }) => room || 'closed' },
    { head: 'tick', number: true, cell: ({ tick }) => String(tick) },
    { head: 'ago', number: true, cell: ({ agoMs }) => `${Math.round(agoMs / 1000)} s` },
  ],
});
const sessions = table<SessionsAnswer['transports'][number]>(byId('sessions-table'), {
  empty: 'no transport',
  key: ({ transport }) => transport,
  columns: [
    { head: 'transport', cell: ({ transport }) => transport },
    { head: 'sessions', number: true, cell: ({ sessions: count }) => String(count) },
    { head: 'MB in', number: true, cell: ({ bytesIn }) => (bytesIn / 1e6).toFixed(2) },
    { head: 'MB out', number: true, cell: ({ bytesOut }) => (bytesOut / 1e6).toFixed(2) },
  ],
});
const drops = table<Drop>(byId('drops-table'), {
  empty: 'nothing was dropped',
  key: ({ reason }) => reason,
  columns: [
    { head: 'reason', cell: ({ reason }) => reason },
    { head: 'count', number: true, cell: ({ count }) => String(count) },
  ],
});

const level = byId<HTMLSelectElement>('level');
const drain = byId<HTMLButtonElement>('drain');
for (const name of LEVELS) level.append(new Option(name));
level.addEventListener('change', () => void act(ask('log-level', 'PUT', { level: level.value })));
drain.addEventListener('click', () => void askDrain());
byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  useToken(byId<HTMLInputElement>('token').value.trim());
  void look();
});
document.addEventListener('visibilitychange', () => void look());
void look();
setInterval(() => void look(), LOOK_MS);

async function look(): Promise<void> {
  if (document.hidden) return;
  try {
    const [server, open, here, ticks, carried, lost] = await Promise.all([
      ask<ServerAnswer>('server'),
      ask<{ rooms: Room[] }>('rooms'),
      ask<{ players: Player[] }>('players'),
      ask<TicksAnswer>('ticks'),
      ask<SessionsAnswer>('sessions'),
      ask<{ drops: Drop[] }>('drops'),
    ]);
    byId('login').hidden = true;
    byId('main').hidden = false;
    showServer(server, carried);
    rooms([...open.rooms].sort((a, b) => b.people - a.people));
    players(here.players);
    showHistogram(ticks);
    worst(ticks.worst);
    sessions(carried.transports);
    drops([...lost.drops].sort((a, b) => b.count - a.count));
  } catch (error) {
    refused(error);
  }
}

function showServer(server: ServerAnswer, { open, away }: SessionsAnswer): void {
  byId('game').textContent = server.game;
  const state = server.draining ? 'draining' : server.ready ? 'takes players' : 'takes nobody now';
  say(`${state}, version ${server.version}, up ${duration(server.uptimeMs)}`, !server.ready);
  drain.disabled = server.draining;
  level.disabled = false;
  if (document.activeElement !== level) level.value = server.logLevel;
  const overload = Math.max(0, ...server.workers.map(({ overloadLevel }) => overloadLevel));
  const skipped = server.workers.reduce((sum, { ticksSkipped }) => sum + ticksSkipped, 0);
  const figures: readonly (readonly [string, number])[] = [
    ['rooms', server.rooms],
    ['people', server.players],
    ['bots', server.bots],
    ['connections', open],
    ['away', away],
    ['workers', server.workers.length],
    ['overload', overload],
    ['ticks left out', skipped],
  ];
  const cards = figures.map(([name, value]) => {
    const card = element('div');
    card.append(element('dt', name), element('dd', String(value)));
    return card;
  });
  byId('figures').replaceChildren(...cards);
}

/** All workers in one. A bar's height goes by the square root: one slow tick among many is to be seen. */
function showHistogram({ workers }: TicksAnswer): void {
  const first = workers[0]?.duration;
  if (first === undefined) return;
  const counts = first.counts.map((_, at) =>
    workers.reduce((sum, { duration: one }) => sum + (one.counts[at] ?? 0), 0),
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  const most = Math.max(1, ...counts);
  const bars = element('div', '', 'bars');
  const axis = element('div', '', 'axis');
  counts.forEach((count, at) => {
    const bar = element('div');
    const bound = first.boundsUs[at];
    const name = bound === undefined ? 'more' : shortTime(bound);
    bar.style.height = `${Math.sqrt(count / most) * 100}%`;
    bar.title = `${count} ticks up to ${name}`;
    bars.append(bar);
    axis.append(element('span', name));
  });
  const p50 = Math.max(...workers.map(({ duration: { p50Us } }) => p50Us));
  const p99 = Math.max(...workers.map(({ duration: { p99Us } }) => p99Us));
  const words = `${total} ticks since the start; half take less than ${shortTime(p50)}, 99 of 100 less than ${shortTime(p99)}`;
  bars.setAttribute('role', 'img');
  bars.setAttribute('aria-label', words);
  byId('histogram').replaceChildren(bars, axis, element('div', words));
}

function stagesBar({ stagesUs, us }: WorstTick): HTMLElement {
  const bar = element('div', '', 'stages');
  const times = Object.entries(stagesUs);
  bar.title = times.map(([name, took]) => `${name} ${shortTime(took)}`).join(', ');
  bar.setAttribute('role', 'img');
  bar.setAttribute('aria-label', bar.title);
  for (const [name, stages] of Object.entries(PARTS)) {
    const part = element('div', '', name);
    const took = stages.reduce((total, stage) => total + (stagesUs[stage] ?? 0), 0);
    part.style.width = `${(took / us) * 100}%`;
    bar.append(part);
  }
  return bar;
}

async function kick({ session, name, userId }: Player): Promise<void> {
  const reason = await confirm(`Kick ${name || userId}?`, 'Kick', true);
  if (reason === null) return;
  await act(ask(`players/${session}/kick`, 'POST', reason === '' ? {} : { reason }));
}

async function askDrain(): Promise<void> {
  const text =
    'Drain the server? Nobody comes in any more, those inside are told, and after its grace time the process ends.';
  if ((await confirm(text, 'Drain', false)) !== null) await act(ask('drain', 'POST', {}));
}

/** The reason that was given; null: it was taken back. */
function confirm(text: string, yes: string, wantsReason: boolean): Promise<string | null> {
  const dialog = byId<HTMLDialogElement>('ask');
  const reason = byId<HTMLInputElement>('ask-reason');
  byId('ask-text').textContent = text;
  byId('ask-yes').textContent = yes;
  byId('ask-label').hidden = !wantsReason;
  reason.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => resolve(dialog.returnValue === 'yes' ? reason.value.trim() : null),
      { once: true },
    );
  });
}

async function act(done: Promise<unknown>): Promise<void> {
  await done.then(look, refused);
}

function refused(error: unknown): void {
  if (error instanceof Refusal && error.status === 401) {
    byId('login').hidden = false;
    byId('main').hidden = true;
  }
  say(error instanceof Refusal ? error.message : 'The server is not reached.', true);
}

function say(text: string, isBad: boolean): void {
  const state = byId('state');
  if (state.textContent !== text) state.textContent = text;
  state.classList.toggle('bad', isBad);
}

function shortTime(us: number): string {
  return us < 1000 ? `${Math.round(us)} us` : `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`;
}

function duration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 1
    ? `${Math.round(ms / 1000)} s`
    : minutes < 120
      ? `${minutes} min`
      : `${Math.floor(minutes / 60)} h`;
}
