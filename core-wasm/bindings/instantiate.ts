/**
 * From the bytes of `fray_core.wasm` to instances. The module is compiled once and shared (it can be posted to workers);
 * each room and each client is an instance of its own, with a memory that is sized from its configuration and never grows.
 * Works in Node and in browsers; needs nothing but WebAssembly.
 */
import {
  ConfigHead,
  MAP_BOXES_MAX,
  STEP_BYTES_MAX,
  TABLE_HASH,
  WallBox,
} from '../../protocol/gen/tables.ts';
import { errorOf, FrayError } from '../../src/errors.ts';

/** The exports of the core, see docs of abi.rs. Addresses and lengths are byte counts in linear memory. */
export interface CoreExports {
  abi_version(): number;
  config_address(): number;
  room_memory_bytes(configLength: number): number;
  room_init(configLength: number): number;
  room_address(which: number): number;
  /** Cores that were kept may not have it. */
  room_row?(index: number, what: number): number;
  room_begin(inputLength: number): number;
  room_end(commandLength: number): number;
  room_stage(number: number, length: number): number;
  room_state_hash(): number;
  room_region_hash(): number;
  room_adopt(epoch: number, least: number): number;
  room_messages_read(slot: number): number;
  room_messages_done(slot: number): number;
  client_memory_bytes(configLength: number): number;
  client_init(configLength: number): number;
  client_address(which: number): number;
  client_join(
    playerId: number,
    handle: number,
    epoch: number,
    verify: number,
    numbers: number,
  ): number;
  client_rejoin(handle: number, epoch: number, numbers: number): number;
  client_receive(length: number): number;
  client_sample(): number;
  client_packet(localTick: number): number;
  client_send(length: number): number;
  client_message(): number;
  client_event(): number;
  client_view(tick: number, fraction: number, localTick: number, localFraction: number): number;
  client_predict(on: number): number;
}

export interface CoreInstance {
  readonly exports: CoreExports;
  /** Fixed size: typed arrays over its buffer stay valid for the life of the instance. */
  readonly memory: WebAssembly.Memory;
}

/** What a core can be compiled from. */
export type CoreSource = BufferSource | Response | WebAssembly.Module | PromiseLike<Response>;

/**
 * Compiles the core, streaming where the source is a Response of type application/wasm. Rejects with E_CORE for bytes
 * that are no core. About 30 ms, once per process or page.
 */
export async function compileCore(source: CoreSource): Promise<WebAssembly.Module> {
  const given = await source;
  if (given instanceof WebAssembly.Module) return given;
  try {
    const bytes =
      typeof Response !== 'undefined' && given instanceof Response ? await bodyOf(given) : given;
    return await WebAssembly.compile(bytes as BufferSource);
  } catch (cause) {
    if (cause instanceof FrayError) throw cause;
    throw new FrayError('E_CORE', `Cannot compile the core: ${String(cause)}`, { cause });
  }
}

/**
 * Which tables a core may have been built from: those of this code, or others, of which somebody has looked that what is read of the core
 * lies where it did (`src/room/cores.ts`).
 */
export type Tables = 'own' | 'any';

/** Makes an instance with at least `bytes` of memory. Throws E_CORE if it was built from other tables than this code. */
export function instantiate(
  module: WebAssembly.Module,
  bytes: number,
  tables: Tables = 'own',
  config?: Uint8Array,
): CoreInstance {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  const memoryOf = () => new WebAssembly.Memory({ initial: pages, maximum: pages });
  return instantiateIn(module, memoryOf, { tables, config });
}

function instantiateIn(
  module: WebAssembly.Module,
  memoryOf: () => WebAssembly.Memory,
  { tables, config }: { readonly tables: Tables; readonly config: Uint8Array | undefined },
): CoreInstance {
  const wanted = WebAssembly.Module.imports(module);
  const memoryImport = wanted.find(({ kind }) => kind === 'memory');
  if (!memoryImport)
    throw new FrayError('E_CORE', 'Cannot instantiate the core: it does not import a memory');
  try {
    const memory = memoryOf();
    const imports = {
      [memoryImport.module]: { [memoryImport.name]: memory },
      step: wanted.length > 1 ? stepOf(config) : {},
    };
    const { exports } = new WebAssembly.Instance(module, imports);
    const core = { exports: exports as unknown as CoreExports, memory };
    const made = core.exports.abi_version() >>> 0;
    if (made !== TABLE_HASH && tables === 'own') {
      const [has, needs] = [made.toString(16), TABLE_HASH.toString(16)];
      throw new FrayError(
        'E_CORE',
        `Cannot instantiate the core: it has the tables ${has}, this code has ${needs}`,
      );
    }
    return core;
  } catch (cause) {
    if (cause instanceof FrayError) throw cause;
    throw new FrayError('E_CORE', `Cannot instantiate the core: ${String(cause)}`, { cause });
  }
}

