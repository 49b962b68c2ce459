#!/usr/bin/env bash
# Builds core-wasm/fray_core.wasm, core-wasm/fray_client.wasm (the same without the room, for clients), core-wasm/fray_client_step.wasm (for
# clients of games that have a step of their own) and core-wasm/fray_seal.wasm with wasm-pack and binaryen, and records in core-wasm/toolchain.json what built them. The bytes belong to these versions. tools/setup installs the tools.
#
#   tools/build-wasm.sh          builds and writes the files
#   tools/build-wasm.sh --check  builds aside and compares with the committed files: equal bytes, or exit code 1;
#                                with other versions than the recorded ones it says so and compares nothing
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
CORE=$ROOT/core-wasm
TOOLS=${WASM_TOOLS:-$HOME/.cache/wasm-tools}
# Debian's compiler, which has the wasm32 library; not the one that rustup puts first.
export PATH="$TOOLS/bin:/usr/bin:$PATH" RUSTC=/usr/bin/rustc
export CARGO_TARGET_DIR=$CORE/target/wasm
# A stable compiler takes the one unstable flag below only so.
export RUSTC_BOOTSTRAP=1

fail() { echo "build-wasm: $*" >&2; exit 1; }
for tool in /usr/bin/rustc /usr/bin/cargo "$TOOLS/bin/wasm-pack" "$TOOLS/bin/wasm-bindgen"; do
  [ -x "$tool" ] || fail "$tool is missing; run tools/setup"
done
[ -d "$ROOT/node_modules/binaryen" ] || fail "binaryen is missing; run npm ci"

# Folder of the crate, and its module.
crates() { printf '%s\n' "$CORE fray_core" "$CORE/seal fray_seal"; }
MODULES="fray_core fray_client fray_client_step fray_seal"
sha() { sha256sum "$1" | cut -d' ' -f1; }
toolchain() { # of the modules in the folder given
  cat <<JSON
{
  "rustc": "$(/usr/bin/rustc --version)",
  "wasmPack": "$(wasm-pack --version | cut -d' ' -f2)",
  "wasmBindgen": "$(wasm-bindgen --version | cut -d' ' -f2)",
  "binaryen": "$(node -p "require('$ROOT/node_modules/binaryen/package.json').version")",
  "sha256": "$(sha "$1/fray_core.wasm")",
  "sha256Client": "$(sha "$1/fray_client.wasm")",
  "sha256ClientStep": "$(sha "$1/fray_client_step.wasm")",
  "sha256Seal": "$(sha "$1/fray_seal.wasm")"
}
JSON
}
versions() { grep -v '"sha256' "$1"; }

OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT

if [ "${1:-}" = --check ]; then
  for file in fray_core.wasm fray_client.wasm fray_client_step.wasm fray_seal.wasm toolchain.json; do
    [ -f "$CORE/$file" ] || fail "core-wasm/$file is not there; run npm run build:wasm"
  done
  for module in $MODULES; do
    grep -q "$(sha "$CORE/$module.wasm")" "$CORE/toolchain.json" ||
      fail "core-wasm/$module.wasm is not the file that core-wasm/toolchain.json names; run npm run build:wasm"
  done
  toolchain "$CORE" > "$OUT/present.json"
  if ! diff <(versions "$CORE/toolchain.json") <(versions "$OUT/present.json") > "$OUT/diff"; then
    echo "build-wasm: not compared, the committed bytes come from other versions (<) than those here (>):"
    cat "$OUT/diff"
    exit 0
  fi
fi

build() { # folder, module
  # Paths of this machine out of the messages of panics: the bytes must not depend on where cargo keeps its sources.
  ( cd "$1" && cargo fetch --quiet --locked )
  # And without line numbers: a module that traps tells its host nothing of them, and every page would load 3 KB of them.
  local remap="\"-Zlocation-detail=none\","
  for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
    remap="$remap\"--remap-path-prefix=${folder%/}=/crates\","
  done
  ( cd "$1" &&
    wasm-pack --quiet build --release --target web --mode no-install --no-opt --no-pack --out-dir "$OUT/pack" -- --locked \
      --config "target.wasm32-unknown-unknown.rustflags=[$remap]" )
  node "$ROOT/tools/optimise-wasm.mjs" "$OUT/pack/$2_bg.wasm" "$OUT/$2.wasm"
}
while read -r folder module; do build "$folder" "$module"; done < <(crates)
RAW="$OUT/pack/fray_core_bg.wasm"
node "$ROOT/tools/optimise-wasm.mjs" "$RAW" "$OUT/fray_client.wasm" --stepless --without room_
node "$ROOT/tools/optimise-wasm.mjs" "$RAW" "$OUT/fray_client_step.wasm" --without room_

if [ "${1:-}" = --check ]; then
  for module in $MODULES; do
    cmp "$OUT/$module.wasm" "$CORE/$module.wasm" ||
      fail "core-wasm/$module.wasm is not what the sources make; run npm run build:wasm and commit it"
  done
  echo "build-wasm: the committed bytes are what the sources make"
else
  for module in $MODULES; do cp "$OUT/$module.wasm" "$CORE"; done
  toolchain "$CORE" > "$CORE/toolchain.json"
  for module in $MODULES; do
    echo "build-wasm: core-wasm/$module.wasm, $(stat -c %s "$CORE/$module.wasm") bytes"
  done
fi
