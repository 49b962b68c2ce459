/**
 * A game's own step as a module: what of WebAssembly it may be made of. Integers of 32 and 64 bits, one page of memory that never grows,
 * no imports, no tables, nothing that runs by itself. Read from bytes and written again; what no call of the step can reach (names, tables,
 * other exports) is left out.
 */
import { Reader, refused, s32, sized, u32, vector } from './reader.ts';

export const I32 = 0x7f;
export const I64 = 0x7e;
/** Bytes of the one page. */
export const PAGE_BYTES = 65_536;
/** Up to here a step may write; from here on lie constants. */
export const SCRATCH_BYTES = 4096;
/** More cannot be needed in 16 KiB; a stack overflow needs more. */
const LOCALS_MAX = 2000;

export interface FunctionType {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

export interface Global {
  readonly type: number;
  readonly isMutable: boolean;
  /** Its first value: the instruction alone. */
  readonly init: Uint8Array;
}

export interface Body {
  /** Declarations of its locals. */
  readonly locals: Uint8Array;
  /** Its instructions, the last `end` included. */
  readonly code: Uint8Array;
}

export interface StepModule {
  readonly types: readonly FunctionType[];
  /** Index of the type of each function. */
  readonly functions: readonly number[];
  readonly globals: readonly Global[];
  readonly exports: ReadonlyMap<string, number>;
  readonly bodies: readonly Body[];
  /** Where, and what. */
  readonly data: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

/** Throws E_STEP for what a step may not have. Instructions are not looked at. */
export function readModule(bytes: Uint8Array): StepModule {
  const reader = new Reader(bytes);
  for (const byte of MAGIC)
    if (reader.byte() !== byte) throw refused('it is no WebAssembly module');
  const found = {
    types: [] as FunctionType[],
    functions: [] as number[],
    globals: [] as Global[],
    exports: new Map<string, number>(),
    bodies: [] as Body[],
    data: [] as { at: number; bytes: Uint8Array }[],
  };
  while (!reader.isDone) {
    const id = reader.byte();
    const part = reader.span();
    const all = <T>(read: (part: Reader) => T): T[] =>
      Array.from({ length: part.u32() }, () => read(part));
    if (id === SECTION.types) found.types = all(readType);
    else if (id === SECTION.imports) {
      if (part.u32() > 0) throw refused('it imports something, and may import nothing');
    } else if (id === SECTION.functions) found.functions = all((from) => from.u32());
    else if (id === SECTION.memories) checkMemories(part);
    else if (id === SECTION.globals) found.globals = all(readGlobal);
    else if (id === SECTION.exports) found.exports = readExports(part);
    else if (id === SECTION.start)
      throw refused('it has a start function: nothing may run before the step');
    else if (id === SECTION.bodies) found.bodies = all((from) => readBody(from.span()));
    else if (id === SECTION.data) found.data = all(readData);
    else if (!LEFT_OUT.includes(id)) throw refused(`it has a section of kind ${id}`);
  }
  check(found);
  return found;
}

/** The bytes of a module; the exports are written as they stand in the map. */
export function writeModule(module: StepModule): Uint8Array {
  const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
  const { types, functions, globals, exports, bodies, data } = module;
  const valtypes = (list: readonly number[]): number[] => vector(list.map((type) => [type]));
  return Uint8Array.from([
    ...MAGIC,
    ...section(
      SECTION.types,
      vector(types.map((type) => [0x60, ...valtypes(type.params), ...valtypes(type.results)])),
    ),
    ...section(SECTION.functions, vector(functions.map(u32))),
    ...section(SECTION.memories, [1, 1, 1, 1]),
    ...section(
      SECTION.globals,
      vector(globals.map(({ type, isMutable, init }) => [type, Number(isMutable), ...init, END])),
    ),
    ...section(
      SECTION.exports,
      vector(
        [...exports].map(([name, index]) => [
          ...sized([...new TextEncoder().encode(name)]),
          FUNCTION,
          ...u32(index),
        ]),
      ),
    ),
    ...section(
      SECTION.bodies,
      vector(bodies.map(({ locals, code }) => sized([...locals, ...code]))),
    ),
    ...section(
      SECTION.data,
      vector(data.map(({ at, bytes }) => [0, 0x41, ...s32(at), END, ...sized([...bytes])])),
    ),
  ]);
}

function readType(from: Reader): FunctionType {
  if (from.byte() !== 0x60) throw refused('it has a type that is no function');
  const list = (): number[] => Array.from({ length: from.u32() }, () => integerType(from.byte()));
  return { params: list(), results: list() };
}

/** Refuses floats, vectors and references. */
export function integerType(type: number): number {
  if (type === I32 || type === I64) return type;
  if (type === 0x7d || type === 0x7c)
    throw refused('it uses floats (f32 or f64): they are not the same on all machines');
  throw refused(`it uses values that are no integers (type 0x${type.toString(16)})`);
}

function checkMemories(part: Reader): void {
  if (part.u32() !== 1) throw refused('it has more than one memory');
  const flags = part.byte();
  const pages = part.u32();
  if (flags > 1) throw refused('its memory is shared or of 64 bits');
  if (pages > 1)
    throw refused(
      `it needs ${pages} pages of memory, and has one of 64 KiB: link with a stack of ${SCRATCH_BYTES} bytes`,
    );
}

function readGlobal(from: Reader): Global {
  const type = integerType(from.byte());
  const isMutable = from.byte() === 1;
  const at = from.at;
  const opcode = from.byte();
  if (opcode !== 0x41 && opcode !== 0x42)
    throw refused('a global of it does not begin as a number');
  from.signed(opcode === 0x41 ? 32 : 64);
  const init = from.since(at);
  if (from.byte() !== END) throw refused('a global of it does not begin as a number');
  return { type, isMutable, init };
}

function readExports(part: Reader): Map<string, number> {
  const found = new Map<string, number>();
  for (let left = part.u32(); left > 0; left -= 1) {
    const name = part.span();
    const kind = part.byte();
    const index = part.u32();
    if (kind === FUNCTION)
      found.set(new TextDecoder().decode(name.bytes.subarray(name.at, name.end)), index);
  }
  return found;
}

function readBody(part: Reader): Body {
  const from = part.at;
  let count = 0;
  for (let left = part.u32(); left > 0; left -= 1) {
    count += part.u32();
    integerType(part.byte());
  }
  if (count > LOCALS_MAX)
    throw refused(`a function of it has ${count} locals, ${LOCALS_MAX} at most`);
  return { locals: part.since(from), code: part.bytes.subarray(part.at, part.end) };
}

function readData(from: Reader): { at: number; bytes: Uint8Array } {
  if (from.u32() !== 0 || from.byte() !== 0x41) throw refused('it has data without a fixed place');
  const at = from.at;
  from.signed(32);
  const place = signedOf(from.since(at));
  if (from.byte() !== END) throw refused('it has data without a fixed place');
  const part = from.span();
  const bytes = part.bytes.subarray(part.at, part.end);
  if (place < SCRATCH_BYTES || place + bytes.length > PAGE_BYTES)
    throw refused(
      `it has data at ${place}..${place + bytes.length}: they may lie from ${SCRATCH_BYTES} to ${PAGE_BYTES}`,
    );
  return { at: place, bytes };
}

function check({ types, functions, bodies, exports }: StepModule): void {
  if (functions.length !== bodies.length) throw refused('it has functions without a body');
  if (functions.some((type) => types[type] === undefined))
    throw refused('it has a function without a type');
  if (![...exports.values()].every((index) => index < functions.length))
    throw refused('it exports a function that it has not');
}

function signedOf(bytes: Uint8Array): number {
  let value = 0;
  let shift = 0;
  for (const byte of bytes) {
    value |= (byte & 0x7f) << shift;
    shift += 7;
  }
  const last = bytes[bytes.length - 1] ?? 0;
  return shift < 32 && (last & 0x40) !== 0 ? value | (-1 << shift) : value;
}

const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTION = {
  types: 1,
  imports: 2,
  functions: 3,
  memories: 5,
  globals: 6,
  exports: 7,
  start: 8,
  bodies: 10,
  data: 11,
} as const;
/** Names, tables and what stands in them, the count of data: nothing that a step may do needs them. */
const LEFT_OUT = [0, 4, 9, 12];
const FUNCTION = 0;
const END = 0x0b;
