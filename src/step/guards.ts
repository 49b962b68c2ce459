/**
 * Functions that stand behind a game's own in the module of its step: fuel, memory within its bounds, division, and the two that the core
 * calls. With them no instruction of the game's can trap, none can run for ever and nothing outlives a call. Each is a few instructions;
 * which number has which stands in `instructions.ts`.
 */
import { STEP_FAULT, STEP_FUEL, STEP_WORD } from '../../protocol/gen/tables.ts';
import { DIVISIONS, isStore, MEMORY } from './instructions.ts';
import type { Body, FunctionType, Global, StepModule } from './module.ts';
import { I32, I64, PAGE_BYTES, SCRATCH_BYTES } from './module.ts';
import { s32, u32 } from './reader.ts';

/** Where the words lie. Nothing may be written before them: there is what a null pointer points to. */
export const WORDS_AT = 16;
const WORDS = STEP_WORD.timerB + 1;
/** A store to the last word may reach so far: it is zeroed before each call. */
const WORDS_END = WORDS_AT + 4 * WORDS;
/** Words of which the core gives one each; the way is 0. */
const GIVEN = Array.from({ length: WORDS }, (_, word) => word).filter(
  (word) => word < STEP_WORD.wayX || word > STEP_WORD.wayZ,
);

/** What calls a function here counts so much: it is that many instructions, or takes as long. */
export const HELPER_COST = 8;

export interface Helpers {
  readonly types: readonly FunctionType[];
  /** Types of the functions, relative to the first of `types`. */
  readonly functions: readonly number[];
  readonly globals: readonly Global[];
  readonly bodies: readonly Body[];
}

/** Number of a helper behind the game's own functions. */
export const HELPER = {
  burn: 0,
  abort: 1,
  memory: new Map([...MEMORY.keys()].map((opcode, index) => [opcode, 2 + index])),
  division: new Map(DIVISIONS.map((opcode, index) => [opcode, 2 + MEMORY.size + index])),
  fail: 2 + MEMORY.size + DIVISIONS.length,
  step: 3 + MEMORY.size + DIVISIONS.length,
  read: 4 + MEMORY.size + DIVISIONS.length,
  count: 5 + MEMORY.size + DIVISIONS.length,
} as const;

