/** Sockets that begin and never end, by the hundred: players on other sockets notice nothing. */
import t from 'tap';
import type { AttackName } from './attacks.ts';
import { Attack, drop, SECONDS, Stage, unnoticed } from './measure.ts';

const ROWS: readonly {
  readonly name: string;
  readonly attack: AttackName;
  readonly rises: string[];
}[] = [
  { name: 'a slow-loris with 200 sockets', attack: 'slowLoris', rises: [drop('http_slow')] },
  {
    name: '1,000 half-open WebSockets',
    attack: 'halfOpenSockets',
    rises: [drop('http_slow'), drop('session_handshake_timeouts')],
  },
];

t.setTimeout((SECONDS + 25) * 1000 * 5 * ROWS.length);
const stage = await Stage.open(t);
for (const { name, attack: kind, rises } of ROWS) {
  t.test(name, (t) =>
    unnoticed(t, rises, async (seed) => {
      const both = [stage.disturbed, stage.calm];
      const memory = () => Promise.all(both.map((server) => server.memory()));
      const before = await memory();
      const attack = new Attack(t, { name: kind, url: stage.disturbed.url, seed });
      const watch = await stage.watch(() => attack.begun());
      const saw = await attack.stop();
      const problems = await stage.leftBehind();
      // What open sockets hold is theirs; flat it has to be when they have gone.
      const after = await memory();
      const grown = (of: 'held' | 'rss', at: number): number =>
        (after[at]?.[of] ?? 0) - (before[at]?.[of] ?? 0);
      const flat = {
        heldBytes: grown('held', 0) - grown('held', 1),
        rssBytes: grown('rss', 0) - grown('rss', 1),
      };
      return { watch: { ...watch, ...flat }, problems, note: JSON.stringify(saw) };
    }),
  );
}
