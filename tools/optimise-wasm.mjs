/**
 * The last step of tools/build-wasm.sh: `node tools/optimise-wasm.mjs IN OUT`, or with `--without PREFIX` a copy of a module
 * that has been through it, without the exports of that prefix and what only they need: the functions left are the same, byte
 * for byte but for their numbers. Optimises for speed, and gives the
 * module back what wasm-bindgen takes from it: with an imported memory the linker makes a start function that zeroes
 * static data, wasm-bindgen turns it into an export that its own glue would call. Here it is the start function again,
 * so that an instance made by hand is right on any memory. Then checks what a host relies on: one import, a memory
 * without a maximum.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import binaryen from 'binaryen';

const START = '__wbindgen_start';

const [input, output, flag, prefix] = process.argv.slice(2);
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

if (flag === '--without') {
  for (const name of exportNames()) if (name.startsWith(prefix)) module.removeExport(name);
  module.runPasses(['remove-unused-module-elements']);
} else optimise();
if (!module.validate())
  throw new Error('Cannot optimise the core: binaryen made an invalid module');
writeFileSync(output, module.emitBinary());

const made = new WebAssembly.Module(readFileSync(output));
const imports = WebAssembly.Module.imports(made);
if (imports.length !== 1 || imports[0].kind !== 'memory') {
  const names = imports.map(({ module: from, name, kind }) => `${kind} ${from} ${name}`);
  throw new Error(`Cannot use the core: it must import one memory and nothing else, not ${names}`);
}

function optimise() {
  if (exportNames().includes(START)) {
    module.setStart(module.getFunction(binaryen.getExportInfo(module.getExport(START)).value));
    module.removeExport(START);
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
