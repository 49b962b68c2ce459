/**
 * Clients that are stopped, machines that sleep, networks that are gone, and a server that sleeps itself. Played beside the
 * same room without it; see measure.ts. A stop lasts half of FRAY_TEST_HOSTILE_SECONDS.
 */
import t from 'tap';
import { drop, SECONDS, Stage, unnoticed } from './measure.ts';
import { pause } from './metronome.ts';
import { Relay, Sleeper } from './sleepers.ts';

// A client is silent after 1 s, and the room's numbers come out once a second.
const STOP_SECONDS = Math.max(2.5, SECONDS / 2);
const IDLE_SECONDS = STOP_SECONDS * 1.4;
/** Longer than a silent connection stays open, and not as long as a client waits for its server. */
const SERVER_SECONDS = STOP_SECONDS * 1.8;
/** From the second on in which it is away; longer than the short stops, shorter than the long ones. */
const RESUME_SECONDS = STOP_SECONDS * 2.4;
const TOO_LONG_SECONDS = STOP_SECONDS * 3.2;

t.setTimeout(180_000 + SECONDS * 30_000);
const stage = await Stage.open(t, [
  ...['--idle-timeout-ms', String(IDLE_SECONDS * 1000)],
  ...['--resume-ms', String(RESUME_SECONDS * 1000)],
]);
const { url, child } = stage.disturbed;

t.test('kill -STOP of a client: nobody notices, and after CONT it is back', (t) =>
  unnoticed(t, ['fray_silent_clients', 'fray_inputs_missing_total'], async () => {
    const one = await Sleeper.start(t, url, 'runs');
    const watch = await stage.watch(async () => one.stop(), STOP_SECONDS);
    one.wake();
    return { watch, note: `back ${await one.back()} ms after CONT` };
  }),
);

t.test('a machine that sleeps, its clock standing or leaping, is back when it wakes', (t) =>
  unnoticed(t, ['fray_silent_clients', 'fray_inputs_missing_total'], async () => {
    const all = [await Sleeper.start(t, url, 'stands'), await Sleeper.start(t, url, 'leaps')];
    const watch = await stage.watch(async () => {
      for (const one of all) one.stop();
    }, STOP_SECONDS);
    for (const one of all) one.wake();
    const ms = await Promise.all(all.map((one) => one.back()));
    return { watch, note: `back ${ms.join(' and ')} ms after waking` };
  }),
);

t.test('a machine that sleeps for too long is told so when it wakes, and joins again', (t) => {
  const rises = [drop('session_idle_timeouts'), drop('session_E_TIMEOUT'), 'fray_leaves_total'];
  return unnoticed(t, rises, async () => {
    const one = await Sleeper.start(t, url, 'stands');
    const watch = await stage.watch(async () => one.stop(), TOO_LONG_SECONDS);
    one.wake();
    await one.until('it is closed', ({ status }) => status === 'closed');
    const { code } = await one.look();
    const told = ['E_TIMEOUT', 'E_SESSION_OVER'].includes(code);
    await one.say('join');
    const note = `back ${await one.back()} ms after joining again`;
    return { watch, note, problems: told ? [] : [`closed with ${code}`] };
  });
});

t.test('a client whose network is gone gives up with a code, as the server gives up on it', (t) =>
  unnoticed(t, [drop('session_idle_timeouts')], async () => {
    const relay = await Relay.open(t, Number(new URL(url).port));
    const one = await Sleeper.start(t, relay.url, 'runs');
    const watch = await stage.watch(async () => relay.cut(), TOO_LONG_SECONDS);
    // It seeks the way back for as long as the server said that it waits.
    const ms = await one.until('it is closed', ({ status }) => status === 'closed', 45_000);
    const { code } = await one.look();
    const note = `closed ${ms} ms after the watch`;
    return { watch, note, problems: code === 'E_TIMEOUT' ? [] : [`closed with ${code}`] };
  }),
);

t.test('a server that sleeps goes on where it was, with all its players', async (t) => {
  const sleepers = [await Sleeper.start(t, url, 'stands'), await Sleeper.start(t, url, 'leaps')];
  const seconds = SERVER_SECONDS;
  const skipped = async (): Promise<number> =>
    (await stage.disturbed.metrics()).get('fray_ticks_skipped_total{worker="0"}') ?? 0;
  const skippedBefore = await skipped();
  await stage.seen();
  for (const one of sleepers) one.stop();
  child.kill('SIGSTOP');
  await pause(seconds * 1000);
  child.kill('SIGCONT');
  for (const one of sleepers) one.wake();
  const ms = await Promise.all(sleepers.map((one) => one.back()));
  const [seen, calm] = await stage.seen();
  const missed = calm.ticks - seen.ticks;
  t.comment(`${seconds} s asleep: ${missed} ticks behind; clients back after ${ms.join(', ')} ms`);
  t.ok(
    missed >= seconds * 30 - CATCH_UP_TICKS - SLACK_TICKS,
    'it makes up for three ticks at most',
  );
  t.ok(seen.ticks > 15, 'and goes on');
  t.equal(seen.backward, 0, 'time only moves forward');
  t.same(seen.ended, [], 'nobody is closed for what the server slept through');
  t.ok((await skipped()) - skippedBefore >= seconds * 30 - CATCH_UP_TICKS - SLACK_TICKS, 'counted');
  await unnoticed(t, [], async () => {
    const watch = await stage.watch(async () => undefined);
    const missing = watch.rose.get('fray_inputs_missing_total') ?? 0;
    const share = missing / (watch.disturbed.ticks * watch.disturbed.players);
    const problems = share > 0.2 ? [`${missing} commands are missing`] : [];
    return { watch, problems, note: `afterwards ${missing} commands are missing` };
  });
});

const CATCH_UP_TICKS = 3;
/** Two processes are asked one after the other. */
const SLACK_TICKS = 4;
