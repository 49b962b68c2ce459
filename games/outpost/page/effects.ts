/** Sparks, smoke and tracers: two instanced meshes over fixed pools. Nothing is allocated while playing. */
import {
  AdditiveBlending,
  BoxGeometry,
  Color,
  DynamicDrawUsage,
  InstancedMesh,
  Matrix4,
  MeshBasicMaterial,
  Quaternion,
  type Scene,
  Vector3,
} from 'three';
import { palette } from './palette.ts';

const SPARKS = 320;
const TRACERS = 48;
/** Seconds. */
const TRACER_LIFE = 0.09;
/** Units of a tracer that are seen at once, and its speed in units per second. */
const TRACER_LENGTH = 7;

/** Columns of a spark. */
const [X, Y, Z, VX, VY, VZ, AGE, LIFE, SIZE, FALL] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const COLUMNS = 10;

export class Effects {
  readonly #sparks: InstancedMesh;
  readonly #rows = new Float32Array(SPARKS * COLUMNS);
  readonly #tracers: InstancedMesh;
  /** From, direction, length, age. */
  readonly #shots = new Float32Array(TRACERS * 8);
  #nextSpark = 0;
  #nextShot = 0;
  readonly #matrix = new Matrix4();
  readonly #place = new Vector3();
  readonly #size = new Vector3();
  readonly #way = new Vector3();
  readonly #turn = new Quaternion();
  readonly #ahead = new Vector3(0, 0, 1);
  readonly #colour = new Color();
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

  constructor(scene: Scene) {
    const paint = new MeshBasicMaterial({ fog: false });
    this.#sparks = new InstancedMesh(new BoxGeometry(1, 1, 1), paint, SPARKS);
    const glow = new MeshBasicMaterial({
      color: palette.spark,
      blending: AdditiveBlending,
      transparent: true,
      depthWrite: false,
      fog: false,
    });
    this.#tracers = new InstancedMesh(new BoxGeometry(1, 1, 1), glow, TRACERS);
    for (const mesh of [this.#sparks, this.#tracers]) {
      mesh.instanceMatrix.setUsage(DynamicDrawUsage);
      mesh.frustumCulled = false;
      scene.add(mesh);
    }
    for (let n = 0; n < SPARKS; n += 1) {
      this.#sparks.setColorAt(n, this.#colour);
      this.#rows[n * COLUMNS + LIFE] = 0;
    }
    this.#shots.fill(TRACER_LIFE);
  }

  /** A shot's light from a muzzle along a direction (of length 1) for `long` units; coordinates of the scene. */
  tracer(from: Vector3, way: Vector3, long: number): void {
    const at = this.#nextShot * 8;
    this.#nextShot = (this.#nextShot + 1) % TRACERS;
    this.#shots.set([from.x, from.y, from.z, way.x, way.y, way.z, long, 0], at);
  }

  /** `count` sparks from a place. */
  burst(place: Vector3, colour: number, count: number, speed: number): void {
    this.#colour.setHex(colour);
    const most = this.#calm ? Math.ceil(count / 4) : count;
    for (let n = 0; n < most; n += 1) {
      const turn = Math.random() * 2 * Math.PI;
      const up = Math.random() * 1.6 - 0.5;
      const pace = speed * (0.3 + 0.7 * Math.random());
      this.#spark(place, 0.05 + Math.random() * 0.08, 0.25 + Math.random() * 0.35, 9);
      const at = this.#lastSpark();
      this.#rows[at + VX] = Math.cos(turn) * pace;
      this.#rows[at + VY] = up * pace;
      this.#rows[at + VZ] = Math.sin(turn) * pace;
    }
  }

  /** A puff that hangs in the air: the trail of a rocket. */
  puff(place: Vector3, colour: number, size: number): void {
    this.#colour.setHex(colour);
    this.#spark(place, size, 0.5, -0.6);
    const at = this.#lastSpark();
    this.#rows.fill(0, at + VX, at + VZ + 1);
  }

  explosion(place: Vector3): void {
    this.burst(place, palette.spark, 26, 9);
    this.burst(place, 0xf0713c, 18, 6);
    this.burst(place, 0x5a5048, 14, 3);
  }

  advance(seconds: number): void {
    for (let n = 0; n < SPARKS; n += 1) {
      const at = n * COLUMNS;
      const age = (this.#rows[at + AGE] as number) + seconds;
      const life = this.#rows[at + LIFE] as number;
      this.#rows[at + AGE] = age;
      const left = age < life ? 1 - age / life : 0;
      const rows = this.#rows;
      (rows[at + VY] as number) -= (rows[at + FALL] as number) * seconds;
      (rows[at + X] as number) += (rows[at + VX] as number) * seconds;
      (rows[at + Y] as number) += (rows[at + VY] as number) * seconds;
      (rows[at + Z] as number) += (rows[at + VZ] as number) * seconds;
      const size = (rows[at + SIZE] as number) * left;
      this.#matrix.makeScale(size, size, size);
      this.#matrix.setPosition(
        rows[at + X] as number,
        rows[at + Y] as number,
        rows[at + Z] as number,
      );
      this.#sparks.setMatrixAt(n, this.#matrix);
    }
    this.#sparks.instanceMatrix.needsUpdate = true;
    this.#drawTracers(seconds);
  }

  #drawTracers(seconds: number): void {
    for (let n = 0; n < TRACERS; n += 1) {
      const at = n * 8;
      const shots = this.#shots;
      const age = shots[at + 7] as number;
      shots[at + 7] = age + seconds;
      const part = Math.min(1, age / TRACER_LIFE);
      const long = shots[at + 6] as number;
      const head = Math.min(long, TRACER_LENGTH + part * long);
      const tail = Math.max(0, head - TRACER_LENGTH);
      const thick = part < 1 ? 0.035 * (1 - 0.6 * part) : 0;
      this.#way.set(shots[at + 3] as number, shots[at + 4] as number, shots[at + 5] as number);
      this.#place.set(shots[at] as number, shots[at + 1] as number, shots[at + 2] as number);
      this.#place.addScaledVector(this.#way, (head + tail) / 2);
      this.#turn.setFromUnitVectors(this.#ahead, this.#way);
      this.#size.set(thick, thick, thick === 0 ? 0 : head - tail);
      this.#matrix.compose(this.#place, this.#turn, this.#size);
      this.#tracers.setMatrixAt(n, this.#matrix);
    }
    this.#tracers.instanceMatrix.needsUpdate = true;
  }

  #spark(place: Vector3, size: number, life: number, fall: number): void {
    const at = this.#nextSpark * COLUMNS;
    this.#rows[at + X] = place.x;
    this.#rows[at + Y] = place.y;
    this.#rows[at + Z] = place.z;
    this.#rows[at + AGE] = 0;
    this.#rows[at + LIFE] = life;
    this.#rows[at + SIZE] = size;
    this.#rows[at + FALL] = fall;
    this.#sparks.setColorAt(this.#nextSpark, this.#colour);
    if (this.#sparks.instanceColor) this.#sparks.instanceColor.needsUpdate = true;
    this.#nextSpark = (this.#nextSpark + 1) % SPARKS;
  }

  #lastSpark(): number {
    return ((this.#nextSpark + SPARKS - 1) % SPARKS) * COLUMNS;
  }
}
