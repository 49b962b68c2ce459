/** The instructions of a function, one after the other, and which of them a step may be made of. */
import { integerType } from './module.ts';
import { Reader, refused } from './reader.ts';

export interface Instruction {
  readonly opcode: number;
  /** The whole of it. */
  readonly bytes: Uint8Array;
  /** Of `call` the function, of `global.set` the global, of a load or store its offset, of `i32.const` its lowest byte; else 0. */
  readonly operand: number;
  /** Of `call`, `global.set` and memory: the number behind the opcode (and an alignment) as it stands. */
  readonly from: number;
}

export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  branch: 0x0c,
  branchIf: 0x0d,
  branchTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i64Const: 0x42,
} as const;

/** Loads and stores of integers: bytes that they touch, and the type. */
export const MEMORY: ReadonlyMap<number, { readonly bytes: number; readonly is64: boolean }> =
  new Map(
    [
      [0x28, 4, false],
      [0x29, 8, true],
      [0x2c, 1, false],
      [0x2d, 1, false],
      [0x2e, 2, false],
      [0x2f, 2, false],
      [0x30, 1, true],
      [0x31, 1, true],
      [0x32, 2, true],
      [0x33, 2, true],
      [0x34, 4, true],
      [0x35, 4, true],
      [0x36, 4, false],
      [0x37, 8, true],
      [0x3a, 1, false],
      [0x3b, 2, false],
      [0x3c, 1, true],
      [0x3d, 2, true],
      [0x3e, 4, true],
    ].map(([opcode, bytes, is64]) => [opcode as number, { bytes, is64 } as never]),
  );
export const isStore = (opcode: number): boolean => opcode >= 0x36;
/** Divisions and remainders of integers, which trap for a zero. */
export const DIVISIONS: readonly number[] = [0x6d, 0x6e, 0x6f, 0x70, 0x7f, 0x80, 0x81, 0x82];

/** All instructions of a body, the last `end` included. Throws E_STEP for one that a step may not have. */
export function instructionsOf(code: Uint8Array, where: string): Instruction[] {
  const reader = new Reader(code);
  const found: Instruction[] = [];
  let depth = 1;
  while (!reader.isDone) {
    if (depth === 0) throw refused(`${where} goes on behind its end`);
    const at = reader.at;
    const opcode = reader.byte();
    if (opcode === OP.block || opcode === OP.loop || opcode === OP.if) depth += 1;
    if (opcode === OP.end) depth -= 1;
    const operand = passOperands(reader, opcode, where);
    found.push({ opcode, bytes: reader.since(at), operand, from: at });
  }
  if (depth !== 0) throw refused(`${where} has no end`);
  return found;
}

function passOperands(reader: Reader, opcode: number, where: string): number {
  if (MEMORY.has(opcode)) {
    reader.u32();
    return reader.u32();
  }
  if (isPlain(opcode)) return 0;
  switch (opcode) {
    case OP.block:
    case OP.loop:
    case OP.if:
      return passBlockType(reader);
    case OP.branch:
    case OP.branchIf:
    case OP.call:
    case OP.globalGet:
    case OP.globalSet:
    case 0x20: // local.get, set and tee
    case 0x21:
    case 0x22:
      return reader.u32();
    case OP.branchTable:
      for (let left = reader.u32() + 1; left > 0; left -= 1) reader.u32();
      return 0;
    case 0x1c: // select with types
      for (let left = reader.u32(); left > 0; left -= 1) integerType(reader.byte());
      return 0;
    case 0x3f: // memory.size
      return reader.byte();
    case OP.i32Const:
      reader.signed(32);
      return 0;
    case OP.i64Const:
      reader.signed(64);
      return 0;
    default:
      throw refused(`${where} has ${nameOf(opcode)}`);
  }
}

/** An empty one, a type, or the index of one. */
function passBlockType(reader: Reader): number {
  const at = reader.at;
  reader.signed(33);
  const [first = 0] = reader.since(at);
  if (first >= 0x7c && first <= 0x7d) integerType(first);
  return 0;
}

/** Instructions without operands that compute with integers, or order them. */
function isPlain(opcode: number): boolean {
  return (
    opcode <= 0x01 ||
    opcode === OP.else ||
    opcode === OP.end ||
    opcode === OP.return ||
    opcode === 0x1a ||
    opcode === 0x1b ||
    (opcode >= 0x45 && opcode <= 0x5a) ||
    (opcode >= 0x67 && opcode <= 0x8a) ||
    opcode === 0xa7 ||
    opcode === 0xac ||
    opcode === 0xad ||
    (opcode >= 0xc0 && opcode <= 0xc4)
  );
}

function nameOf(opcode: number): string {
  const isFloat =
    (opcode >= 0x2a && opcode <= 0x2b) ||
    (opcode >= 0x38 && opcode <= 0x39) ||
    (opcode >= 0x43 && opcode <= 0x44) ||
    (opcode >= 0x5b && opcode <= 0x66) ||
    (opcode >= 0x8b && opcode <= 0xbf);
  const hex = `0x${opcode.toString(16).padStart(2, '0')}`;
  if (isFloat) return `a float (instruction ${hex}): floats are not the same on all machines`;
  if (opcode === 0x11) return 'a call through a table: only calls of named functions are bounded';
  if (opcode === 0x40) return 'memory.grow: a step has one page';
  if (opcode === 0xfc)
    return 'an instruction of bulk memory or of floats (0xfc): build for WebAssembly 1.0 (-C target-cpu=mvp)';
  if (opcode === 0xfd) return 'SIMD (0xfd): build without';
  return `an instruction that a step may not have (${hex})`;
}
