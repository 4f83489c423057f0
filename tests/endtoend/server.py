"""Bad requests against a running server: the right status and one clear sentence each, and the server goes on. Standard library only."""
import http.client
import json
import sys
import time
import urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).netloc


def call(path, body, method="POST"):
    connection = http.client.HTTPConnection(host, timeout=120)
    connection.request(method, path, body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode())
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


for _ in range(100):
    try:
        assert call("/", None, "GET") == (200, "Ollama is running")
        break
    except OSError:
        time.sleep(0.1)

hello = [{"role": "user", "content": "hello"}]
long = [{"role": "user", "content": "word " * 5000}]
cases = [
    ("/api/chat", b'{"model": "smollm2", "messages": [', 400, ""),
    ("/api/chat", b"", 400, "missing request body"),
    ("/api/chat", {"model": "smollm2", "messages": "hello"}, 400, "messages"),
    ("/api/chat", {"model": "nope", "messages": hello}, 404, "model 'nope' not found"),
    ("/api/chat", {"model": "broken", "messages": hello, "stream": False}, 500, "truncated.gguf"),
    ("/api/chat", {"model": "mamba", "messages": hello, "stream": False}, 500, "mamba"),
    ("/api/chat", {"model": "smollm2", "messages": hello, "options": {"temperature": "hot"}}, 400, "temperature"),
    ("/api/chat", {"model": "smollm2", "messages": long, "truncate": False, "options": {"num_ctx": 4096}}, 400, "exceeds the context length"),
    ("/api/embed", {"model": "smollm2", "input": 5}, 400, "invalid input type"),
    ("/v1/chat/completions", b"nonsense", 400, ""),
    ("/v1/chat/completions", {"model": "nope", "messages": hello}, 404, "nope"),
    ("/v1/embeddings", {"model": "smollm2", "input": [[1, 99999999]]}, 400, "99999999"),
]
for path, body, status, text in cases:
    got = call(path, body)
    error = json.loads(got[1])["error"]
    message = error["message"] if path.startswith("/v1") else error
    assert got[0] == status and text in message and message and "\n" not in message, (path, body, got)
    print(got[0], message[:150])

status, text = call("/api/chat", {"model": "smollm2", "messages": [{"role": "user", "content": "What is the capital of France?"}], "stream": False, "options": {"temperature": 0}})
assert status == 200 and "Paris" in json.loads(text)["message"]["content"], text

status, text = call("/api/embed", {"model": "smollm2", "input": ["one", "two words"]})
vectors = json.loads(text)["embeddings"]
assert status == 200 and [len(vector) for vector in vectors] == [576, 576] and all(abs(sum(x * x for x in vector) - 1) < 1e-3 for vector in vectors), text
