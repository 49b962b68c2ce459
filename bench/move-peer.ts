/** W3 in rapier2d-simd: kinematic bodies that its character controller moves, or dynamic ones that are given a velocity. */
import type { Point } from './bot-room.ts';
import type { Peer } from './peers.ts';
import { loadPeer } from './peers.ts';

/** A square world around 0, metres. */
export interface W3 {
  readonly edge: number;
  readonly radius: number;
  readonly players: readonly Point[];
  readonly walls: readonly Point[];
  /** Half an edge of a wall. */
  readonly wallHalf: number;
}

interface Body {
  translation(): Point;
  setNextKinematicTranslation(to: Point): void;
  setLinvel(velocity: Point, wake: boolean): void;
}

interface BodyDesc {
  setTranslation(x: number, y: number): BodyDesc;
  lockRotations(): BodyDesc;
}

interface Shape {
  setFriction(coefficient: number): Shape;
}

/** What is used of it. */
export interface Rapier {
  init(): Promise<void>;
  readonly World: new (
    gravity: Point,
  ) => {
    timestep: number;
    createRigidBody(desc: BodyDesc): Body;
    createCollider(desc: Shape, parent?: Body): object;
    createCharacterController(offset: number): {
      computeColliderMovement(collider: object, wish: Point): void;
      computedMovement(): Point;
    };
    step(): void;
  };
  readonly RigidBodyDesc: {
    fixed(): BodyDesc;
    kinematicPositionBased(): BodyDesc;
    dynamic(): BodyDesc;
  };
  readonly ColliderDesc: { ball(radius: number): Shape; cuboid(x: number, y: number): Shape };
}

/** It, its own WASM started; or a line that says how to get it. */
export async function loadRapier(): Promise<Peer<Rapier> | string> {
  const peer = await loadPeer<Rapier>('@dimforge/rapier2d-simd-compat');
  if (typeof peer !== 'string') await peer.module.init();
  return peer;
}

/** How players are made of it. */
export const FORMS = ['kinematic', 'dynamic'] as const;
export type Form = (typeof FORMS)[number];

export class RapierWorld {
  readonly #form: Form;
  readonly #world: InstanceType<Rapier['World']>;
  readonly #controller: ReturnType<InstanceType<Rapier['World']>['createCharacterController']>;
  readonly #bodies: readonly Body[];
  readonly #colliders: readonly object[];
  readonly #wish = { x: 0, y: 0 };
  readonly #before: Float64Array;

  constructor({ World, RigidBodyDesc, ColliderDesc }: Rapier, w3: W3, form: Form) {
    this.#form = form;
    const world = new World({ x: 0, y: 0 });
    world.timestep = TICK_S;
    this.#world = world;
    this.#controller = world.createCharacterController(OFFSET);
    const fixed = (x: number, y: number, halfX: number, halfY: number): void => {
      const body = world.createRigidBody(RigidBodyDesc.fixed().setTranslation(x, y));
      world.createCollider(ColliderDesc.cuboid(halfX, halfY), body);
    };
    for (const { x, y } of w3.walls) fixed(x, y, w3.wallHalf, w3.wallHalf);
    const half = w3.edge / 2;
    for (const side of [-1, 1]) {
      fixed(side * (half + 1), 0, 1, half + 2);
      fixed(0, side * (half + 1), half + 2, 1);
    }
    const desc = (): BodyDesc =>
      form === 'kinematic'
        ? RigidBodyDesc.kinematicPositionBased()
        : RigidBodyDesc.dynamic().lockRotations();
    this.#bodies = w3.players.map(({ x, y }) => world.createRigidBody(desc().setTranslation(x, y)));
    this.#colliders = this.#bodies.map((body) =>
      world.createCollider(ColliderDesc.ball(w3.radius).setFriction(0), body),
    );
    this.#before = new Float64Array(this.#bodies.length);
    world.step();
    this.way();
  }

  /** One tick: `wishes` holds x and y of each player's way, metres. */
  step(wishes: Float64Array): void {
    if (this.#form === 'kinematic') this.#ask(wishes);
    else this.#push(wishes);
    this.#world.step();
  }

  /** Metres that all went along x since this was asked last. */
  way(): number {
    let way = 0;
    this.#bodies.forEach((body, slot) => {
      const { x } = body.translation();
      way += Math.abs(x - (this.#before[slot] as number));
      this.#before[slot] = x;
    });
    return way;
  }

  #ask(wishes: Float64Array): void {
    for (let slot = 0; slot < this.#bodies.length; slot += 1) {
      const body = this.#bodies[slot] as Body;
      this.#wish.x = wishes[2 * slot] as number;
      this.#wish.y = wishes[2 * slot + 1] as number;
      this.#controller.computeColliderMovement(this.#colliders[slot] as object, this.#wish);
      const moved = this.#controller.computedMovement();
      const at = body.translation();
      body.setNextKinematicTranslation({ x: at.x + moved.x, y: at.y + moved.y });
    }
  }

  #push(wishes: Float64Array): void {
    for (let slot = 0; slot < this.#bodies.length; slot += 1) {
      this.#wish.x = (wishes[2 * slot] as number) / TICK_S;
      this.#wish.y = (wishes[2 * slot + 1] as number) / TICK_S;
      (this.#bodies[slot] as Body).setLinvel(this.#wish, true);
    }
  }
}

/** Metres kept free around a body: what its examples use. */
const OFFSET = 0.01;
const TICK_S = 1 / 30;
