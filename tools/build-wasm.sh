#!/usr/bin/env bash
# Builds core-wasm/fray_core.wasm with wasm-pack and binaryen, and records in core-wasm/toolchain.json what built it.
# The bytes belong to these versions. tools/setup installs the tools.
#
#   tools/build-wasm.sh          builds and writes both files
#   tools/build-wasm.sh --check  builds aside and compares with the committed file: equal bytes, or exit code 1;
#                                with other versions than the recorded ones it says so and compares nothing
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
CORE=$ROOT/core-wasm
TOOLS=${WASM_TOOLS:-$HOME/.cache/wasm-tools}
# Debian's compiler, which has the wasm32 library; not the one that rustup puts first.
export PATH="$TOOLS/bin:/usr/bin:$PATH" RUSTC=/usr/bin/rustc
export CARGO_TARGET_DIR=$CORE/target/wasm

fail() { echo "build-wasm: $*" >&2; exit 1; }
for tool in /usr/bin/rustc /usr/bin/cargo "$TOOLS/bin/wasm-pack" "$TOOLS/bin/wasm-bindgen"; do
  [ -x "$tool" ] || fail "$tool is missing; run tools/setup"
done
[ -d "$ROOT/node_modules/binaryen" ] || fail "binaryen is missing; run npm ci"

toolchain() { # of the module given
  cat <<JSON
{
  "rustc": "$(/usr/bin/rustc --version)",
  "wasmPack": "$(wasm-pack --version | cut -d' ' -f2)",
  "wasmBindgen": "$(wasm-bindgen --version | cut -d' ' -f2)",
  "binaryen": "$(node -p "require('$ROOT/node_modules/binaryen/package.json').version")",
  "sha256": "$(sha256sum "$1" | cut -d' ' -f1)"
}
JSON
}
versions() { grep -v '"sha256"' "$1"; }

OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT

if [ "${1:-}" = --check ]; then
  [ -f "$CORE/fray_core.wasm" ] && [ -f "$CORE/toolchain.json" ] || fail "core-wasm/fray_core.wasm is not there; run npm run build:wasm"
  toolchain "$CORE/fray_core.wasm" > "$OUT/present.json"
  grep -q "$(sha256sum "$CORE/fray_core.wasm" | cut -d' ' -f1)" "$CORE/toolchain.json" ||
    fail "core-wasm/fray_core.wasm is not the file that core-wasm/toolchain.json names; run npm run build:wasm"
  if ! diff <(versions "$CORE/toolchain.json") <(versions "$OUT/present.json") > "$OUT/diff"; then
    echo "build-wasm: not compared, the committed bytes come from other versions (<) than those here (>):"
    cat "$OUT/diff"
    exit 0
  fi
fi

# Paths of this machine out of the messages of panics: the bytes must not depend on where cargo keeps its sources.
( cd "$CORE" && cargo fetch --quiet --locked )
REMAP=""
for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
  REMAP="$REMAP\"--remap-path-prefix=${folder%/}=/crates\","
done
( cd "$CORE" &&
  wasm-pack --quiet build --release --target web --mode no-install --no-opt --no-pack --out-dir "$OUT/pack" -- --locked \
    --config "target.wasm32-unknown-unknown.rustflags=[$REMAP]" )
node "$ROOT/tools/optimise-wasm.mjs" "$OUT/pack/fray_core_bg.wasm" "$OUT/fray_core.wasm"

if [ "${1:-}" = --check ]; then
  cmp "$OUT/fray_core.wasm" "$CORE/fray_core.wasm" ||
    fail "core-wasm/fray_core.wasm is not what the sources make; run npm run build:wasm and commit it"
  echo "build-wasm: the committed bytes are what the sources make"
else
  cp "$OUT/fray_core.wasm" "$CORE/fray_core.wasm"
  toolchain "$CORE/fray_core.wasm" > "$CORE/toolchain.json"
  echo "build-wasm: core-wasm/fray_core.wasm, $(stat -c %s "$CORE/fray_core.wasm") bytes"
fi
