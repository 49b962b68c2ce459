/** The peers of `interest`: an index over points that is rebuilt in each tick, and asked once per player. */
import { loadPeer } from './peers.ts';

/** Points by index. Whole numbers, as the core has them. */
export interface Index {
  /** As in 'name 1.2.3'. */
  readonly name: string;
  build(xs: Float64Array, ys: Float64Array): void;
  /** Indices of all points within a distance of a place. */
  within(x: number, y: number, reach: number): number[];
  /** Rebuilds, then asks for each of the first `players` points: what is timed. Returns how many were found in all. */
  run(xs: Float64Array, ys: Float64Array, players: number, reach: number): number;
}

/** rbush and kdbush, or lines that say how to get them. */
export async function indexes(): Promise<(Index | string)[]> {
  const rbush = await loadPeer<RBushModule>('rbush');
  const kdbush = await loadPeer<KDBushModule>('kdbush');
  return [
    typeof rbush === 'string' ? rbush : new RBushIndex(rbush.name, rbush.module),
    typeof kdbush === 'string' ? kdbush : new KDBushIndex(kdbush.name, kdbush.module),
  ];
}

export const PEER_NAMES = ['rbush', 'kdbush'] as const;

interface Item {
  minX: number;
  minY: number;
  maxX: number;
  maxY: number;
  index: number;
}

/** What is used of rbush 4. */
type RBushModule = new () => {
  clear(): void;
  load(items: readonly Item[]): void;
  search(box: { minX: number; minY: number; maxX: number; maxY: number }): Item[];
};

/** What is used of kdbush 4. */
type KDBushModule = new (
  count: number,
) => {
  add(x: number, y: number): number;
  finish(): void;
  within(x: number, y: number, reach: number): number[];
};

/** Loaded in bulk; answers with boxes, so the corners of the square are cut off here. */
class RBushIndex implements Index {
  readonly name: string;
  readonly #tree: InstanceType<RBushModule>;
  #items: Item[] = [];

  constructor(name: string, Tree: RBushModule) {
    this.name = name;
    this.#tree = new Tree();
  }

  build(xs: Float64Array, ys: Float64Array): void {
    if (this.#items.length !== xs.length)
      this.#items = Array.from(xs, (_, index) => ({ minX: 0, minY: 0, maxX: 0, maxY: 0, index }));
    for (const item of this.#items) {
      const [x, y] = [xs[item.index] as number, ys[item.index] as number];
      item.minX = x;
      item.maxX = x;
      item.minY = y;
      item.maxY = y;
    }
    this.#tree.clear();
    this.#tree.load(this.#items);
  }

  within(x: number, y: number, reach: number): number[] {
    const box = { minX: x - reach, minY: y - reach, maxX: x + reach, maxY: y + reach };
    const near: number[] = [];
    for (const item of this.#tree.search(box)) {
      const [dx, dy] = [item.minX - x, item.minY - y];
      if (dx * dx + dy * dy <= reach * reach) near.push(item.index);
    }
    return near;
  }

  run(xs: Float64Array, ys: Float64Array, players: number, reach: number): number {
    this.build(xs, ys);
    return askAll(this, { xs, ys, players, reach });
  }
}

/** Made anew for each tick, as its documentation has it: it is static. */
class KDBushIndex implements Index {
  readonly name: string;
  readonly #Tree: KDBushModule;
  #tree: InstanceType<KDBushModule>;

  constructor(name: string, Tree: KDBushModule) {
    this.name = name;
    this.#Tree = Tree;
    this.#tree = new Tree(0);
  }

  build(xs: Float64Array, ys: Float64Array): void {
    const tree = new this.#Tree(xs.length);
    for (let index = 0; index < xs.length; index += 1)
      tree.add(xs[index] as number, ys[index] as number);
    tree.finish();
    this.#tree = tree;
  }

  within(x: number, y: number, reach: number): number[] {
    return this.#tree.within(x, y, reach);
  }

  run(xs: Float64Array, ys: Float64Array, players: number, reach: number): number {
    this.build(xs, ys);
    return askAll(this, { xs, ys, players, reach });
  }
}

function askAll(
  index: Index,
  all: { xs: Float64Array; ys: Float64Array; players: number; reach: number },
): number {
  let found = 0;
  for (let slot = 0; slot < all.players; slot += 1)
    found += index.within(all.xs[slot] as number, all.ys[slot] as number, all.reach).length;
  return found;
}
