/** The outpost's page: asks for a name, connects, and draws what the player sees. */
import { connect, type Watchable } from 'fray/client';
import { element } from '../../page-kit/element.ts';
import { onJournal, openJournal, reasonOf } from '../../page-kit/journal.ts';
import { openLobby } from '../../page-kit/lobby.ts';
import { outpost } from '../schema.ts';
import { ControlSurface } from './controls.ts';
import { Player } from './player.ts';
import { Stage } from './stage.ts';

start();

function start(): void {
  const canvas = element('scene') as HTMLCanvasElement;
  try {
    const player = new Player(new Stage(canvas), new ControlSurface(canvas));
    player.idle();
    openLobby(async (name, room, over) => {
      const game = await connect(location.href, { schema: outpost, name, room });
      element('lobby').hidden = true;
      player.play(game, over);
    });
    let current: Watchable<typeof outpost> | null = null;
    onJournal(async (source) => {
      // In the place of the journal before. A game that is played goes on.
      current?.close();
      current = null;
      if (element('lobby').hidden) return;
      current = await watchJournal(player, source);
    });
  } catch {
    element('trouble').textContent = 'This game needs WebGL, which this browser does not give.';
  }
}

/** Plays a journal; says in the lobby why it cannot. */
async function watchJournal(
  player: Player,
  source: URL | File,
): Promise<Watchable<typeof outpost> | null> {
  element('trouble').textContent = 'reading the journal';
  try {
    const journal = await openJournal(source, outpost);
    element('lobby').hidden = true;
    element('trouble').textContent = '';
    player.watch(journal, () => {
      element('lobby').hidden = false;
    });
    return journal;
  } catch (error) {
    element('trouble').textContent = reasonOf(error);
    return null;
  }
}