/** What the core calls as the game's own step: an instance of the module in a configuration, or functions that nobody calls. */
function stepOf(config: Uint8Array | undefined): WebAssembly.ModuleImports {
  const bytes = config
    ? new DataView(config.buffer, config.byteOffset).getUint32(ConfigHead.stepBytes, true)
    : 0;
  if (!config || bytes === 0) return { step: () => 0, read: () => 0n };
  const from = config.length - 4 * Math.ceil(bytes / 4);
  const module = new WebAssembly.Module(config.slice(from, from + bytes));
  return new WebAssembly.Instance(module).exports as WebAssembly.ModuleImports;
}

/**
 * Makes an instance of the size that `config` needs and lays out a room or a client in it. A small instance of the same
 * module, kept per module, is asked for the size first. Throws the core's code for a configuration it refuses.
 */
export function instantiateFor(
  module: WebAssembly.Module,
  half: 'room' | 'client',
  { config, tables = 'own' }: { readonly config: Uint8Array; readonly tables?: Tables },
): CoreInstance {
  const ruler = rulerOf(module, tables);
  writeConfig(ruler, config);
  const bytes = checked(ruler.exports[`${half}_memory_bytes`](config.length), `size the ${half}`);
  const core = instantiate(module, bytes, tables, config);
  writeConfig(core, config);
  checked(core.exports[`${half}_init`](config.length), `create the ${half}`);
  return core;
}

/**
 * The same in the memory of an instance that is given up, after a trap: all of it is zeroed first, so nothing of what that one left
 * there is read, and whoever has views of it goes on with them.
 */
export function instantiateAgain(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  of: { readonly half: 'room' | 'client'; readonly config: Uint8Array; readonly tables?: Tables },
): CoreInstance {
  new Uint8Array(memory.buffer).fill(0);
  const { tables = 'own', config } = of;
  const core = instantiateIn(module, () => memory, { tables, config });
  writeConfig(core, of.config);
  checked(core.exports[`${of.half}_init`](of.config.length), `create the ${of.half} again`);
  return core;
}

/** Returns a result that is not negative; a negative one is thrown as the error whose code it is. */
export function checked(result: number, action: string): number {
  if (result < 0) throw errorOf(-result, action);
  return result;
}

function writeConfig(core: CoreInstance, config: Uint8Array): void {
  if (config.length > CONFIG_BYTES_MAX) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot write the configuration: ${config.length} bytes, the core takes ${CONFIG_BYTES_MAX}`,
    );
  }
  new Uint8Array(core.memory.buffer).set(config, core.exports.config_address());
}

function rulerOf(module: WebAssembly.Module, tables: Tables): CoreInstance {
  let ruler = RULERS.get(module);
  if (ruler === undefined) {
    ruler = instantiate(module, RULER_PAGES * PAGE_BYTES, tables);
    RULERS.set(module, ruler);
  }
  return ruler;
}

async function bodyOf(response: Response): Promise<ArrayBuffer> {
  if (!response.ok)
    throw new FrayError(
      'E_CORE',
      `Cannot load the core: HTTP ${response.status} for ${response.url}`,
    );
  return response.arrayBuffer();
}

const PAGE_BYTES = 65_536;
/** Stack, statics and the configuration buffer fit; nothing is laid out in it. */
const RULER_PAGES = 40;
/** The buffer of the core for the configuration (ADDRESS.config): its rows, the walls of the largest schema, the largest step. */
const CONFIG_BYTES_MAX = 32_768 + MAP_BOXES_MAX * WallBox.bytes + STEP_BYTES_MAX;
/** Sizes are asked for at every room; the instance that answers holds no state between two questions. */
const RULERS = new WeakMap<WebAssembly.Module, CoreInstance>();
