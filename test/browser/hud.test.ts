/** What the demo game has to show for itself: names, scores, kill feed, mini-map, crates, dash, death and return. */
import { test } from 'tap';
import { ARENA_SIZE } from '../../games/arena/map.ts';
import { join, sees } from './arena-page.ts';
import { complaintsOf, openChromium, startServer } from './chromium.ts';

/** What is read here of the page's console variable. */
interface Shown {
  readonly view: {
    readonly me: { readonly alive: boolean; readonly dashReady: number } | null;
    readonly players: readonly { readonly name: string; readonly own: boolean }[];
    readonly entities: readonly { readonly kind: string }[];
  };
}

test('a player sees names, scores, kills, the map and crates, dashes, dies and returns', {
  timeout: 240_000,
}, async (t) => {
  const server = await startServer(['--bots', '12', '--logLevel', 'error']);
  t.teardown(() => server.stop());
  const browser = await openChromium();
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const complaints = await complaintsOf(page);
  page.setDefaultTimeout(90_000);
  await page.goto(server.url);
  await join(page, 'Ada');
  await sees(page);

  await page.waitForFunction(() => document.querySelectorAll('#scores li').length === 8);
  t.match(await page.textContent('#scores'), 'Ada', 'the own row is among the scores');
  await page.waitForFunction(() => {
    const { players } = (window.fray as unknown as Shown).view;
    return players.length > 2 && players.every(({ name }) => name !== '');
  });
  t.pass('those in sight have names');
  // The player may be dead just now, and who is dead is not on the map.
  await page.waitForFunction(ownDotIsWhite, ARENA_SIZE);
  t.pass('the mini-map shows where one is');

  await page.keyboard.down('KeyD');
  const dashes = () => {
    const { me } = (window.fray as unknown as Shown).view;
    return me !== null && me.dashReady < 0.9;
  };
  // Again and again: the dead do not dash, and the player may be dead just now.
  do await page.keyboard.press('Space', { delay: 100 });
  while (!(await page.evaluate(dashes)));
  await page.keyboard.up('KeyD');
  t.pass('the dash runs');

  await page.waitForFunction(() => document.querySelector('#feed li') !== null);
  t.pass('a kill stands in the feed');
  await page.waitForFunction(() => !document.getElementById('fallen')?.hidden);
  t.equal(await page.evaluate(() => (window.fray as unknown as Shown).view.me?.alive), false);
  await page.waitForFunction(() => {
    const fallen = document.getElementById('fallen');
    return fallen?.hidden && (window.fray as unknown as Shown).view.me?.alive;
  });
  t.pass('who has fallen returns');
  await page.waitForFunction(() =>
    (window.fray as unknown as Shown).view.entities.some(({ kind }) => kind === 'crate'),
  );
  t.pass('a crate is in sight');
  t.same(complaints, []);
});

/** Runs in the page: whether the mini-map is white at the own player's place. */
function ownDotIsWhite(size: number): boolean {
  const { me } = (window.fray as unknown as { view: { me: { x: number; y: number } | null } }).view;
  if (me === null) return false;
  const box = document.getElementById('map')?.getBoundingClientRect() ?? new DOMRect();
  const unit = box.width / size;
  const [x, y] = [box.left + (me.x + size / 2) * unit, box.top + (size / 2 - me.y) * unit];
  const pen = (document.getElementById('scene') as HTMLCanvasElement).getContext('2d');
  const colour = pen?.getImageData(x, y, 1, 1).data.slice(0, 3) ?? [];
  return colour.length === 3 && colour.every((part) => part === 255);
}
