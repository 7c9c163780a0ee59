#!/bin/sh
# Builds every peer (or those named), measures them interleaved, and writes
# results.md. See bench.py's head for the environment; `FRESH=1` drops the
# results kept so far, `INSTR=1` adds the callgrind counts (minutes more).
set -eu
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
command -v wrk >/dev/null || { echo "wrk is missing: apt-get update && apt-get install -y wrk" >&2; exit 1; }
if [ "${FRESH:-0}" = 1 ]; then rm -f out/results.json; fi
python3 bench.py build "$@"
python3 bench.py run "$@"
if [ "${INSTR:-0}" = 1 ]; then python3 bench.py instr "$@"; fi
python3 bench.py report
