/** The arena's page as tests use it: joining, and what its console variable `fray` shows. */
import type { Page } from 'playwright-core';
import type { ShownPlayer } from './pilot.ts';

/** What the tests read of `fray.game`. */
export interface ArenaFacts {
  readonly status: string;
  readonly playerId: number;
  /** Names of the room's players. */
  readonly names: readonly string[];
  readonly snapshots: number;
  readonly commands: number;
  /** Ticks that the view is behind the newest snapshot. */
  readonly behind: number;
  readonly interpolationTicks: number;
  readonly me: { readonly x: number; readonly y: number; readonly speed: number } | null;
  readonly visibility: string;
}

/** Types a name and plays; resolves in the room, rejects with what the page says of a refusal. The page must be visible. */
export async function join(page: Page, name: string): Promise<void> {
  await page.fill('#name', name);
  await page.click('#play');
  const trouble = await page.waitForFunction(() => {
    if ('fray' in window) return 'none';
    return document.getElementById('trouble')?.textContent;
  });
  const said = await trouble.jsonValue();
  if (said !== 'none') throw new Error(`${name} cannot join: ${said}`);
}

/** Resolves after 15 snapshots, with the player alive. */
export async function sees(page: Page): Promise<void> {
  await page.waitForFunction(
    () => window.fray?.game.stats.snapshots > 15 && window.fray.view.me?.alive,
  );
}

/** What the page knows now; a hidden one has drawn no frame, so the view is asked anew. */
export function factsOf(page: Page): Promise<ArenaFacts> {
  return page.evaluate(() => {
    const game = window.fray.game as unknown as {
      status: string;
      playerId: number;
      interpolationTicks: number;
      roster: readonly { name: string }[];
      stats: { snapshots: number; snapshotTick: number; commands: number };
      view(): { tick: number; me: ShownPlayer | null };
    };
    const { stats, status, playerId, interpolationTicks } = game;
    const { tick, me } = game.view();
    return {
      status,
      playerId,
      interpolationTicks,
      names: game.roster.map((row) => row.name),
      snapshots: stats.snapshots,
      commands: stats.commands,
      behind: stats.snapshotTick - tick,
      me: me?.alive ? { x: me.x, y: me.y, speed: Math.hypot(me.vx, me.vy) } : null,
      visibility: document.visibilityState,
    };
  });
}