/** The helpers behind a module of a game's own, whose function `step` takes the address of the words. */
export function helpersOf({ functions, globals }: StepModule, step: number): Helpers {
  const first = functions.length;
  const [fuel, fault, low] = [0, 1, 2].map((index) => u32(globals.length + index));
  if (fuel === undefined || fault === undefined || low === undefined) throw new Error('no globals');
  const call = (helper: number): number[] => [0x10, ...u32(first + helper)];
  const fail = (why: number): number[] => [...constant(why), ...call(HELPER.fail)];
  const get = (index: number[]): number[] => [0x23, ...index];
  const set = (index: number[]): number[] => [0x24, ...index];
  const types: FunctionType[] = [];
  const functionTypes: number[] = [];
  const bodies: Body[] = [];
  const add = (params: readonly number[], results: readonly number[], code: number[]): void => {
    functionTypes.push(types.length);
    types.push({ params, results });
    bodies.push({ locals: Uint8Array.of(0), code: Uint8Array.from([...code, END]) });
  };
  const when = (code: number[]): number[] => [IF, EMPTY, ...code, END];

  // burn(cost): 1 where the fuel is used up.
  add(
    [I32],
    [I32],
    [
      ...[...get(fuel), ...local(0), SUB, ...set(fuel), ...get(fuel), ...constant(0), LESS],
      ...when([...fail(STEP_FAULT.fuel), ...constant(1), RETURN]),
      ...constant(0),
    ],
  );
  add([], [], fail(STEP_FAULT.unreachable));
  for (const [opcode, { bytes, is64 }] of MEMORY) {
    const type = is64 ? I64 : I32;
    const access = [opcode, 0, 0];
    if (isStore(opcode)) {
      add(
        [I32, type, I32],
        [],
        [
          ...place(0, 2),
          ...[0x42, ...s32(WORDS_AT), 0x7d],
          ...[0x42, ...s32(SCRATCH_BYTES - WORDS_AT - bytes), ABOVE_64],
          ...when([...fail(STEP_FAULT.write), RETURN]),
          ...[...local(0), ...local(2), ADD, 0x22, 0],
          ...[...constant(WORDS_END), AT_LEAST, ...local(0), ...get(low), BELOW, AND],
          ...when([...local(0), ...set(low)]),
          ...[...local(0), ...local(1), ...access],
        ],
      );
    } else
      add(
        [I32, I32],
        [type],
        [
          ...place(0, 1),
          ...[0x42, ...s32(PAGE_BYTES - bytes), ABOVE_64],
          ...when([...fail(STEP_FAULT.read), is64 ? 0x42 : 0x41, 0, RETURN]),
          ...[...local(0), ...local(1), ADD, ...access],
        ],
      );
  }
  for (const opcode of DIVISIONS) add(...division(opcode, fail(STEP_FAULT.divide)));
  // fail(why): the first reason stays; no loop and no function begins any more.
  add(
    [I32],
    [],
    [
      ...[...get(fault), IS_ZERO, ...when([...local(0), ...set(fault)])],
      ...[...constant(-1), ...set(fuel)],
    ],
  );
  add(
    GIVEN.map(() => I32),
    [I32],
    [
      ...[...get(low), ...constant(SCRATCH_BYTES), BELOW],
      ...when([
        ...[...get(low), ...constant(0), ...constant(SCRATCH_BYTES), ...get(low), SUB, ...FILL],
        ...[...constant(SCRATCH_BYTES), ...set(low)],
      ]),
      ...globals.flatMap(({ isMutable, init }, index) =>
        isMutable ? [...init, ...set(u32(index))] : [],
      ),
      ...[...constant(STEP_FUEL), ...set(fuel), ...constant(0), ...set(fault)],
      ...GIVEN.flatMap((word, param) => store(word, local(param))),
      ...[STEP_WORD.wayX, STEP_WORD.wayY, STEP_WORD.wayZ].flatMap((word) =>
        store(word, constant(0)),
      ),
      ...[...constant(WORDS_END), 0x42, 0, 0x37, 0, 0],
      ...[...constant(WORDS_AT), 0x10, ...u32(step), ...get(fault)],
    ],
  );
  // read(pair): two words of the answer.
  add(
    [I32],
    [I64],
    [
      ...[...local(0), ...constant((WORDS - STEP_WORD.vx) / 2 - 1), ABOVE],
      ...when([0x42, 0, RETURN]),
      ...[...local(0), ...constant(3), SHIFT, 0x29, 0, ...u32(WORDS_AT + 4 * STEP_WORD.vx)],
    ],
  );
  const global = (value: number): Global => ({
    type: I32,
    isMutable: true,
    init: Uint8Array.from(constant(value)),
  });
  return {
    types,
    functions: functionTypes,
    globals: [global(0), global(0), global(SCRATCH_BYTES)],
    bodies,
  };
}

/** 0 for a division by zero, and for the one whose answer does not fit. */
function division(opcode: number, fail: number[]): [number[], number[], number[]] {
  const is64 = opcode >= 0x7f;
  const [type, isZero, isEqual, zero] = is64
    ? ([I64, 0x50, 0x51, [0x42, 0]] as const)
    : ([I32, 0x45, 0x46, [0x41, 0]] as const);
  const least = is64
    ? [0x42, ...[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]]
    : constant(-(2 ** 31));
  const minusOne = is64 ? [0x42, 0x7f] : constant(-1);
  // Of the remainder of that one there is an answer: 0.
  const isSigned = opcode === 0x6d || opcode === 0x7f;
  const overflows = [...local(0), ...least, isEqual, ...local(1), ...minusOne, isEqual, AND, 0x72];
  return [
    [type, type],
    [type],
    [
      ...[...local(1), isZero, ...(isSigned ? overflows : []), IF, EMPTY],
      ...[...fail, ...zero, RETURN, END],
      ...[...local(0), ...local(1), opcode],
    ],
  ];
}

/** Address and offset, added without a wrap. */
function place(address: number, offset: number): number[] {
  return [...local(address), 0xad, ...local(offset), 0xad, 0x7c];
}

function store(word: number, value: number[]): number[] {
  return [...constant(0), ...value, 0x36, 2, ...u32(WORDS_AT + 4 * word)];
}

function local(index: number): number[] {
  return [0x20, ...u32(index)];
}

export function constant(value: number): number[] {
  return [0x41, ...s32(value)];
}

const IF = 0x04;
const EMPTY = 0x40;
const END = 0x0b;
const RETURN = 0x0f;
const ADD = 0x6a;
const SUB = 0x6b;
const AND = 0x71;
const SHIFT = 0x74;
const IS_ZERO = 0x45;
const LESS = 0x48;
const BELOW = 0x49;
const ABOVE = 0x4b;
const AT_LEAST = 0x4f;
const ABOVE_64 = 0x56;
const FILL = [0xfc, 0x0b, 0];
