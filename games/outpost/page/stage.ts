/** The world that does not move: sky, light, floor and boxes. Boxes are one mesh; its shadows are drawn once. */
import {
  BackSide,
  BoxGeometry,
  BufferGeometry,
  CanvasTexture,
  Color,
  DirectionalLight,
  Float32BufferAttribute,
  Fog,
  HemisphereLight,
  Mesh,
  MeshBasicMaterial,
  MeshLambertMaterial,
  PerspectiveCamera,
  PlaneGeometry,
  RepeatWrapping,
  Scene,
  SphereGeometry,
  SRGBColorSpace,
  WebGLRenderer,
} from 'three';
import { type Block, blocks, DEPTH, lifts, WIDTH } from '../map.ts';
import { paints, palette } from './palette.ts';

/** Above this pixels cost more than they show. */
const PIXEL_RATIO_MAX = 1.5;
const PIXEL_RATIO_MIN = 0.4;
/** Frames after which the page looks whether it keeps up, and ms of one that are too many: fewer than 45 in a second. */
const FRAMES_JUDGED = 24;
const FRAME_MS_MOST = 22;
const FIELD_OF_VIEW = 78;

export class Stage {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.05, 220);
  readonly #lifts = Object.entries(lifts).map(([name, { width, depth, height, paint }]) => ({
    name: name as keyof typeof lifts,
    height,
    mesh: new Mesh(
      new BoxGeometry(width, height, depth),
      new MeshLambertMaterial({ color: paints[paint] }),
    ),
  }));
  readonly #renderer: WebGLRenderer;
  readonly #canvas: HTMLCanvasElement;
  #pixelRatio = Math.min(devicePixelRatio, PIXEL_RATIO_MAX);
  #frames = 0;
  #sinceMs = 0;

  /** Throws where the browser has no WebGL. */
  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    // Where the processor draws what a graphics card should, smooth edges are what it can least afford.
    const antialias = !drawsInSoftware();
    if (!antialias) this.#pixelRatio = 0.75;
    this.#renderer = new WebGLRenderer({
      canvas,
      antialias,
      powerPreference: 'high-performance',
    });
    this.#renderer.shadowMap.enabled = true;
    // Nothing that casts a shadow moves: players have discs instead.
    this.#renderer.shadowMap.autoUpdate = false;
    this.#renderer.shadowMap.needsUpdate = true;
    this.camera.rotation.order = 'YXZ';
    this.scene.add(this.camera);
    this.scene.fog = new Fog(palette.skyLow, 38, 130);
    this.scene.add(sky(), floor(), walls(), ...this.#lifts.map(({ mesh }) => mesh));
    this.#light();
    this.resize();
    addEventListener('resize', () => this.resize());
  }

  resize(): void {
    this.#renderer.setPixelRatio(this.#pixelRatio);
    this.#renderer.setSize(innerWidth, innerHeight, false);
    this.camera.aspect = innerWidth / Math.max(1, innerHeight);
    this.camera.updateProjectionMatrix();
  }

  /** Puts the eye somewhere; `aim` and `pitch` as the game has them. */
  look(x: number, y: number, z: number, aim: number, pitch: number): void {
    this.camera.position.set(x, z, -y);
    this.camera.rotation.set(pitch, aim - Math.PI / 2, 0);
  }

  /** Puts the lifts where they are. */
  lift(at: Readonly<Record<keyof typeof lifts, { x: number; y: number; z: number }>>): void {
    for (const { name, height, mesh } of this.#lifts) {
      const { x, y, z } = at[name];
      mesh.position.set(x, z + height / 2, -y);
    }
  }

  /** Draws a frame; with fewer pixels from now on where the last ones took too long. */
  draw(nowMs: number): void {
    this.#renderer.render(this.scene, this.camera);
    this.#frames += 1;
    if (this.#frames < FRAMES_JUDGED) return;
    const frameMs = (nowMs - this.#sinceMs) / this.#frames;
    // A page that was hidden for a while is not slow.
    const slow = this.#sinceMs > 0 && frameMs > FRAME_MS_MOST && frameMs < 1000;
    this.#frames = 0;
    this.#sinceMs = nowMs;
    if (!slow || this.#pixelRatio <= PIXEL_RATIO_MIN) return;
    this.#pixelRatio = Math.max(PIXEL_RATIO_MIN, this.#pixelRatio * 0.8);
    this.resize();
  }

  get drawCalls(): number {
    return this.#renderer.info.render.calls;
  }

  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }

  #light(): void {
    this.scene.add(new HemisphereLight(0xe4e6ea, palette.bounce, 1.9));
    const sun = new DirectionalLight(palette.sun, 2.4);
    sun.position.set(-30, 46, 24);
    sun.castShadow = true;
    sun.shadow.mapSize.set(2048, 2048);
    const { camera } = sun.shadow;
    [camera.left, camera.right, camera.top, camera.bottom] = [-44, 44, 34, -34];
    [camera.near, camera.far] = [1, 130];
    sun.shadow.bias = -0.0006;
    sun.shadow.normalBias = 0.04;
    this.scene.add(sun, sun.target);
  }
}

function drawsInSoftware(): boolean {
  const probe = document.createElement('canvas');
  return probe.getContext('webgl2', { failIfMajorPerformanceCaveat: true }) === null;
}

