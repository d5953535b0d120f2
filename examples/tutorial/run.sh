#!/bin/sh
set -e
cd "$(dirname "$0")"
componentize-py -d wit -w adder componentize app -o add.wasm
witgen generate -q add.wasm --out add_bindings
python host.py
