#!/usr/bin/env bash
# Median of 20 warm starts of `localllm --version`: with no server listening, and with one, which the program asks for its version.
# Usage: bench/startup.sh PATH-TO-LOCALLLM   (of an installed or published build: others are not compiled ahead of time)
set -euo pipefail
localllm=$(realpath "${1:?usage: bench/startup.sh PATH-TO-LOCALLLM}")
work=$(mktemp -d)
server=
finish() {
  [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export OLLAMA_HOST=127.0.0.1:$port OLLAMA_MODELS=$work/models LOCALLLM_NO_AUTOSTART=1

median() { # label
  local began ended
  for _ in 1 2 3; do "$localllm" --version >/dev/null 2>&1; done # warms the page cache
  for _ in $(seq 20); do
    began=${EPOCHREALTIME/./}
    "$localllm" --version >/dev/null 2>&1
    ended=${EPOCHREALTIME/./}
    echo $((ended - began))
  done | sort -n | awk -v label="$1" '{ t[NR] = $1 } END { printf "%-16s median %5.1f ms, fastest %5.1f, slowest %5.1f\n", label, (t[10] + t[11]) / 2000, t[1] / 1000, t[20] / 1000 }'
}

median "no server"
"$localllm" serve >"$work/server.log" 2>&1 &
server=$!
for _ in $(seq 200); do
  grep -q "listening on" "$work/server.log" && break
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log"; exit 1; }
  sleep 0.05
done
median "with a server"
