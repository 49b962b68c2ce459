/**
 * `fray/devtools`: what a game's page shows its author, over any game: the line, the entities in sight and what they cost, what was
 * corrected and when, and sliders that make the line worse. One import and one call; nothing of it is in `fray/client`.
 *
 * It shows what this client knows. Of an entity the server alone knows its priority and how long its state has waited; the panel says so.
 */
import type { Game, GameSchema } from '../client/game.ts';
import { EntitiesSection } from './entities.ts';
import { LinkSection } from './link.ts';
import { NetSection } from './net.ts';
import { Panel } from './panel.ts';
import { TimelineSection } from './timeline.ts';

export interface DevtoolsOptions {
  /** The key that opens and closes the panel, as `KeyboardEvent.key` names it. With Shift it takes the focus there and back. Default `F3`. */
  readonly key?: string;
  /** Default false: the key opens it. */
  readonly open?: boolean;
  /** Where its element goes. Default: the page's body. */
  readonly place?: HTMLElement;
  /** More rows of the net graph, by name; asked four times a second while the panel is open. Default none. */
  readonly rows?: () => Readonly<Record<string, string>>;
  /** Told when the panel opens or closes while the game runs: where a page asks its game for receipts, say. */
  readonly onToggle?: (open: boolean) => void;
}

export interface Devtools {
  readonly open: boolean;
  /** Opens or closes the panel. */
  show(open: boolean): void;
  /** A line of the timeline under a kind of the author's: `note('receipt', 'hit, 83 ms ago')`. The last 200 lines are kept. */
  note(kind: string, text: string): void;
  /** Takes the panel away. Happens by itself when the game closes. */
  close(): void;
}

/**
 * Puts the panel over the page of a running game. Costs a look at some counters per frame while it is closed. Touches nothing of the
 * page: it stands in a shadow tree of its own, and its keys do not reach the game while it has the focus.
 */
export function devtools<S extends GameSchema>(
  game: Game<S>,
  options: DevtoolsOptions = {},
): Devtools {
  const watched = game as unknown as Game<GameSchema>;
  const timeline = new TimelineSection(watched);
  const sections = [
    new NetSection(watched, options.rows),
    new LinkSection(watched),
    timeline,
    new EntitiesSection(watched),
  ];
  const panel = new Panel(sections, options);
  const off = game.on('status', (status) => {
    if (status === 'closed') close();
  });
  const close = (): void => {
    off();
    timeline.close();
    panel.close();
  };
  return {
    get open() {
      return panel.open;
    },
    show: (open) => panel.show(open),
    note: (kind, text) => timeline.note(kind, text),
    close,
  };
}
