/**
 * The last step of tools/build-wasm.sh: `node tools/optimise-wasm.mjs IN OUT [--stepless] [--without PREFIX]`. Optimises for speed, and gives
 * the module back what wasm-bindgen takes from it: with an imported memory the linker makes a start function that zeroes static data,
 * wasm-bindgen turns it into an export that its own glue would call. Here it is the start function again, so that an instance
 * made by hand is right on any memory.
 *
 * `--stepless`: without the call of a game's own step, for pages that have none: `step_bytes` answers 0, and what follows from it is gone.
 * `--without PREFIX`: leaves out, at the end, the exports of that prefix and what only they need: the functions left are the same, byte for
 * byte but for their numbers. Then checks what a host relies on: one memory without a maximum is imported, and the step or nothing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const START = '__wbindgen_start';

/** What says whether a game has a step of its own (core-wasm/src/abi.rs), and what it is imported as. */
const STEP_BYTES = 'step_bytes';
const STEP = 'step';

const [input, output, ...flags] = process.argv.slice(2);
const stepless = flags.includes('--stepless');
const prefix = flags.includes('--without') ? flags[flags.indexOf('--without') + 1] : undefined;
const module = binaryen.readBinary(readFileSync(input));
const features = binaryen.Features;
module.setFeatures(
  features.MutableGlobals |
    features.NontrappingFPToInt |
    features.SignExt |
    features.BulkMemory |
    features.BulkMemoryOpt |
    features.SIMD128 |
    features.Multivalue |
    features.ReferenceTypes |
    features.CallIndirectOverlong,
);

optimise();
if (prefix !== undefined) {
  for (const name of exportNames()) if (name.startsWith(prefix)) module.removeExport(name);
  module.runPasses(['remove-unused-module-elements']);
}
if (!module.validate())
  throw new Error('Cannot optimise the core: binaryen made an invalid module');
writeFileSync(output, module.emitBinary());

const made = new WebAssembly.Module(readFileSync(output));
const imports = WebAssembly.Module.imports(made);
const memories = imports.filter(({ kind }) => kind === 'memory');
const others = imports.filter((wanted) => wanted.kind !== 'memory');
if (memories.length !== 1 || others.some(({ module: from }) => stepless || from !== STEP)) {
  const names = imports.map(({ module: from, name, kind }) => `${kind} ${from} ${name}`);
  throw new Error(`Cannot use the core: it must not import ${names}`);
}

function optimise() {
  if (exportNames().includes(START)) {
    module.setStart(module.getFunction(binaryen.getExportInfo(module.getExport(START)).value));
    module.removeExport(START);
  }
  if (exportNames().includes(STEP_BYTES)) {
    const name = binaryen.getExportInfo(module.getExport(STEP_BYTES)).value;
    module.removeExport(STEP_BYTES);
    if (stepless) {
      module.removeFunction(name);
      module.addFunction(name, binaryen.i32, binaryen.i32, [], module.i32.const(0));
    }
  }
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  // A function that the compiler kept apart stays so: hot loops in one huge function get bad registers from V8 (a tenth of a tick).
  binaryen.setOneCallerInlineMaxSize(200);
  // Pages load these bytes: what the compiler signed with goes, and a pass may find more after the ones behind it.
  module.runPasses(['strip-producers', 'gufa-optimizing']);
  for (let before = Infinity, now = sizeOf(module); now < before; ) {
    module.optimize();
    [before, now] = [now, sizeOf(module)];
  }
}

function exportNames() {
  return Array.from(
    { length: module.getNumExports() },
    (_, index) => binaryen.getExportInfo(module.getExportByIndex(index)).name,
  );
}

function sizeOf(made) {
  return made.emitBinary().length;
}
