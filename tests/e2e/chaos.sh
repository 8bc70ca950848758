#!/bin/sh
# Faults of real processes, each once (tests/chaos), and Ctrl-C a dozen times; those that take long to be noticed are left to `make chaos`.
chaos="$(dirname "$0")/../chaos/chaos.py"
python3 "$chaos" --short && python3 "$chaos" --only Ctrl-C --programs 4
