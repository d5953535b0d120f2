#!/bin/sh
set -e
cd "$(dirname "$0")"
for name in ledger shop; do
    witgen generate -q "$name" --out "${name}_bindings"
    witgen build -q "$name.py" --wit "$name" --out "$name.wasm"
done
python host.py
