#!/bin/sh
# Where the time of a tick goes, stage by stage: records W1, then runs the stages of a native build over its journal. What the committed core
# takes beside that: `fray bench native`.
# Usage: bench/profile-tick.sh [PLAYERS VISIBLE TICKS], default 100 10 3000. Needs Rust's ordinary toolchain.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
written=$(node --import=tsx --conditions=fray-source bench/w1-journal.ts "$folder" "${1:-100}" "${2:-10}" "${3:-3000}")
cd core-wasm
# shellcheck disable=SC2086 # a path and a number
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target/host} cargo run --quiet --release --locked --example profile -- $written
