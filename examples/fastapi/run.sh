#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate -q
mkdir -p plugins
witgen build -q shout.py --out plugins/shout.wasm
python try_it.py
