#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out update.wasm
witgen run --worker ada update.wasm note '"buy tea"'

sed 's/BULLET = "-"/BULLET = "*"/' app.py > second.py
witgen build --golem second.py --out second.wasm
witgen run --worker alan update=second.wasm update '"ada"' 1
witgen run --worker ada update=second.wasm notes
