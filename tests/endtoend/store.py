"""Two servers of the built program (argv[1]) over one model store, with the bundled model: copies, deletes and uploads at once for argv[2] seconds (20), then a server
killed in the middle of an upload. Nothing may be refused, torn or left over. Loopback. Standard library only."""
import collections
import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

program, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20
folder = tempfile.TemporaryDirectory()
store = os.path.join(folder.name, "models")
environment = {**os.environ, "OLLAMA_MODELS": store}


def start():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([program, "serve"], env={**environment, "OLLAMA_HOST": f"127.0.0.1:{port}"}, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if "listening on" in line:
            break
    log = collections.deque(maxlen=50)
    threading.Thread(target=log.extend, args=(server.stderr,), daemon=True).start()
    return server, port, log


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode())
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def blobs():
    path = os.path.join(store, "blobs")
    return sorted(os.listdir(path)) if os.path.isdir(path) else []


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


servers = [start(), start()]
wrong, counts = [], collections.Counter()


def work(port, worker):
    end, number = time.time() + seconds, 0
    while time.time() < end:
        number += 1
        upload = f"{worker} {number}".encode() * 10000
        steps = [
            ("POST", "/api/copy", {"source": "smollm2", "destination": f"m{worker}"}, 200),
            ("POST", f"/api/blobs/{digest(upload)}", upload, 201),
            ("GET", "/api/tags", None, 200),
            ("DELETE", "/api/delete", {"model": f"M{worker}:LATEST"}, 200),
        ]
        for method, path, body, expected in steps:
            status, text = ask(port, method, path, body)
            counts[method + path[:10]] += 1
            if status != expected:
                wrong.append((method, path, status, text[:200]))


threads = [threading.Thread(target=work, args=(servers[i % 2][1], i)) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not wrong, (len(wrong), wrong[:3])
doctor = subprocess.run([program, "doctor", "--store"], env=environment, capture_output=True, text=True)
assert doctor.returncode == 0 and "models     0\n" in doctor.stdout, doctor.stdout[-2000:] + doctor.stderr
assert len(blobs()) == counts["POST/api/blobs"], (len(blobs()), counts)     # uploads that no model uses yet, and nothing else
print("two servers, one store:", dict(counts))

# An upload that never ends, and then a kill: no blob of that name, and the next upload is whole.
big = os.urandom(3 << 20)
server, port, log = servers[0]
half = socket.create_connection(("127.0.0.1", port))
half.sendall(f"POST /api/blobs/{digest(big)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(big)}\r\n\r\n".encode() + big[: 2 << 20])
while not any(name.endswith(".tmp") for name in blobs()):
    time.sleep(0.01)
server.kill()
server.wait()
half.close()
assert digest(big).replace(":", "-") not in blobs()
assert ask(servers[1][1], "HEAD", f"/api/blobs/{digest(big)}")[0] == 404
assert ask(servers[1][1], "POST", f"/api/blobs/{digest(big)}", big)[0] == 201
with open(os.path.join(store, "blobs", digest(big).replace(":", "-")), "rb") as written:
    assert written.read() == big

# What is left of it goes when a server starts and it is an hour old, and so do blobs that no model uses.
for name in blobs():
    os.utime(os.path.join(store, "blobs", name), (time.time() - 4000,) * 2)
assert ask(servers[1][1], "POST", "/api/copy", {"source": "smollm2", "destination": "kept"})[0] == 200
third = start()
while len(blobs()) > 4 and third[0].poll() is None:
    time.sleep(0.01)
kept = json.loads(open(os.path.join(store, "manifests", "registry.ollama.ai", "library", "kept", "latest")).read())
assert blobs() == sorted(layer["digest"].replace(":", "-") for layer in [kept["config"], *kept["layers"]]), blobs()
for server, _, _ in [servers[1], third]:
    server.terminate()
    server.wait()
print("killed in an upload, pruned: ok")
