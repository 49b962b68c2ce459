/** What happens on the screen while a game runs. */
import type { Game, GameEvent, Watchable } from 'fray/client';
import { devtools } from 'fray/devtools';
import { Vector3 } from 'three';
import type { Over } from '../../page-kit/lobby.ts';
import { BODY_HEIGHT, clearPart, EYE_HEIGHT } from '../map.ts';
import { OVER, type outpost, weapons } from '../schema.ts';
import { Beacon } from './beacon.ts';
import type { ControlSurface } from './controls.ts';
import { Crowd, type View } from './crowd.ts';
import { Effects } from './effects.ts';
import { Gun } from './gun.ts';
import { Hud } from './hud.ts';
import { palette, teamColours } from './palette.ts';
import { Receipts } from './receipts.ts';
import type { Stage } from './stage.ts';
import { Trails } from './trails.ts';

type OutpostGame = Game<typeof outpost>;
/** What is drawn: a game that is played, or a journal. */
type Shown = Watchable<typeof outpost>;

/** Seconds: a frame that took longer moves effects by no more. */
const STEP_MOST = 0.1;
/** Parts of the way to where it belongs that the eye goes in a second. */
const EYE_HASTE = 14;
/** Units at which the name of who stands in the crosshair is shown. */
const NAME_REACH = 50;
/** Units beside the line of sight that still count as in the crosshair. */
const NAME_WIDTH = 0.6;

interface Course {
  /** Before each frame, and after it was drawn. */
  before(): void;
  each(nowMs: number): void;
  readonly ended: Over;
}

/** One page's player: draws games, one after another, on one stage. */
export class Player {
  readonly #stage: Stage;
  readonly #surface: ControlSurface;
  readonly #crowd: Crowd;
  readonly #effects: Effects;
  readonly #beacon: Beacon;
  readonly #gun: Gun;
  readonly #from = new Vector3();
  readonly #way = new Vector3();
  readonly #end = new Vector3();
  readonly #eye = { x: 0, y: 0, z: 0 };
  readonly #target = { x: 0, y: 0, z: 0 };
  readonly #hud = new Hud();
  readonly #trails: Trails;
  #lastMs = 0;
  #alive = false;
  #watching = false;

  constructor(stage: Stage, surface: ControlSurface) {
    this.#stage = stage;
    this.#surface = surface;
    this.#crowd = new Crowd(stage.scene);
    this.#effects = new Effects(stage.scene);
    this.#trails = new Trails(this.#effects);
    this.#beacon = new Beacon(stage.scene);
    this.#gun = new Gun(stage.camera);
  }

  /** Behind the lobby: one picture of the place. */
  idle(): void {
    this.#gun.visible = false;
    this.#stage.look(-24, -17, 9, 0.62, -0.24);
    this.#stage.draw(performance.now());
  }

