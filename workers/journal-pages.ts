/**
 * How a checkpoint keeps a page that changed: each word as its difference from the same one of the checkpoint before, or from the word that
 * stands some way back. Arrays of the core are rows of equal length (a row of history a tick, a record a player), so at the right
 * distance back stands nearly the same, and most differences are zeros, which take a bit. Pure; SPEC.md section 13 has the layout. A page
 * takes 3 us to pack where deflate takes 12, for as many bytes.
 */

/** Bytes of a page. Of 1,024, 4,096 and 65,536 the one that packs smallest or nearly so, at the fewest pages. */
export const PAGE_BYTES = 4096;
/** Bytes that a packed page has at most. */
export const PACKED_PAGE_BYTES_MAX = 8 + 4 + 128 + 512 + PAGE_BYTES;

/** What of one region stands where, as far back as is worth a try: learnt from it, page by page. */
export class PageDistances {
  /** Words back, by page; 0: the checkpoint before. */
  readonly #distances: Uint16Array;
  /** Pages that may still be looked into for this checkpoint, and the first of them. */
  #left = 0;
  #next = 0;
  #keeps = false;
  /** How often all were whose turn it was, whether that was of use, and checkpoints until it is tried again. */
  #rounds = 0;
  #learned = false;
  #pause = 0;
  /** What is known of the nearest page before. */
  neighbour = 0;

  constructor(pages: number) {
    this.#distances = new Uint16Array(pages);
  }

  /** Before each checkpoint. `isWhole`: nothing stands before it, so what packs well there says nothing of others. */
  begin(isWhole: boolean): void {
    this.neighbour = 0;
    this.#keeps = !isWhole;
    if (isWhole) return;
    if (this.#left > 0) {
      this.#rounds += 1;
      this.#next = 0;
      if (this.#rounds % SEARCHED_APART === 0) {
        this.#pause = this.#learned ? 0 : PAUSE;
        this.#learned = false;
      }
    }
    this.#left = this.#pause > 0 ? 0 : SEARCHES;
    this.#pause = Math.max(0, this.#pause - 1);
  }

  of(page: number): number {
    return this.#distances[page] as number;
  }

