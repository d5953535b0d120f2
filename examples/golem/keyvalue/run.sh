#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out keyvalue.wasm
witgen run --worker book keyvalue.wasm sign '"Ada"' '"Good morning"'
witgen run --worker book keyvalue.wasm sign '"Alan"' '"Hello"'
witgen run --worker book keyvalue.wasm guests
