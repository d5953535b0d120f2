#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out idempotency.wasm
witgen run --worker till idempotency.wasm pay '"ada"' 250
