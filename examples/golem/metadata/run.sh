#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out metadata.wasm
witgen run --worker ada --env MOOD=good metadata.wasm myself
witgen run --worker alan metadata.wasm another '"ada"'
witgen run --worker alan metadata.wasm another '"nobody"'
