/**
 * HChaCha20 and the tag of ChaCha20-Poly1305 (RFC 8439) over an empty text, in the fewest bytes: a page loads this for the
 * one proof that a hello carries. For anything longer or more frequent take @noble/ciphers, against which a test holds it.
 */

/** Words of the key of HChaCha20 for a nonce of 16 bytes. */
export function hchacha20(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  const state = start(key, nonce);
  rounds(state);
  const out = new Uint8Array(32);
  const view = new DataView(out.buffer);
  for (let at = 0; at < 4; at += 1) {
    view.setUint32(4 * at, state[at] ?? 0, true);
    view.setUint32(16 + 4 * at, state[12 + at] ?? 0, true);
  }
  return out;
}

/** The 16 bytes that prove `covered` under a key of 32 bytes and a nonce of 12. */
export function emptyTag(key: Uint8Array, nonce: Uint8Array, covered: Uint8Array): Uint8Array {
  const block = new Uint8Array(16);
  block.set(nonce, 4);
  const state = start(key, block);
  const before = state.slice();
  rounds(state);
  const once = new DataView(new ArrayBuffer(32));
  for (let at = 0; at < 8; at += 1)
    once.setUint32(4 * at, (state[at] ?? 0) + (before[at] ?? 0), true);
  // What is covered, filled up to whole blocks, then both lengths; that of the text is 0.
  const padded = (covered.length + 15) & ~15;
  const message = new Uint8Array(padded + 16);
  message.set(covered);
  new DataView(message.buffer).setUint32(padded, covered.length, true);
  return poly1305(new Uint8Array(once.buffer), message);
}

function start(key: Uint8Array, nonce: Uint8Array): Uint32Array {
  const state = new Uint32Array(16);
  state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]);
  const [keys, nonces] = [viewOf(key), viewOf(nonce)];
  for (let at = 0; at < 8; at += 1) state[4 + at] = keys.getUint32(4 * at, true);
  for (let at = 0; at < 4; at += 1) state[12 + at] = nonces.getUint32(4 * at, true);
  return state;
}

/** 20 rounds: columns and diagonals in turn. */
function rounds(s: Uint32Array): void {
  const step = (a: number, b: number, c: number, turn: number): void => {
    s[a] = (s[a] ?? 0) + (s[b] ?? 0);
    const word = (s[c] ?? 0) ^ (s[a] ?? 0);
    s[c] = (word << turn) | (word >>> (32 - turn));
  };
  for (let round = 0; round < 20; round += 1) {
    const shift = round & 1;
    for (let a = 0; a < 4; a += 1) {
      const b = 4 + ((a + shift) & 3);
      const c = 8 + ((a + 2 * shift) & 3);
      const d = 12 + ((a + 3 * shift) & 3);
      step(a, b, d, 16);
      step(c, d, b, 12);
      step(a, b, d, 8);
      step(c, d, b, 7);
    }
  }
}

/**
 * Of whole blocks of 16 bytes, in ten limbs of 13 bits: ten products of 13 by 13 bits, five-fold where they wrap, stay
 * below 2^53.
 */
function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = limbs(key, 0, 0);
  // The bits that the standard wants clear.
  const clear = limbs(CLAMP, 0, 0);
  for (let i = 0; i < LIMBS; i += 1) r[i] = (r[i] ?? 0) & (clear[i] ?? 0);
  let h = new Float64Array(LIMBS);
  for (let at = 0; at < message.length; at += 16) {
    const block = limbs(message, at, 1);
    const product = new Float64Array(LIMBS);
    for (let i = 0; i < LIMBS; i += 1) {
      const left = (h[i] ?? 0) + (block[i] ?? 0);
      for (let j = 0; j < LIMBS; j += 1) {
        const place = i + j;
        const wraps = place >= LIMBS;
        const to = wraps ? place - LIMBS : place;
        product[to] = (product[to] ?? 0) + left * (r[j] ?? 0) * (wraps ? 5 : 1);
      }
    }
    carry(product);
    h = product;
  }
  return finish(h, key);
}

/** 16 bytes at `at`, and what stands above them, as limbs. */
function limbs(bytes: Uint8Array, at: number, top: number): Float64Array {
  const out = new Float64Array(LIMBS);
  for (let i = 0; i < LIMBS; i += 1) {
    const from = (13 * i) >> 3;
    let word = 0;
    for (let k = 2; k >= 0; k -= 1) {
      const byte = from + k < 16 ? (bytes[at + from + k] ?? 0) : from + k === 16 ? top : 0;
      word = (word << 8) | byte;
    }
    out[i] = (word >> ((13 * i) & 7)) & 8191;
  }
  return out;
}

/** Twice around: limbs of 13 bits again, but for a bit or so in the second. */
function carry(h: Float64Array): void {
  for (let i = 0; i < 2 * LIMBS; i += 1) {
    const at = i % LIMBS;
    const over = Math.floor((h[at] ?? 0) / 8192);
    h[at] = (h[at] ?? 0) - over * 8192;
    const to = (at + 1) % LIMBS;
    h[to] = (h[to] ?? 0) + over * (to === 0 ? 5 : 1);
  }
}

/** Modulo 2^130 - 5, plus the key's second half, modulo 2^128. Once a tag, so BigInt may do it. */
function finish(h: Float64Array, key: Uint8Array): Uint8Array {
  let value = 0n;
  for (let i = LIMBS - 1; i >= 0; i -= 1) value = value * 8192n + BigInt(h[i] ?? 0);
  value %= PRIME;
  const view = viewOf(key);
  value += view.getBigUint64(16, true) + (view.getBigUint64(24, true) << 64n);
  const tag = new Uint8Array(16);
  const out = new DataView(tag.buffer);
  out.setBigUint64(0, value & WORD, true);
  out.setBigUint64(8, (value >> 64n) & WORD, true);
  return tag;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const LIMBS = 10;
const CLAMP = Uint8Array.of(
  255,
  255,
  255,
  15,
  252,
  255,
  255,
  15,
  252,
  255,
  255,
  15,
  252,
  255,
  255,
  15,
);
const PRIME = (1n << 130n) - 5n;
const WORD = (1n << 64n) - 1n;
