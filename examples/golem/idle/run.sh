#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate --quiet
witgen build --quiet --golem app.py --out idle.wasm
for name in ada alan grace; do witgen run --worker "$name" idle.wasm greet; done
witgen run --worker alonzo idle.wasm idle-workers '"a"'
