#!/bin/sh
set -e
cd "$(dirname "$0")"
witgen generate -q
witgen build -q invert.py
python show.py
