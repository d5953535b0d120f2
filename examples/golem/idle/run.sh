#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out idle.wasm
for name in shop-1 shop-2 till-1; do witgen run --worker "$name" idle.wasm greet; done
witgen run --worker shop-owner idle.wasm idle-workers '"shop"'