  set(page: number, distance: number): void {
    if (distance !== 0) this.neighbour = distance;
    if (!this.#keeps) return;
    this.#learned ||= this.#distances[page] !== distance;
    this.#distances[page] = distance;
  }

  /** Whether this page is to be looked into now: some of them in each checkpoint, in turn, and not two that are likely alike. */
  isDue(page: number): boolean {
    const isTurn = (page - this.#rounds) % SEARCHED_APART === 0;
    if (!this.#keeps || this.#left === 0 || page < this.#next || !isTurn) return false;
    this.#next = page + 1;
    this.#left -= 1;
    return true;
  }
}

/** Packs pages into a buffer of its own. Makes no garbage. */
export class PagePacker {
  /** Bytes 0 to `at` are what was packed, padded. */
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;
  /** Differences of one page that are not 0. */
  readonly #rest = new Int32Array(PAGE_WORDS);
  /** Of a search: where a word with such a hash stood last, and how many words stood so far apart. */
  readonly #last = new Int32Array(1 << HASH_BITS);
  readonly #votes = new Uint16Array(REACH_WORDS + PAGE_WORDS);

  constructor(bytesMax: number) {
    this.#words = new Int32Array((bytesMax + 3) >> 2);
    this.bytes = new Uint8Array(this.#words.buffer);
  }

  /**
   * One page of `region`, which has whole pages, at byte `at`, a multiple of 4, by the distance that is known of it, or a better one. `before`: the page as the
   * checkpoint before had it. Returns the byte behind it. Room for two pages has to be left.
   */
  page(
    region: Int32Array,
    before: Int32Array,
    of: {
      readonly page: number;
      readonly at: number;
      readonly distances: PageDistances;
    },
  ): number {
    const { page, at, distances } = of;
    let distance = distances.of(page);
    let end = this.#pack(region, before, { page, distance, at });
    for (let attempt = 0; attempt < 3 && end - at > POOR_BYTES; attempt += 1) {
      // What is not known yet is likely as beside it.
      if (attempt === 0 && distance !== 0) continue;
      if (attempt === 1 && (end - at < SEARCHED_BYTES || !distances.isDue(page))) break;
      const other =
        attempt === 0 ? distances.neighbour : attempt === 1 ? this.#search(region, page) : 0;
      if (other === distance || other > page * PAGE_WORDS) continue;
      const otherEnd = this.#pack(region, before, { page, distance: other, at: end });
      if (otherEnd - end >= end - at) continue;
      this.bytes.copyWithin(at, end, otherEnd);
      end = at + otherEnd - end;
      distance = other;
    }
    distances.set(page, distance);
    return end;
  }

  #pack(
    region: Int32Array,
    before: Int32Array,
    { page, distance, at }: { page: number; distance: number; at: number },
  ): number {
    const [words, rest] = [this.#words, this.#rest];
    const groupsAt = (at >> 2) + 2;
    const from = page * PAGE_WORDS;
    const to = from + PAGE_WORDS;
    const source = distance === 0 ? before : region;
    const back = distance === 0 ? from : distance;
    let groups = 0;
    let count = 0;
    let next = groupsAt + 1;
    for (let i = from, group = 1; i < to; group <<= 1) {
      const end = i + 32;
      let mask = 0;
      // Four at a time: which words are others is hard to guess for a processor.
      for (let bit = 1; i < end; i += 4, bit <<= 4) {
        const like = i - back;
        const one = (region[i] as number) ^ (source[like] as number);
        const two = (region[i + 1] as number) ^ (source[like + 1] as number);
        const three = (region[i + 2] as number) ^ (source[like + 2] as number);
        const four = (region[i + 3] as number) ^ (source[like + 3] as number);
        if ((one | two | three | four) === 0) continue;
        if (one !== 0) {
          mask |= bit;
          rest[count++] = difference(region[i] as number, source[like] as number);
        }
        if (two !== 0) {
          mask |= bit << 1;
          rest[count++] = difference(region[i + 1] as number, source[like + 1] as number);
        }
        if (three !== 0) {
          mask |= bit << 2;
          rest[count++] = difference(region[i + 2] as number, source[like + 2] as number);
        }
        if (four !== 0) {
          mask |= bit << 3;
          rest[count++] = difference(region[i + 3] as number, source[like + 3] as number);
        }
      }
      if (mask === 0) continue;
      groups |= group;
      words[next] = mask;
      next += 1;
    }
    words[groupsAt] = groups;
    const end = this.#differences(next << 2, count);
    words[at >> 2] = page;
    words[(at >> 2) + 1] = distance | ((end - at - 8) << 16);
    return end;
  }

  /** Which bytes of each difference are not 0, four bits each, then these bytes. */
  #differences(at: number, count: number): number {
    const [bytes, rest] = [this.bytes, this.#rest];
    let to = at + ((count + 1) >> 1);
    for (let i = 0; i < count; i += 1) {
      const word = rest[i] as number;
      const one = word & 255;
      const two = (word >>> 8) & 255;
      const three = (word >>> 16) & 255;
      const four = word >>> 24;
      const is1 = (one + 255) >>> 8;
      const is2 = (two + 255) >>> 8;
      const is3 = (three + 255) >>> 8;
      const is4 = (four + 255) >>> 8;
      bytes[to] = one;
      to += is1;
      bytes[to] = two;
      to += is2;
      bytes[to] = three;
      to += is3;
      bytes[to] = four;
      to += is4;
      const kind = is1 | (is2 << 1) | (is3 << 2) | (is4 << 3);
      const kindAt = at + (i >> 1);
      if ((i & 1) === 0) bytes[kindAt] = kind;
      else (bytes[kindAt] as number) |= kind << 4;
    }
    while ((to & 3) !== 0) bytes[to++] = 0;
    return to;
  }

  /** How far before most words of a page the same word stands; 0: nothing does. */
  #search(region: Int32Array, page: number): number {
    const [last, votes] = [this.#last, this.#votes];
    last.fill(-1);
    votes.fill(0);
    const from = page * PAGE_WORDS;
    const to = from + PAGE_WORDS;
    let best = 0;
    for (let i = Math.max(0, from - REACH_WORDS); i < to; i += 1) {
      const word = region[i] as number;
      if (word === 0) continue;
      const hash = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS);
      const at = last[hash] as number;
      last[hash] = i;
      if (i < from || at < 0 || region[at] !== word) continue;
      (votes[i - at] as number) += 1;
      if ((votes[i - at] as number) > (votes[best] as number)) best = i - at;
    }
    return best;
  }
}

/**
 * Unpacks one page at the beginning of `bytes` into `region`, whole pages, which is that of the checkpoint before with all lower pages of this one.
 * Returns the bytes that it took; -1 for what is no page of such a region.
 */
export function unpackPage(bytes: Uint8Array, region: Int32Array): number {
  if (bytes.length < 12) return -1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = view.getUint32(0, true) * PAGE_WORDS;
  const distance = view.getUint16(4, true);
  const end = 8 + view.getUint16(6, true);
  if (end > bytes.length || (end & 3) !== 0 || end < 12) return -1;
  if (from >= region.length || distance > from) return -1;
  const groups = view.getUint32(8, true);
  const kindsAt = 12 + 4 * ones(groups);
  if (kindsAt > end) return -1;
  let count = 0;
  for (let at = 12; at < kindsAt; at += 4) count += ones(view.getUint32(at, true));
  let next = kindsAt + ((count + 1) >> 1);
  if (next > end) return -1;
  let [maskAt, done] = [12, 0];
  for (let i = from, group = 0; group < 32; group += 1) {
    const has = (groups >>> group) & 1;
    const mask = has === 0 ? 0 : view.getUint32(maskAt, true);
    maskAt += has << 2;
    for (let bit = 0; bit < 32; bit += 1, i += 1) {
      const isOther = ((mask >>> bit) & 1) === 1;
      const like = region[i - distance] as number;
      if (!isOther) {
        region[i] = like;
        continue;
      }
      const kind = ((bytes[kindsAt + (done >> 1)] as number) >> ((done & 1) << 2)) & 15;
      done += 1;
      let rest = 0;
      for (let byte = 0; byte < 4; byte += 1) {
        if (((kind >> byte) & 1) === 0) continue;
        rest |= (bytes[next] ?? 0) << (byte << 3);
        next += 1;
      }
      region[i] = sum(rest, like);
    }
  }
  return next <= end && end - next < 4 ? end : -1;
}

/** By halves: the difference, its sign in the lowest bit, so that small ones are small numbers. */
function difference(word: number, like: number): number {
  const low = (word - like) << 16;
  const high = ((word & HIGH) - (like & HIGH)) | 0;
  return (((low << 1) ^ (low >> 31)) >>> 16) | (((high << 1) ^ (high >> 31)) & HIGH);
}

/** The way back. */
function sum(rest: number, like: number): number {
  const [low, high] = [rest & 0xffff, rest >>> 16];
  const lower = (like + ((low >>> 1) ^ -(low & 1))) & 0xffff;
  return lower | (((like >>> 16) + ((high >>> 1) ^ -(high & 1))) << 16);
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

const PAGE_WORDS = PAGE_BYTES >> 2;
const HIGH = 0xffff_0000 | 0;
/** A page that packs to more is worth another try. */
const POOR_BYTES = PAGE_BYTES >> 4;
const SEARCHED_BYTES = PAGE_BYTES >> 3;
/** Pages of a checkpoint that are looked into, 20 us each, and how far apart at least. */
const SEARCHES = 4;
const SEARCHED_APART = 3;
/** Checkpoints: a room in which nothing more is learnt is looked into again some minutes later. */
const PAUSE = 16;
/** Words before a page that are looked at: 32 kB, more than a row of history of a room of 300. */
const REACH_WORDS = 1 << 13;
const HASH_BITS = 12;
const HASH_FACTOR = 0x9e37_79b1;
