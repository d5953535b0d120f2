#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out blobs.wasm
witgen run blobs.wasm save '"shopping"' '["tea", "bread"]'
witgen run blobs.wasm first-line '"shopping"'
witgen run blobs.wasm first-line '"nothing"'
witgen run blobs.wasm names
