/** Players as boxes, all in one instanced mesh; discs as their shadows in another, rockets in a third. */
import type { Game } from 'fray/client';
import {
  BoxGeometry,
  CircleGeometry,
  Color,
  DynamicDrawUsage,
  InstancedMesh,
  type Material,
  Matrix4,
  MeshBasicMaterial,
  MeshLambertMaterial,
  type Scene,
  SphereGeometry,
} from 'three';
import { BODY_HEIGHT } from '../map.ts';
import type { outpost } from '../schema.ts';
import { palette, teamColours } from './palette.ts';

export type View = ReturnType<Game<typeof outpost>['view']>;
export type Shown = View['players'][number];

const PLAYERS_MAX = 16;
/** Boxes of one body: legs, torso, pack, head, visor, gun, and a mark above friends. */
const PARTS = 8;
const ROCKETS_MAX = 32;
/** Metres walked in a full swing of both legs. */
const STRIDE = 2.4;

export class Crowd {
  readonly #bodies: InstancedMesh;
  readonly #discs: InstancedMesh;
  readonly #rockets: InstancedMesh;
  /** By entity index: metres walked, for the legs. */
  readonly #walked = new Float32Array(4096);
  #parts = 0;
  readonly #root = new Matrix4();
  readonly #part = new Matrix4();
  readonly #turn = new Matrix4();
  readonly #colour = new Color();
  readonly #dark = teamColours.map((colour) => new Color(colour).multiplyScalar(0.55));
  readonly #light = teamColours.map((colour) => new Color(colour));
  readonly #cloth = new Color(palette.cloth);
  readonly #skin = new Color(palette.skin);
  readonly #gun = new Color(palette.gun);

  constructor(scene: Scene) {
    const box = new BoxGeometry(1, 1, 1);
    this.#bodies = many(box, new MeshLambertMaterial(), PLAYERS_MAX * PARTS);
    this.#bodies.setColorAt(0, this.#colour);
    const shade = new MeshBasicMaterial({
      color: 0x2a1c10,
      transparent: true,
      opacity: 0.34,
      depthWrite: false,
    });
    this.#discs = many(new CircleGeometry(0.55, 16).rotateX(-Math.PI / 2), shade, PLAYERS_MAX);
    const glow = new MeshBasicMaterial({ color: palette.spark, fog: false });
    this.#rockets = many(new SphereGeometry(0.2, 10, 8), glow, ROCKETS_MAX);
    scene.add(this.#bodies, this.#discs, this.#rockets);
  }

  /** `seconds` since the last frame. */
  show(view: View, seconds: number): void {
    const own = view.me?.team ?? 0;
    this.#parts = 0;
    let discs = 0;
    for (const player of view.players) {
      if (player.own || !player.alive || discs >= PLAYERS_MAX) continue;
      this.#player(player, own, seconds);
      this.#part.makeTranslation(player.x, Math.max(0.03, player.z + 0.03), -player.y);
      this.#discs.setMatrixAt(discs, this.#part);
      discs += 1;
    }
    let rockets = 0;
    for (const entity of view.entities) {
      if (entity.kind !== 'projectile' || rockets >= ROCKETS_MAX) continue;
      this.#part.makeTranslation(entity.x, entity.z, -entity.y);
      this.#rockets.setMatrixAt(rockets, this.#part);
      rockets += 1;
    }
    finish(this.#bodies, this.#parts);
    finish(this.#discs, discs);
    finish(this.#rockets, rockets);
    if (this.#bodies.instanceColor) this.#bodies.instanceColor.needsUpdate = true;
  }

  #player(player: Shown, own: number, seconds: number): void {
    const index = player.handle & 0xfff;
    const walked = (this.#walked[index] ?? 0) + Math.hypot(player.vx, player.vy) * seconds;
    this.#walked[index] = walked;
    const swing = player.grounded ? Math.sin((walked / STRIDE) * 2 * Math.PI) * 0.28 : 0.2;
    const team = player.team;
    const [dark, light] = [this.#dark[team] ?? this.#cloth, this.#light[team] ?? this.#cloth];
    this.#root.makeRotationY(player.aim - Math.PI / 2);
    this.#root.multiply(this.#turn.makeScale(1, player.height / BODY_HEIGHT, 1));
    this.#root.setPosition(player.x, player.z, -player.y);
    const nod = Math.max(-0.7, Math.min(0.7, player.pitch));
    this.#box(-0.16, 0.42, -swing * 0.5, 0.24, 0.84, 0.28, this.#cloth, swing);
    this.#box(0.16, 0.42, swing * 0.5, 0.24, 0.84, 0.28, this.#cloth, -swing);
    this.#box(0, 1.16, 0, 0.66, 0.7, 0.38, light, 0);
    this.#box(0, 1.2, 0.27, 0.46, 0.5, 0.18, dark, 0);
    this.#box(0, 1.74, -0.02, 0.38, 0.4, 0.38, this.#skin, nod);
    this.#box(0, 1.85, 0, 0.44, 0.22, 0.46, dark, nod);
    const rocket = player.weapon === 'launcher';
    this.#box(0.27, 1.4, -0.42, rocket ? 0.24 : 0.12, rocket ? 0.24 : 0.16, 1, this.#gun, nod);
    if (team === own) this.#box(0, 2.42, 0, 0.16, 0.16, 0.16, light, Math.PI / 4);
  }

  /** One part of the body at hand: its middle (right, up, back), its size, and how far it nods. */
  #box(
    ...[x, y, z, wide, high, deep, colour, nod]: [
      x: number,
      y: number,
      z: number,
      wide: number,
      high: number,
      deep: number,
      colour: Color,
      nod: number,
    ]
  ): void {
    this.#part.makeScale(wide, high, deep);
    if (nod !== 0) this.#part.premultiply(this.#turn.makeRotationX(nod));
    this.#part.premultiply(this.#turn.makeTranslation(x, y, z)).premultiply(this.#root);
    this.#bodies.setMatrixAt(this.#parts, this.#part);
    this.#bodies.setColorAt(this.#parts, colour);
    this.#parts += 1;
  }
}

function many(
  geometry: BoxGeometry | CircleGeometry | SphereGeometry,
  paint: Material,
  most: number,
): InstancedMesh {
  const mesh = new InstancedMesh(geometry, paint, most);
  mesh.instanceMatrix.setUsage(DynamicDrawUsage);
  mesh.frustumCulled = false;
  mesh.count = 0;
  return mesh;
}

function finish(mesh: InstancedMesh, count: number): void {
  mesh.count = count;
  mesh.instanceMatrix.needsUpdate = true;
}
