/** What the own player holds: two guns made of boxes in front of the camera, which bob, kick and flash. */
import {
  AdditiveBlending,
  BoxGeometry,
  Group,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  type PerspectiveCamera,
  PlaneGeometry,
} from 'three';
import { palette, teamColours } from './palette.ts';

/** Seconds that a flash is seen. */
const FLASH = 0.05;

export class Gun {
  readonly #hand = new Group();
  readonly #guns: Readonly<Record<'rifle' | 'launcher', Group>>;
  readonly #flash: Mesh;
  readonly #trim = new MeshLambertMaterial();
  /** Who wants less motion has a gun that stays where it is; its flash says that it fired. */
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  #kick = 0;
  #flashLeft = 0;
  #walked = 0;
  #swap = 0;
  #shown = '';

  constructor(camera: PerspectiveCamera) {
    const body = new MeshLambertMaterial({ color: palette.gun });
    const dull = new MeshLambertMaterial({ color: 0x4a505c });
    const skin = new MeshLambertMaterial({ color: palette.skin });
    const rifle = new Group();
    rifle.add(
      box([0.07, 0.09, 0.46], [0, 0, 0], body),
      box([0.035, 0.035, 0.3], [0, 0.015, -0.36], dull),
      box([0.05, 0.03, 0.16], [0, 0.075, -0.02], dull),
      box([0.05, 0.16, 0.07], [0, -0.11, -0.02], dull),
      box([0.075, 0.03, 0.2], [0, -0.02, -0.06], this.#trim),
      box([0.08, 0.08, 0.14], [0.01, -0.08, 0.18], skin),
      box([0.07, 0.06, 0.1], [-0.03, -0.07, -0.2], skin),
    );
    const launcher = new Group();
    launcher.add(
      box([0.14, 0.14, 0.66], [0, 0.02, -0.05], body),
      box([0.17, 0.17, 0.08], [0, 0.02, -0.38], dull),
      box([0.145, 0.05, 0.16], [0, 0.02, -0.1], this.#trim),
      box([0.05, 0.14, 0.07], [0, -0.12, 0.06], dull),
      box([0.08, 0.08, 0.14], [0.01, -0.14, 0.12], skin),
    );
    this.#guns = { rifle, launcher };
    const light = new MeshBasicMaterial({
      color: palette.spark,
      blending: AdditiveBlending,
      transparent: true,
      depthWrite: false,
      fog: false,
    });
    this.#flash = new Mesh(new PlaneGeometry(0.22, 0.22), light);
    this.#flash.visible = false;
    this.#hand.add(rifle, launcher, this.#flash);
    camera.add(this.#hand);
  }

  fire(weapon: string): void {
    this.#kick = this.#calm ? 0 : weapon === 'launcher' ? 1 : 0.5;
    this.#flashLeft = FLASH;
    this.#flash.rotation.z = Math.random() * Math.PI;
  }

  /** `speed`: of the own player over the ground. */
  show(weapon: string, team: number, speed: number, seconds: number): void {
    if (weapon !== this.#shown) {
      this.#shown = weapon;
      this.#swap = this.#calm ? 0 : 1;
      this.#guns.rifle.visible = weapon === 'rifle';
      this.#guns.launcher.visible = weapon === 'launcher';
    }
    this.#trim.color.setHex(teamColours[team] ?? palette.neutral);
    this.#kick *= Math.exp(-11 * seconds);
    this.#swap *= Math.exp(-9 * seconds);
    this.#flashLeft -= seconds;
    this.#walked += speed * seconds;
    const sway = this.#calm ? 0 : Math.min(1, speed / 6);
    this.#hand.position.set(
      0.21 + Math.sin(this.#walked * 1.3) * 0.008 * sway,
      -0.21 - Math.abs(Math.cos(this.#walked * 1.3)) * 0.012 * sway - this.#swap * 0.25,
      -0.56 + this.#kick * 0.07,
    );
    this.#hand.rotation.x = this.#kick * 0.08 - this.#swap * 0.7;
    this.#flash.visible = this.#flashLeft > 0;
    this.#flash.position.set(0, 0.015, weapon === 'launcher' ? -0.5 : -0.56);
  }

  set visible(on: boolean) {
    this.#hand.visible = on;
  }
}

type Triple = readonly [number, number, number];

function box(size: Triple, at: Triple, paint: MeshLambertMaterial): Mesh {
  const mesh = new Mesh(new BoxGeometry(...size), paint);
  mesh.position.set(...at);
  return mesh;
}
