/** The arena's page: asks for a name, connects, and draws. */
import { connect, type Game, type Watchable } from 'fray/client';
import { devtools } from 'fray/devtools';
import { element } from '../../page-kit/element.ts';
import { onJournal, openJournal, reasonOf } from '../../page-kit/journal.ts';
import { backToLobby, type Over, openLobby } from '../../page-kit/lobby.ts';
import { arena } from '../schema.ts';
import { type ControlSurface, listen } from './controls.ts';
import { Effects } from './effects.ts';
import { gunOf, Hud } from './hud.ts';
import { palette, playerColour } from './palette.ts';
import { Receipts } from './receipts.ts';
import { Scene, type View } from './scene.ts';

type ArenaGame = Game<typeof arena>;
/** What is drawn: a game that is played, or a journal. */
type Shown = Watchable<typeof arena>;

const canvas = element('scene') as HTMLCanvasElement;
const scene = new Scene(canvas, element('map'));
const effects = new Effects();
const hud = new Hud();
const surface = listen(canvas, () => {
  document.body.classList.add('touch');
  element('sticks').hidden = false;
  scene.resize();
});

/** The journal on the screen. */
let journal: Shown | null = null;

openLobby(async (name, room, over) => {
  play(await connect(location.href, { schema: arena, name, room }), over);
});
onJournal(watchJournal);

/** Plays a journal in the place of the one before; says in the lobby why it cannot. A game that is played goes on. */
async function watchJournal(source: URL | File): Promise<void> {
  journal?.close();
  journal = null;
  if (element('lobby').hidden) return;
  element('trouble').textContent = 'reading the journal';
  try {
    journal = await openJournal(source, arena);
    surface.enabled = false;
    show(journal, { each: () => {}, ended: backToLobby });
  } catch (error) {
    element('trouble').textContent = reasonOf(error);
  }
}

function play(game: ArenaGame, ended: Over): void {
  const over = new AbortController();
  const receipts = new Receipts(game);
  const tools = devtools(game, { onToggle: (open) => receipts.watch(open) });
  receipts.heard = (text) => tools.note('receipt', text);
  chat(game, surface, over.signal);
  surface.changed = () => game.setInput(surface.sample());
  show(game, {
    each: (nowMs) => receipts.draw(scene, nowMs),
    before: surface.changed,
    ended: (...why) => {
      surface.changed = () => {};
      over.abort();
      ended(...why);
    },
  });
}

interface Course {
  /** Before each frame, and after it was drawn. */
  readonly before?: () => void;
  each(nowMs: number): void;
  readonly ended: Over;
}

/** Draws a game or a journal until it is over. */
function show(game: Shown, course: Course): void {
  element('lobby').hidden = true;
  element('trouble').textContent = '';
  hud.show();
  scene.resize();
  let running = true;
  let killer = '';
  game.onMessage('kill', ({ attacker, victim, streak }) => {
    const attackerName = nameOf(game, attacker);
    if (victim === game.playerId) killer = attacker === victim ? '' : attackerName;
    hud.kill(attackerName, nameOf(game, victim), streak);
  });
  game.onMessage('chat', ({ from, text }) => hud.say(nameOf(game, from), text));
  game.on('event', (event) => {
    if (event.kind === 'shot') {
      effects.muzzle(event.x, event.y, event.aim);
      if (event.distance > 0) effects.beam(event.x, event.y, event.aim, event.distance);
    } else if (event.kind === 'hit') {
      effects.hit(event.x, event.y, event.own);
    } else {
      const victim = game.roster.find((row) => row.handle === event.object);
      effects.death(event.x, event.y, victim ? playerColour(victim.colour) : palette.gold);
    }
  });
  game.on('status', (status, error) => {
    if (status !== 'closed') return;
    running = false;
    course.ended(error ? error.message : '', error?.code);
  });
  const frame = (nowMs: number) => {
    if (!running) return;
    requestAnimationFrame(frame);
    course.before?.();
    const view = game.view(nowMs);
    effects.advance(nowMs);
    scene.draw(view, effects, effects.shake);
    const me = view.me;
    if (me) {
      hud.vitals(me.alive ? me.health : 0, me.dashReady, gunOf(me));
      if (game.status === 'resuming') hud.fallen('Reconnecting', 'your place is kept');
      else
        hud.fallen(me.alive ? '' : 'You are down', me.alive ? '' : killer && `${killer} got you`);
    }
    hud.scores(() => [...game.roster], game.playerId, nowMs);
    course.each(nowMs);
  };
  requestAnimationFrame(frame);
  expose(game, game.view(performance.now()));
}

function nameOf(game: Shown, id: number): string {
  return game.roster.find((row) => row.id === id)?.name ?? 'somebody';
}

function chat(game: ArenaGame, controls: ControlSurface, signal: AbortSignal): void {
  const form = element('say') as HTMLFormElement;
  const words = element('words') as HTMLInputElement;
  const close = () => {
    form.classList.remove('open');
    controls.enabled = true;
    words.blur();
  };
  close();
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && document.activeElement !== words) {
      event.preventDefault();
      form.classList.add('open');
      controls.enabled = false;
      words.focus();
    } else if (event.key === 'Escape') close();
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const text = words.value.trim();
    words.value = '';
    close();
    if (text) game.send('chat', { text });
  };
  addEventListener('keydown', key, { signal });
  form.addEventListener('submit', submit, { signal });
}

/** For the console and for scripted players: `fray.game`, and `fray.view` of the last frame. */
function expose(game: Shown, view: View): void {
  Object.assign(globalThis, { fray: { game, view } });
}
