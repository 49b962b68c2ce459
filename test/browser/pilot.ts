/**
 * The script that plays the arena's page. It runs inside the page: `installPilot` must not use anything outside itself.
 * It reads what the page shows and answers with the events that a keyboard and a mouse would make.
 */

export interface Pilot {
  id(): number;
  place(): { x: number; y: number } | null;
  /** The second window: whom to watch, and where that player is. */
  follow(id: number, place: { x: number; y: number } | null): void;
  lively(): boolean;
  facts(): {
    kills: number;
    deaths: number;
    gap: number;
    frames: number[];
    presses: number[];
    interpolationTicks: number;
    tickRateHz: number;
    correctionFreeMax: number;
  };
  /** When the watched player was seen to start moving, ms since the epoch. */
  seen(): number[];
}

export interface ShownPlayer {
  id: number;
  x: number;
  y: number;
  vx: number;
  vy: number;
  alive: boolean;
  kills: number;
  deaths: number;
}

interface PageGame {
  status: string;
  playerId: number;
  interpolationTicks: number;
  tickRateHz: number;
  stats: {
    snapshots: number;
    snapshotTick: number;
    correctionUnitsFreeMax: number;
    transport: string;
  };
  roster: readonly { id: number; kills: number; deaths: number }[];
}

declare global {
  interface Window {
    pilot: Pilot;
    fray: {
      game: PageGame;
      view: {
        me: ShownPlayer | null;
        players: readonly ShownPlayer[];
        entities: readonly unknown[];
      };
    };
  }
}

export function installPilot({ fights }: { fights: boolean }): void {
  const canvas = document.getElementById('scene') as HTMLCanvasElement;
  const frames: number[] = [];
  const presses: number[] = [];
  const seen: number[] = [];
  let goal: { x: number; y: number } | null = null;
  let watched = 0;
  let held = '';
  let firing = false;
  let lastFrame = 0;
  let stillSince = 0;
  let lastSeen: { x: number; y: number } | null = null;
  let restUntil = 0;
  let moveUntil = 0;
  let wander = 0;

  const key = (type: 'keydown' | 'keyup', code: string) => {
    document.body.dispatchEvent(new KeyboardEvent(type, { code, key: code, bubbles: true }));
  };
  const hold = (code: string) => {
    if (code === held) return;
    if (held) key('keyup', held);
    if (code) key('keydown', code);
    held = code;
  };
  const fire = (on: boolean) => {
    if (on === firing) return;
    firing = on;
    const options = { bubbles: true, button: 0, pointerType: 'mouse' };
    canvas.dispatchEvent(new PointerEvent(on ? 'pointerdown' : 'pointerup', options));
  };
  const point = (dx: number, dy: number) => {
    const box = canvas.getBoundingClientRect();
    const length = Math.hypot(dx, dy) || 1;
    canvas.dispatchEvent(
      new PointerEvent('pointermove', {
        bubbles: true,
        pointerType: 'mouse',
        clientX: box.width / 2 + (dx / length) * 120,
        clientY: box.height / 2 - (dy / length) * 120,
      }),
    );
  };
  const toward = (dx: number, dy: number) => {
    if (Math.abs(dx) > Math.abs(dy)) return dx > 0 ? 'KeyD' : 'KeyA';
    return dy > 0 ? 'KeyW' : 'KeyS';
  };

  /** Watches one player of the second window: still for 250 ms, then more than 0.05 units in a frame. */
  const watch = (now: number) => {
    const other = window.fray.view.players.find((player) => player.id === watched && player.alive);
    if (!other) {
      lastSeen = null;
      stillSince = 0;
      return;
    }
    const moved = lastSeen ? Math.hypot(other.x - lastSeen.x, other.y - lastSeen.y) : 0;
    lastSeen = { x: other.x, y: other.y };
    if (moved > 0.01) {
      if (stillSince && now - stillSince > 250 && moved < 2)
        seen.push(performance.timeOrigin + now);
      stillSince = 0;
    } else if (!stillSince) stillSince = now;
  };

  const steer = (now: number) => {
    const { me, players } = window.fray.view;
    if (!me?.alive) {
      hold('');
      fire(false);
      return;
    }
    let target: ShownPlayer | null = null;
    let best = Number.POSITIVE_INFINITY;
    for (const player of players) {
      const distance = Math.hypot(player.x - me.x, player.y - me.y);
      if (player.id !== me.id && player.alive && distance < best && player.id !== watched) {
        best = distance;
        target = player;
      }
    }
    if (fights && target) {
      const lead = best / 28;
      point(target.x + target.vx * lead - me.x, target.y + target.vy * lead - me.y);
      fire(best < 18);
    } else fire(false);
    if (now < restUntil) {
      hold('');
      return;
    }
    if (now < moveUntil) return;
    if (held && fights) {
      hold('');
      restUntil = now + 450;
      return;
    }
    wander += 1;
    const away = target && best < 5 && fights;
    const to = fights ? target : goal && Math.hypot(goal.x - me.x, goal.y - me.y) > 6 ? goal : null;
    if (!fights && !to) hold('');
    else if (to && wander % 4 !== 0) {
      const sign = away ? -1 : 1;
      hold(toward(sign * (to.x - me.x), sign * (to.y - me.y)));
    } else hold(['KeyW', 'KeyD', 'KeyS', 'KeyA'][(wander >> 2) % 4] ?? 'KeyW');
    if (fights && held) presses.push(performance.timeOrigin + performance.now());
    moveUntil = now + 350 + ((wander * 37) % 5) * 90;
  };

  /**
   * Distance of two snapshots in a row, from now on: the page's own counter also has what came while the other window
   * started. Of several in one frame, all the missing ones count as one gap.
   */
  let gap = 0;
  let [snapshots, tick] = [window.fray.game.stats.snapshots, window.fray.game.stats.snapshotTick];
  const gaps = () => {
    const { stats } = window.fray.game;
    if (stats.snapshots > snapshots)
      gap = Math.max(gap, stats.snapshotTick - tick - (stats.snapshots - snapshots) + 1);
    [snapshots, tick] = [stats.snapshots, stats.snapshotTick];
  };

  const frame = (now: number) => {
    gaps();
    requestAnimationFrame(frame);
    if (lastFrame) frames.push(now - lastFrame);
    lastFrame = now;
    steer(now);
    if (watched) watch(now);
  };
  requestAnimationFrame(frame);

  const own = () => window.fray.game.roster.find((row) => row.id === window.fray.game.playerId);
  window.pilot = {
    id: () => window.fray.game.playerId,
    place() {
      const me = window.fray.view.me;
      return me ? { x: me.x, y: me.y } : null;
    },
    follow(id, place) {
      watched = id;
      goal = place;
    },
    lively: () => window.fray.view.entities.length > 3 && window.fray.view.players.length > 4,
    facts: () => ({
      kills: own()?.kills ?? 0,
      deaths: own()?.deaths ?? 0,
      gap,
      frames,
      presses,
      interpolationTicks: window.fray.game.interpolationTicks,
      tickRateHz: window.fray.game.tickRateHz,
      correctionFreeMax: window.fray.game.stats.correctionUnitsFreeMax,
    }),
    seen: () => seen,
  };
}