/** A dome from the horizon's colour to the zenith's. */
function sky(): Mesh {
  const geometry = new SphereGeometry(180, 24, 12);
  const [low, high, mixed] = [new Color(palette.skyLow), new Color(palette.skyHigh), new Color()];
  const heights = geometry.getAttribute('position');
  const colours: number[] = [];
  for (let at = 0; at < heights.count; at += 1) {
    const part = Math.max(0, heights.getY(at) / 180);
    mixed.copy(low).lerp(high, Math.min(1, part * 1.7) ** 0.8);
    colours.push(mixed.r, mixed.g, mixed.b);
  }
  geometry.setAttribute('color', new Float32BufferAttribute(colours, 3));
  const paint = new MeshBasicMaterial({
    vertexColors: true,
    side: BackSide,
    fog: false,
    depthWrite: false,
  });
  return new Mesh(geometry, paint);
}

function floor(): Mesh {
  const texture = new CanvasTexture(slabs());
  texture.colorSpace = SRGBColorSpace;
  texture.wrapS = RepeatWrapping;
  texture.wrapT = RepeatWrapping;
  texture.repeat.set(WIDTH / 8, DEPTH / 8);
  texture.anisotropy = 4;
  const mesh = new Mesh(
    new PlaneGeometry(WIDTH, DEPTH).rotateX(-Math.PI / 2),
    new MeshLambertMaterial({ map: texture }),
  );
  mesh.receiveShadow = true;
  return mesh;
}

/** Two by two slabs of stone with grain and joints, 8 units of floor. */
function slabs(): HTMLCanvasElement {
  const size = 256;
  const picture = document.createElement('canvas');
  picture.width = size;
  picture.height = size;
  const pen = picture.getContext('2d');
  if (!pen) return picture;
  const shades = ['#c6a87f', '#cdb089', '#c2a37a', '#c9ab83'];
  shades.forEach((shade, n) => {
    pen.fillStyle = shade;
    pen.fillRect((n % 2) * 128, (n >> 1) * 128, 128, 128);
  });
  let seed = 7;
  for (let n = 0; n < 1400; n += 1) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    pen.fillStyle = seed & 1024 ? 'rgba(255, 240, 214, 0.10)' : 'rgba(84, 58, 36, 0.10)';
    pen.fillRect((seed >> 4) & 255, (seed >> 13) & 255, 2, 2);
  }
  pen.strokeStyle = 'rgba(92, 66, 44, 0.45)';
  pen.lineWidth = 2.5;
  pen.strokeRect(0, 0, 128, 128);
  pen.strokeRect(128, 128, 128, 128);
  return picture;
}

/** All boxes in one mesh. Darker towards their feet, as if the floor took their light. */
function walls(): Mesh {
  const positions: number[] = [];
  const normals: number[] = [];
  const colours: number[] = [];
  const indices: number[] = [];
  const add = (block: Block, colour: number): void => {
    const box = new BoxGeometry(block.width, block.height, block.depth);
    const first = positions.length / 3;
    const [at, normal] = [box.getAttribute('position'), box.getAttribute('normal')];
    const tint = new Color(colour);
    for (let n = 0; n < at.count; n += 1) {
      const low = at.getY(n) < 0;
      positions.push(
        at.getX(n) + block.x,
        at.getY(n) + block.z + block.height / 2,
        at.getZ(n) - block.y,
      );
      normals.push(normal.getX(n), normal.getY(n), normal.getZ(n));
      const shade = normal.getY(n) > 0.5 ? 1.06 : low ? 0.66 : 1;
      colours.push(tint.r * shade, tint.g * shade, tint.b * shade);
    }
    for (const index of box.getIndex()?.array ?? []) indices.push(first + index);
    box.dispose();
  };
  for (const block of blocks) {
    add(block, paints[block.paint]);
    for (const trim of trims(block)) add(trim, shaded(paints[block.paint], 0.55));
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new Float32BufferAttribute(positions, 3));
  geometry.setAttribute('normal', new Float32BufferAttribute(normals, 3));
  geometry.setAttribute('color', new Float32BufferAttribute(colours, 3));
  geometry.setIndex(indices);
  const mesh = new Mesh(geometry, new MeshLambertMaterial({ vertexColors: true }));
  mesh.castShadow = true;
  mesh.receiveShadow = true;
  return mesh;
}

/** For the eye only, thinner than anybody notices: caps of walls, straps of crates. */
function trims(block: Block): Block[] {
  const { width, depth, height, z } = block;
  const wider = (more: number, at: number, tall: number): Block => ({
    ...block,
    width: width + more,
    depth: depth + more,
    z: z + at,
    height: tall,
  });
  if (block.paint === 'wall') return [wider(0.08, height - 0.14, 0.16), wider(0.06, 0, 0.3)];
  if (block.paint === 'crate') return [wider(0.05, 0.1, 0.14), wider(0.05, height - 0.24, 0.14)];
  if (block.paint === 'metal') return [wider(0.05, height * 0.5 - 0.1, 0.2)];
  return [];
}

function shaded(colour: number, by: number): number {
  return new Color(colour).multiplyScalar(by).getHex();
}
