#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate -q wit --out ledger_bindings
witgen build -q app.py
python host.py
