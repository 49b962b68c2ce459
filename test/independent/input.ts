/** Input commands (SPEC 5). */
import { type BitReader, type BitWriter, Malformed } from './bits.ts';
import type { Game } from './game.ts';

export interface Controls {
  readonly buttons: number;
  /** -127..127. */
  readonly moveX: number;
  readonly moveY: number;
  readonly aim: number;
  readonly pitch: number;
  readonly aux: readonly number[];
}

/** What the player saw of the others: a tick and 1/65536 ticks, and how much newer the newest snapshot was. */
export interface View {
  readonly tick: number;
  readonly fraction: number;
  readonly held: number;
}

export interface Command {
  readonly tick: number;
  readonly controls: Controls;
  /** With buttons only. */
  readonly view?: View;
}

export const COMMANDS_MAX = 16;
export const FIRE = 1;
type Inputs = Pick<Game, 'inputButtons' | 'inputPitch' | 'inputAux'>;

/** Newest first, each for the tick before. */
export function writeCommands(w: BitWriter, game: Inputs, commands: readonly Command[]): void {
  w.put(5, commands.length);
  commands.forEach(({ tick, controls, view }, k) => {
    const former = commands[k - 1];
    if (former === undefined) w.put(32, tick);
    else w.put(1, same(controls, former.controls) ? 1 : 0);
    if (former === undefined || !same(controls, former.controls)) {
      w.put(game.inputButtons, controls.buttons);
      w.put(8, controls.moveX);
      w.put(8, controls.moveY);
      w.put(16, controls.aim);
      if (game.inputPitch) w.put(16, controls.pitch);
      for (let a = 0; a < game.inputAux; a += 1) w.put(16, controls.aux[a] ?? 0);
    }
    if (controls.buttons === 0) return;
    w.put(1, view === undefined ? 0 : 1);
    if (view === undefined) return;
    w.put(10, tick - view.tick);
    w.put(16, view.fraction);
    w.put(6, view.held);
  });
}

export function readCommands(r: BitReader, game: Inputs): Command[] {
  const count = r.u(5);
  if (count > COMMANDS_MAX) throw new Malformed(`${count} commands`);
  const commands: Command[] = [];
  const newest = count === 0 ? 0 : r.u(32);
  for (let k = 0; k < count; k += 1) {
    const former = commands[k - 1];
    const controls = former !== undefined && r.bit() ? former.controls : readControls(r, game);
    const tick = newest - k;
    const seen = controls.buttons !== 0 && r.bit();
    const view = seen ? { tick: tick - r.u(10), fraction: r.u(16), held: r.u(6) } : undefined;
    commands.push({ tick, controls, ...(view && { view }) });
  }
  return commands;
}

function readControls(r: BitReader, game: Inputs): Controls {
  const buttons = r.u(game.inputButtons);
  const moveX = r.s(8);
  const moveY = r.s(8);
  const aim = r.u(16);
  const pitch = game.inputPitch ? r.s(16) : 0;
  const aux = Array.from({ length: game.inputAux }, () => r.s(16));
  return { buttons, moveX, moveY, aim, pitch, aux };
}

function same(a: Controls, b: Controls): boolean {
  return (
    a.buttons === b.buttons &&
    a.moveX === b.moveX &&
    a.moveY === b.moveY &&
    a.aim === b.aim &&
    a.pitch === b.pitch &&
    a.aux.every((value, k) => value === b.aux[k])
  );
}
