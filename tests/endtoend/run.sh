#!/usr/bin/env bash
# The built program as a user meets it: the bundled model answers, memory stays at file + cache + 200 MB, and bad input gives one
# clear sentence with exit code 1 while a server goes on. Needs: a built src/Server, python3, tmux.
set -euo pipefail
cd "$(dirname "$0")/../.."
localllm=$PWD/src/Server/bin/Release/net10.0/localllm
model=$PWD/models/SmolLM2-135M-Instruct.Q4_1.gguf
work=$(mktemp -d)
export OLLAMA_MODELS=$work/models # not the store of whoever runs this
export OLLAMA_HOST=127.0.0.1:1 LOCALLLM_NO_AUTOSTART=1 # nor their server
server_pid=
finish() {
  [ -n "$server_pid" ] && kill "$server_pid" 2>/dev/null && wait "$server_pid" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "FAILED: $*"; exit 1; }

echo "-- the bundled model answers"
"$localllm" run smollm2 --temperature 0 "What is the capital of France?" | tee "$work/answer"
grep -q Paris "$work/answer" || fail "no Paris in the answer"
(cd "$work" && "$localllm" run smollm2 --temperature 0 "What is the capital of France?" | grep -q Paris) || fail "the bundled model needs the checkout as working folder"

echo "-- nothing is computed for a reader that has gone"
status=$(set +e +o pipefail; timeout 60 "$localllm" run smollm2 --temperature 0 "Write a very long story about Paris." | head -c 40 >/dev/null; echo "${PIPESTATUS[0]}")
[ "$status" -eq 141 ] || fail "exit code $status instead of 141"

if "$localllm" doctor --simd | grep -q "^avx512vnni *can run"; then
  echo "-- without executable memory the answer is the same, and it is said once"
  python3 tests/endtoend/refuse_code.py "$localllm" run smollm2 --temperature 0 "What is the capital of France?" >"$work/out" 2>"$work/err"
  cmp "$work/out" "$work/answer" || fail "another answer"
  [ "$(grep -c "avx512vnni.*can't be used here" "$work/err")" -eq 1 ] || fail "not said once: $(cat "$work/err")"
  cat "$work/err"
fi

echo "-- bad input: one sentence, exit code 1"
refuses() { # what, expected text, command...
  local what=$1 text=$2 status=0
  shift 2
  "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" -eq 1 ] || fail "$what: exit code $status; $(cat "$work/err")"
  [ "$(grep -c . "$work/err")" -eq 1 ] || fail "$what: not one line: $(cat "$work/err")"
  grep -qi -- "$text" "$work/err" || fail "$what: '$text' is missing in: $(cat "$work/err")"
  cat "$work/err"
}
head -c 5000000 "$model" >"$work/truncated.gguf"
head -c 100 "$model" >"$work/stub.gguf"
echo "no model at all" >"$work/text.gguf"
python3 - "$model" "$work" <<'PY'
import sys
data = open(sys.argv[1], 'rb').read(64 << 20)
whole = open(sys.argv[1], 'rb').read()
key = b'general.architecture'
at = whole.index(key) + len(key) + 4 + 8          # type, length
open(sys.argv[2] + '/architecture.gguf', 'wb').write(whole[:at] + b'mamba' + whole[at + 5:])
name = b'blk.0.attn_q.weight'
at = whole.index(name) + len(name) + 4 + 16       # dimensions count, two dimensions
open(sys.argv[2] + '/type.gguf', 'wb').write(whole[:at] + (19).to_bytes(4, 'little') + whole[at + 4:])
PY
refuses "missing file" "no such\|not exist\|not found\|no file" "$localllm" run "$work/missing.gguf" hello
refuses "unknown name" "nope" "$localllm" run nope hello
refuses "truncated file" "truncated.gguf" "$localllm" run "$work/truncated.gguf" hello
refuses "truncated header" "stub.gguf" "$localllm" inspect "$work/stub.gguf"
refuses "not a GGUF" "GGUF" "$localllm" run "$work/text.gguf" hello
refuses "unknown architecture" "mamba" "$localllm" run "$work/architecture.gguf" hello
refuses "unsupported tensor type" "blk.0.attn_q.weight" "$localllm" run "$work/type.gguf" hello
refuses "unknown SIMD level" "mmx" "$localllm" run smollm2 --simd mmx hello
refuses "token out of range" "999999" "$localllm" logits smollm2 --tokens 1,999999 --output "$work/logits"

echo "-- a server survives all of it"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
OLLAMA_HOST=127.0.0.1:$port "$localllm" serve --model "broken=$work/truncated.gguf" --model "mamba=$work/architecture.gguf" >"$work/server.log" 2>&1 &
server_pid=$!
python3 tests/endtoend/server.py "http://127.0.0.1:$port" || { cat "$work/server.log"; exit 1; }

echo "-- memory: file + cache + 200 MB, context 4096, batch 512"
python3 tests/endtoend/memory.py "http://127.0.0.1:$port" "$server_pid" "$model"
echo "-- memory: ten thousand texts in one request"
python3 tests/endtoend/embed_memory.py "http://127.0.0.1:$port" "$server_pid"
kill "$server_pid" && wait "$server_pid" && server_pid=

echo "-- runners that die, hang or lose their server"
python3 tests/endtoend/faults.py "$localllm"

echo "-- more requests than the server takes; told to end while it generates"
python3 tests/endtoend/queue_and_stop.py "$localllm"
echo "-- two servers over one model store, and one killed in an upload"
python3 tests/endtoend/store.py "$localllm"
echo "-- pulls: a server killed in one, two servers over one store, a full disk, a proxy"
python3 tests/endtoend/pull.py "$localllm"
echo "-- what every verb prints, and conversations in a terminal"
python3 tests/endtoend/transcripts.py "$localllm"
echo "end to end: ok"
