/**
 * From what a compiler made of a game's own step to what servers and pages run: `metered`, once, as its author builds; and `checkStep`, by
 * whoever is about to run one and did not make it. A server trusts no file of an author's blindly, and a journal comes from anywhere:
 * a step that runs for ever would hold a worker, one that keeps something for itself would differ between two machines that play
 * the same tick. The check is a look at each instruction, once per process and module, and needs nothing but the module.
 *
 * Each function and each turn of a loop first pays for the instructions up to its end, and ends where the fuel is used up: the same
 * count in every engine, as it is part of the code. Loads, stores, divisions and `unreachable` are calls of the functions in
 * `guards.ts`, which answer 0 and use up all fuel where the instruction would trap. Functions do not call themselves, so the stack is bounded.
 */
import { STEP_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { constant, HELPER, HELPER_COST, helpersOf } from './guards.ts';
import { DIVISIONS, type Instruction, instructionsOf, MEMORY, OP } from './instructions.ts';
import { type Body, I32, I64, readModule, type StepModule, writeModule } from './module.ts';
import { refused, u32 } from './reader.ts';

/** Exports of a metered module; `own` is the author's function. */
const EXPORTS = { step: 'step', read: 'read', own: 'own' } as const;

/** The module to run. Throws E_STEP, and what to do, for one that is no step. */
export function metered(bytes: Uint8Array): Uint8Array {
  const module = readModule(bytes);
  const step = module.exports.get(EXPORTS.step);
  if (step === undefined) throw refused('it exports no function step');
  checkSignature(module, step);
  const bodies = module.bodies.map((body, index) => {
    const where = `function ${index}`;
    const { results } = typeOf(module, index);
    const code = safe(instructionsOf(body.code, where), module, results);
    return withFuel(code, { results, module, body });
  });
  const own = { ...module, bodies };
  checkOwn(own);
  const made = assembled(own, step);
  if (made.length > STEP_BYTES_MAX)
    throw refused(`it has ${made.length} bytes with its fuel, ${STEP_BYTES_MAX} at most`);
  if (!WebAssembly.validate(made as BufferSource))
    throw refused('it is no valid WebAssembly module');
  return made;
}

/** Throws E_STEP unless `bytes` are what `metered` makes: of these functions, with this fuel, and nothing else. */
export function checkStep(bytes: Uint8Array): void {
  if (bytes.length > STEP_BYTES_MAX)
    throw refused(`it has ${bytes.length} bytes, ${STEP_BYTES_MAX} at most`);
  const module = readModule(bytes);
  const step = module.exports.get(EXPORTS.own);
  const count = module.functions.length - HELPER.count;
  if (step === undefined || count <= step) throw refused('fray step did not make it');
  const own: StepModule = {
    ...module,
    functions: module.functions.slice(0, count),
    bodies: module.bodies.slice(0, count),
    globals: module.globals.slice(0, -3),
    types: module.types.slice(0, module.functions[count]),
  };
  checkSignature(own, step);
  checkOwn(own);
  const again = assembled(own, step);
  if (again.length !== bytes.length || !again.every((byte, at) => byte === bytes[at]))
    throw refused('fray step did not make it');
}

/** A game's own functions with the helpers behind them. */
function assembled(own: StepModule, step: number): Uint8Array {
  const helpers = helpersOf(own, step);
  const first = own.functions.length;
  return writeModule({
    types: [...own.types, ...helpers.types],
    functions: [...own.functions, ...helpers.functions.map((type) => type + own.types.length)],
    globals: [...own.globals, ...helpers.globals],
    exports: new Map([
      [EXPORTS.step, first + HELPER.step],
      [EXPORTS.read, first + HELPER.read],
      [EXPORTS.own, step],
    ]),
    bodies: [...own.bodies, ...helpers.bodies],
    data: own.data,
  });
}

function checkSignature(module: StepModule, step: number): void {
  const { params, results } = typeOf(module, step);
  if (params.length !== 1 || params[0] !== I32 || results.length !== 0)
    throw refused('step takes one i32, the address of the words, and answers nothing');
}

/** One instruction of what is run, and what it is paid for. */
interface Step {
  readonly opcode: number;
  readonly bytes: readonly number[] | Uint8Array;
  readonly cost: number;
}

/** The same, where nothing traps. */
function safe(
  code: readonly Instruction[],
  module: StepModule,
  results: readonly number[],
): Step[] {
  const call = (helper: number): Step => ({
    opcode: OP.call,
    bytes: [OP.call, ...u32(module.functions.length + helper)],
    cost: HELPER_COST,
  });
  return code.flatMap(({ opcode, bytes, operand }): Step[] => {
    const load = HELPER.memory.get(opcode);
    if (load !== undefined)
      return [{ opcode: OP.i32Const, bytes: constant(operand | 0), cost: 1 }, call(load)];
    const division = HELPER.division.get(opcode);
    if (division !== undefined) return [call(division)];
    if (opcode === OP.unreachable)
      return [call(HELPER.abort), { opcode, bytes: [], cost: 1 + results.length }];
    return [{ opcode, bytes, cost: 1 }];
  });
}

/** The same, paid for; `unreachable` is an end with zeros. */
function withFuel(
  code: readonly Step[],
  of: { readonly results: readonly number[]; readonly module: StepModule; readonly body: Body },
): Body {
  const { results, module, body } = of;
  const zeros = zerosOf(results);
  const costs = costsOf(code);
  const burn = (cost: number): number[] => burning(cost, module, zeros);
  const out: number[] = burn(costs.get(-1) ?? 0);
  code.forEach(({ opcode, bytes }, at) => {
    if (opcode === OP.unreachable) out.push(...zeros, OP.return);
    else out.push(...bytes);
    const cost = costs.get(at);
    if (cost !== undefined) out.push(...burn(cost));
  });
  return { locals: body.locals, code: Uint8Array.from(out) };
}

function burning(cost: number, module: StepModule, zeros: readonly number[]): number[] {
  const burn = [OP.call, ...u32(module.functions.length + HELPER.burn)];
  return [...constant(cost), ...burn, OP.if, EMPTY, ...zeros, OP.return, OP.end];
}

function zerosOf(results: readonly number[]): number[] {
  return results.flatMap((type) => [type === I64 ? OP.i64Const : OP.i32Const, 0]);
}

/** What the function (-1) and each of its loops (the place of its instruction) costs up to its end, loops within included. */
function costsOf(code: readonly { readonly opcode: number; readonly cost: number }[]) {
  const costs = new Map<number, number>();
  const open: { at: number; isLoop: boolean; cost: number }[] = [{ at: -1, isLoop: true, cost: 0 }];
  code.forEach(({ opcode, cost }, at) => {
    const inner = open[open.length - 1];
    if (inner === undefined) return;
    inner.cost += cost;
    if (opcode === OP.block || opcode === OP.if || opcode === OP.loop)
      open.push({ at, isLoop: opcode === OP.loop, cost: 0 });
    else if (opcode === OP.end) {
      open.pop();
      const outer = open[open.length - 1];
      if (outer !== undefined) outer.cost += inner.cost;
      if (inner.isLoop) costs.set(inner.at, inner.cost);
    }
  });
  return costs;
}

/** Functions of a game's own as they are run: paid for, without what traps, without what is not theirs, and none calls itself. */
function checkOwn(module: StepModule): void {
  const calls = module.bodies.map((body, index) => checkFunction(module, body, index));
  const state = new Map<number, 'open' | 'done'>();
  const visit = (index: number): void => {
    if (state.get(index) === 'done') return;
    if (state.get(index) === 'open')
      throw refused(
        `function ${index} calls itself, or one that calls it: the stack is not bounded`,
      );
    state.set(index, 'open');
    for (const callee of calls[index] ?? []) visit(callee);
    state.set(index, 'done');
  };
  for (let index = 0; index < calls.length; index += 1) visit(index);
}

/** Answers which of the game's own functions it calls. */
function checkFunction(module: StepModule, body: Body, index: number): number[] {
  const where = `function ${index}`;
  const count = module.functions.length;
  const zeros = zerosOf(typeOf(module, index).results);
  const code = instructionsOf(body.code, where);
  const paid = stripped(code, { module, zeros, where });
  const calls: number[] = [];
  for (const { opcode, operand } of paid) {
    if (MEMORY.has(opcode) || DIVISIONS.includes(opcode) || opcode === OP.unreachable)
      throw refused(`${where} has an instruction that may trap`);
    if (opcode === OP.globalSet && operand >= module.globals.length)
      throw refused(`${where} changes what is not its own`);
    if (opcode === OP.call && operand < count) calls.push(operand);
    // A call of fuel that stands anywhere else could fill it up; `step` within a step would begin it anew.
    else if (opcode === OP.call && !isCallable(operand - count))
      throw refused(`${where} calls what it may not`);
  }
  return calls;
}

function isCallable(helper: number): boolean {
  return helper >= HELPER.abort && helper < HELPER.fail;
}

/** The instructions without those that pay, each of which has to stand where it must and be dear enough. */
function stripped(
  code: readonly Instruction[],
  { module, zeros, where }: { module: StepModule; zeros: readonly number[]; where: string },
): Instruction[] {
  const kept: Instruction[] = [];
  /** What was paid: at the beginning (-1), and behind the loops of `kept`. */
  const said = new Map<number, string>();
  const length = 5 + zeros.length / 2;
  const take = (at: number): string => {
    const pay = code.slice(at, at + length);
    return pay.flatMap(({ bytes }) => [...bytes]).join();
  };
  for (let at = 0; at <= code.length; ) {
    const last = kept[kept.length - 1];
    const begins = at === 0 && kept.length === 0 && said.size === 0;
    if (begins || (last?.opcode === OP.loop && !said.has(kept.length - 1))) {
      said.set(kept.length - 1, take(at));
      at += length;
      continue;
    }
    const next = code[at];
    if (next !== undefined) kept.push(next);
    at += 1;
  }
  const count = module.functions.length;
  const priced = kept.map(({ opcode, operand }) => ({
    opcode,
    cost: opcode === OP.call && operand >= count ? HELPER_COST : 1,
  }));
  for (const [at, cost] of costsOf(priced))
    if (said.get(at) !== burning(cost, module, zeros).join())
      throw refused(`${where} does not pay for what it does`);
  return kept;
}

function typeOf(module: StepModule, index: number) {
  const type = module.types[module.functions[index] ?? -1];
  if (type === undefined) throw refused(`function ${index} has no type`);
  return type;
}

const EMPTY = 0x40;
