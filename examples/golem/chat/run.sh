#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate
witgen build --golem app.py --out chat.wasm
PORT="${PORT:-8765}"
python3 server.py "$PORT" &
trap 'kill $!' EXIT
sleep 1
witgen run --worker ada chat.wasm join "\"ws://127.0.0.1:$PORT\""
witgen run --worker ada chat.wasm say '"hello"'
witgen run --worker ada chat.wasm say '"are you still there?"'
witgen run --worker ada chat.wasm transcript
