#!/usr/bin/env bash
# Real clients against a real server with the bundled models: the npm clients `ollama` and `openai`, two programs as tutorials write
# them, the recorded requests of the Python clients, and examples/rag. Needs: built src/Server and examples/rag/csharp, node with npm, python3
# with requests.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
work=$(mktemp -d)
python=${PYTHON:-/usr/bin/python3}
chat=smollm2
encoder=all-minilm
embed=qwen3-embedding-test
server_pid=
finish() {
  [ -n "$server_pid" ] && kill "$server_pid" 2>/dev/null && wait "$server_pid" 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT

cp package.json ./*.mjs "$work/"
(cd "$work" && npm install --no-package-lock --no-audit --no-fund --silent)

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
OLLAMA_MODELS=$work/models OLLAMA_HOST=127.0.0.1:$port "$root/src/Server/bin/Release/net10.0/localllm" serve \
  --model "$embed=$root/tests/Vectors/models/qwen3-embedding.gguf" >"$work/server.log" 2>&1 &
server_pid=$!
for _ in $(seq 100); do
  "$python" -c "import urllib.request; urllib.request.urlopen('$url/')" 2>/dev/null && break
  kill -0 "$server_pid" 2>/dev/null || { cat "$work/server.log"; exit 1; }
  sleep 0.1
done

step() {
  echo "-- $*"
  "$@" || { echo "failed: $*"; tail -n 40 "$work/server.log"; exit 1; }
}
step "$python" guide_plain.py "$url" "$chat"
step "$python" guide_stream.py "$url" "$chat"
step node "$work/native.mjs" "$url" "$chat" "$embed" "$encoder"
step node "$work/openai.mjs" "$url" "$chat" "$embed" "$encoder"
step "$python" "$root/tests/endtoend/rag.py" "$url" "$encoder" "$chat" --meaning
replay=$root/tests/Vectors/clients/replay.py
requests=$root/tests/Vectors/clients/requests.jsonl
step "$python" "$replay" "$url" "$requests" --map llama3.2="$chat" --may-refuse tools,images,think,suffix,format --min-right 60 \
  --only '/,/api/version,/api/tags,/api/show,/api/chat,/api/generate,/v1/chat/completions,/v1/models,/v1/models/*'
for embedding in "$embed" "$encoder"; do
  step "$python" "$replay" "$url" "$requests" --map nomic-embed-text="$embedding" --only /api/embed,/api/embeddings,/v1/embeddings
done
# A recorded request deletes a model of this name.
curl -fsS "$url/api/copy" -d "{\"source\": \"$chat\", \"destination\": \"mario\"}"
# Another names this one in a Modelfile.
curl -fsS "$url/api/copy" -d "{\"source\": \"$chat\", \"destination\": \"llama3.2\"}"
step "$python" "$replay" "$url" "$requests" --store --map llama3.2="$chat" --min-right 15 --only "/api/create,/api/copy,/api/delete,/api/blobs*,/api/tags,/api/show,/api/ps"
echo "clients: ok"