  /** Plays a game until it is over. */
  play(game: OutpostGame, ended: Over): void {
    const receipts = new Receipts(game, this.#stage.scene);
    const frames = { count: 0, ms: performance.now() };
    const tools = devtools(game, {
      rows: () => this.#drawn(frames),
      onToggle: (open) => receipts.watch(open),
    });
    receipts.heard = (text) => tools.note('receipt', text);
    this.#surface.playing = true;
    this.#surface.changed = () => game.setInput(this.#surface.sample());
    this.#surface.arm = (weapon) => arm(game, weapon);
    this.#watching = false;
    this.#show(game, {
      before: this.#surface.changed,
      each: (nowMs) => {
        frames.count += 1;
        receipts.show(nowMs);
      },
      ended: (...why) => {
        this.#surface.playing = false;
        this.#surface.changed = () => {};
        document.exitPointerLock();
        receipts.remove();
        ended(...why);
      },
    });
  }

  /** For the devtools: frames per second since they asked last. */
  #drawn(frames: { count: number; ms: number }): Record<string, string> {
    const nowMs = performance.now();
    const perSecond = (frames.count * 1000) / Math.max(1, nowMs - frames.ms);
    Object.assign(frames, { count: 0, ms: nowMs });
    return {
      frames: `${perSecond.toFixed(0)} /s`,
      'draw calls': String(this.#stage.drawCalls),
    };
  }

  /** Draws a journal until it is closed: the eyes look where their player looked. */
  watch(journal: Shown, ended: Over): void {
    this.#watching = true;
    this.#show(journal, { before() {}, each() {}, ended });
  }

  #show(game: Shown, course: Course): void {
    this.#hud.show();
    this.#alive = false;
    let running = true;
    game.on('status', (status, error) => {
      if (status !== 'closed') return;
      running = false;
      course.ended(error ? error.message : '', error?.code);
    });
    this.#listen(game);
    const frame = (nowMs: number) => {
      if (!running) return;
      requestAnimationFrame(frame);
      course.before();
      this.#frame(game, game.view(nowMs), nowMs);
      course.each(nowMs);
    };
    requestAnimationFrame(frame);
    // For the console and for scripted players: `fray.view` is that of the last frame.
    Object.assign(globalThis, {
      fray: { game, view: game.view(performance.now()), controls: this.#surface.controls },
    });
  }

  #listen(game: Shown): void {
    const row = (id: number) => game.roster.find((entry) => entry.id === id);
    game.onMessage('kill', ({ attacker, victim, weapon }) =>
      this.#hud.kill(row(attacker), row(victim), weapon),
    );
    game.onMessage('taken', ({ team }) => this.#hud.taken(team));
    game.on('event', (event) => {
      if (event.kind === 'shot') this.#shot(game, event);
      else {
        const victim = game.roster.find((entry) => entry.handle === event.object);
        this.#from.set(event.x, event.z, -event.y);
        const killed = event.kind === 'death';
        if (event.own && !victim?.own) this.#hud.hit(killed);
        if (victim?.own && !killed) return;
        const colour = teamColours[victim?.team ?? 0] ?? palette.spark;
        this.#effects.burst(this.#from, colour, killed ? 34 : 7, killed ? 6 : 4);
      }
    });
  }

  /** A tracer from the gun that is seen, not from the eye that aims. */
  #shot(game: Shown, event: GameEvent): void {
    const { camera } = this.#stage;
    if (event.own) this.#gun.fire(event.weapon);
    const shooter = event.own ? undefined : find(game.view(), event.subject);
    const pitch = event.own ? this.#surface.controls.pitch : (shooter?.pitch ?? 0);
    const flat = Math.cos(pitch);
    this.#way.set(Math.cos(event.aim) * flat, Math.sin(pitch), -Math.sin(event.aim) * flat);
    if (event.distance <= 0) return;
    const floor = this.#way.y < 0 ? event.z / -this.#way.y : Number.POSITIVE_INFINITY;
    const long = Math.min(event.distance, floor);
    const end = this.#end.set(event.x, event.z, -event.y).addScaledVector(this.#way, long);
    if (event.own) {
      this.#from.set(0.2, -0.17, -0.9).applyMatrix4(camera.matrixWorld);
    } else {
      this.#from.set(event.x, event.z - 0.1, -event.y).addScaledVector(this.#way, 0.9);
    }
    this.#way.copy(end).sub(this.#from);
    const seen = this.#way.length();
    if (seen > 0.5) this.#effects.tracer(this.#from, this.#way.normalize(), seen);
    if (long < 80) this.#effects.burst(end, 0xd8c4a0, 4, 2.5);
  }

  #eyeHeight = EYE_HEIGHT;

  #frame(game: Shown, view: View, nowMs: number): void {
    const seconds = Math.min(STEP_MOST, (nowMs - this.#lastMs) / 1000);
    this.#lastMs = nowMs;
    const { controls } = this.#surface;
    const { me } = view;
    if (me) {
      if (this.#watching) Object.assign(controls, { aim: me.aim, pitch: me.pitch });
      else if (me.alive && !this.#alive) {
        // A new life looks to the middle, wherever the last one looked.
        controls.aim = me.x < 0 ? 0 : Math.PI;
        controls.pitch = 0;
      }
      this.#alive = me.alive;
      // Shots leave at once where they will; the eye takes a moment to follow.
      const eye = me.alive ? me.height * (EYE_HEIGHT / BODY_HEIGHT) : 0.5;
      this.#eyeHeight += (eye - this.#eyeHeight) * Math.min(1, seconds * EYE_HASTE);
      this.#stage.look(me.x, me.y, me.z + this.#eyeHeight, controls.aim, controls.pitch);
      this.#gun.visible = me.alive;
      const speed = me.grounded ? Math.hypot(me.vx, me.vy) : 0;
      this.#gun.show(me.weapon, me.team, speed, seconds);
      this.#hud.vitals(me.alive ? me.health : 0, me.weapon, me.team);
      this.#hud.state(view, game.tickRateHz);
    }
    this.#stage.lift(view.movers);
    this.#crowd.show(view, seconds);
    this.#trails.show(view);
    this.#beacon.show(view, nowMs);
    this.#effects.advance(seconds);
    this.#aimedAt(view);
    this.#hud.fade(nowMs);
    this.#hud.table(game.roster, this.#surface.scores || view.room.phase === OVER, nowMs);
    this.#stage.draw(nowMs);
  }

  /** The name of who stands in the crosshair, in front of all walls. */
  #aimedAt({ me, players }: View): void {
    let [name, team] = ['', 0];
    let nearest = NAME_REACH;
    if (me?.alive) {
      const { aim, pitch } = this.#surface.controls;
      const flat = Math.cos(pitch);
      const [wayX, wayY, wayZ] = [Math.cos(aim) * flat, Math.sin(aim) * flat, Math.sin(pitch)];
      Object.assign(this.#eye, { x: me.x, y: me.y, z: me.z + this.#eyeHeight });
      for (const other of players) {
        if (other.own) continue;
        Object.assign(this.#target, { x: other.x, y: other.y, z: other.z + 1.1 });
        const [dx, dy, dz] = [other.x - me.x, other.y - me.y, this.#target.z - this.#eye.z];
        const along = dx * wayX + dy * wayY + dz * wayZ;
        if (along <= 0 || along >= nearest) continue;
        const beside = Math.hypot(dx - wayX * along, dy - wayY * along, (dz - wayZ * along) * 0.6);
        if (beside > NAME_WIDTH || clearPart(this.#eye, this.#target) < 1) continue;
        nearest = along;
        [name, team] = [other.name, other.team];
      }
    }
    this.#hud.target(name, team);
  }
}

function find(view: View, handle: number): View['players'][number] | undefined {
  return view.players.find((player) => player.handle === handle);
}

function arm(game: OutpostGame, weapon: number): void {
  const held = game.view().me?.weapon === 'launcher' ? 1 : 0;
  const wanted = weapon < 0 ? 1 - held : weapon;
  if (wanted !== held && wanted < weapons.length) game.send('arm', { weapon: wanted });
}
