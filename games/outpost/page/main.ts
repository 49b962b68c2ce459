/** The outpost's page: asks for a name, connects, and draws what the player sees. */
import { connect, type Watchable } from 'fray/client';
import { outpost } from '../schema.ts';
import { ControlSurface } from './controls.ts';
import { element } from './hud.ts';
import { onJournal, openJournal, reasonOf } from './journal.ts';
import { Player } from './player.ts';
import { Stage } from './stage.ts';

/** In the state of this page's entry in the history while a game runs. */
const PLAYING = 'playing';

start();

function start(): void {
  const canvas = element('scene') as HTMLCanvasElement;
  try {
    const player = new Player(new Stage(canvas), new ControlSurface(canvas));
    lobby(player);
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
    const journal = await openJournal(source);
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

/** Waits for a name, then plays; comes back with the reason when the game is over. */
function lobby(player: Player): void {
  const form = element('join') as HTMLFormElement;
  const name = element('name') as HTMLInputElement;
  const button = element('play') as HTMLButtonElement;
  name.value = localStorage.getItem('name') ?? '';
  name.focus();
  player.idle();
  const join = async () => {
    button.disabled = true;
    element('trouble').textContent = '';
    try {
      localStorage.setItem('name', name.value);
      const id = new URLSearchParams(location.hash.slice(1)).get('room');
      const room = id ? { id } : 'any';
      const game = await connect(location.href, { schema: outpost, name: name.value, room });
      element('lobby').hidden = true;
      history.replaceState(PLAYING, '');
      player.play(game, (reason) => {
        // Without a reason the page was left: who comes back to it wants to play on.
        if (reason) history.replaceState(null, '');
        element('lobby').hidden = false;
        element('trouble').textContent = reason;
      });
    } catch (error) {
      element('trouble').textContent = error instanceof Error ? error.message : String(error);
    }
    button.disabled = false;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    join();
  });
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted && history.state === PLAYING) join();
  });
}
