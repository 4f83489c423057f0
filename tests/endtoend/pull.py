"""Servers of the built program (argv[1]) that pull from a registry of this file's own: one killed in the middle, two over one store that pull and delete at once for
argv[2] seconds (20), one whose disk fills up (needs the right to mount), one behind a proxy. Loopback. Standard library only."""
import atexit
import collections
import hashlib
import http.client
import http.server
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

program, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PART = 32 << 20
folder = tempfile.TemporaryDirectory()
blobs, manifests, asked = {}, {}, []
sent, rate = 0, 0
lock = threading.Lock()


def blob(content):
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return digest


def publish(name, *layers):
    entry = lambda kind, content: {"mediaType": kind, "digest": blob(content), "size": len(content)}
    config = json.dumps({"model_format": "gguf", "model_family": "llama", "name": name}).encode()
    manifests[name] = json.dumps({
        "schemaVersion": 2,
        "config": entry("application/vnd.docker.container.image.v1+json", config),
        "layers": [entry("application/vnd.ollama.image." + kind, content) for kind, content in layers],
    }).encode()


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        global sent
        path = urllib.parse.urlsplit(self.path).path    # a proxy is asked with the whole address
        asked.append(self.path)
        kind, what = path.split("/")[-2:]
        body = manifests.get(path.split("/")[3]) if kind == "manifests" else blobs.get(what)
        if body is None:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        at, end = 0, len(body)
        if wanted := re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", "")):
            at, end = int(wanted[1]), int(wanted[2]) + 1
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {at}-{end - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(end - at))
        self.end_headers()
        try:
            while at < end:
                piece = body[at:min(at + (64 << 10), end)]
                self.wfile.write(piece)
                at += len(piece)
                with lock:
                    sent += len(piece) if kind == "blobs" else 0
                if rate:
                    time.sleep(len(piece) / rate)
        except OSError:
            self.close_connection = True


registry = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
registry.daemon_threads = True
threading.Thread(target=registry.serve_forever, daemon=True).start()
host = f"127.0.0.1:{registry.server_port}"


def start(store, **more):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "OLLAMA_MODELS": store, "OLLAMA_HOST": f"127.0.0.1:{port}", **more}
    server = subprocess.Popen([program, "serve"], env=environment, stderr=subprocess.PIPE, text=True)
    atexit.register(server.kill)    # where an assertion ends this program first
    for line in server.stderr:
        if "listening on" in line:
            break
    threading.Thread(target=collections.deque(maxlen=50).extend, args=(server.stderr,), daemon=True).start()
    return server, port


def ask(port, method, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request(method, path, json.dumps(body).encode())
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, text


def pull(port, model, at=host):
    """The last line of a pull."""
    status, text = ask(port, "POST", "/api/pull", {"model": f"{at}/me/{model}", "insecure": True})
    assert status == 200, (status, text)
    return json.loads(text.splitlines()[-1])


def consistent(store):
    doctor = subprocess.run([program, "doctor", "--store"], env={**os.environ, "OLLAMA_MODELS": store}, capture_output=True, text=True)
    assert doctor.returncode == 0, doctor.stdout[-2000:] + doctor.stderr
    return doctor.stdout


def listed(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", "/api/tags")
    names = [model["name"] for model in json.loads(connection.getresponse().read())["models"]]
    connection.close()
    return [name for name in names if name.startswith(host)]


def killed():
    """A server killed three times in a pull: the next one goes on where it stopped, and what came is right."""
    global rate, sent
    store = os.path.join(folder.name, "killed")
    with open(os.path.join(root, "models", "SmolLM2-135M-Instruct.Q4_1.gguf"), "rb") as file:
        gguf = file.read()
    publish("whole", ("model", gguf), ("license", b"Apache-2.0"))
    rate, size = 5e6, len(gguf)
    for quarter in (1, 2, 3):
        server, port = start(store)
        threading.Thread(target=lambda port=port: subprocess.run(
            [program, "pull", "--insecure", f"{host}/me/whole"], env={**os.environ, "OLLAMA_HOST": f"127.0.0.1:{port}"}, stderr=subprocess.DEVNULL), daemon=True).start()
        begun = sent
        while sent - begun < size / 4:
            time.sleep(0.01)
        server.send_signal(signal.SIGKILL)
        server.wait()
        assert not os.path.exists(os.path.join(store, "manifests")), "a manifest before its blobs"
    server, port = start(store)
    assert listed(port) == []
    rate = 0
    assert pull(port, "whole") == {"status": "success"}
    time.sleep(0.2)
    again = sent - size
    assert again <= 3 * PART, f"{again} bytes came twice"
    status, text = ask(port, "POST", "/api/generate", {"model": f"{host}/me/whole", "prompt": "What is the capital of France?", "stream": False, "options": {"temperature": 0}})
    assert status == 200 and "Paris" in json.loads(text)["response"], text
    server.terminate()
    server.wait()
    consistent(store)
    print(f"killed three times in a pull of {size >> 20} MiB: {again / (1 << 20):.1f} MiB came twice, {again / 3 / (1 << 20):.1f} for each kill; it answers")


def two_servers():
    """Two servers over one store pull and delete models that share blobs."""
    store = os.path.join(folder.name, "two")
    source = random.Random(1)
    shared = source.randbytes(1 << 20)
    for i in range(4):
        publish(f"m{i}", ("model", source.randbytes(2 << 20)), ("projector", shared), ("license", b"one licence"))
    servers = [start(store), start(store)]
    counts, wrong, end = collections.Counter(), [], time.time() + seconds

    def work(port, seed):
        choice = random.Random(seed)
        while time.time() < end:
            model = f"m{choice.randrange(4)}"
            try:
                if choice.random() < 0.5:
                    last = pull(port, model)
                    counts["pulled"] += 1
                    if last != {"status": "success"}:
                        wrong.append((model, last))
                else:
                    status, text = ask(port, "DELETE", "/api/delete", {"model": f"{host}/me/{model}"})
                    counts["deleted" if status == 200 else "was not there"] += 1
                    if status not in (200, 404):
                        wrong.append((model, status, text))
            except Exception as exception:
                wrong.append((model, exception))

    threads = [threading.Thread(target=work, args=(servers[i % 2][1], i)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, (len(wrong), wrong[:3])
    consistent(store)
    for i in range(4):
        assert pull(servers[i % 2][1], f"m{i}") == {"status": "success"}
    assert sorted(listed(servers[0][1])) == [f"{host}/me/m{i}:latest" for i in range(4)]
    for i in range(4):
        assert ask(servers[i % 2][1], "DELETE", "/api/delete", {"model": f"{host}/me/m{i}"})[0] == 200
    for server, _ in servers:
        server.terminate()
        server.wait()
    assert os.listdir(os.path.join(store, "blobs")) == [], os.listdir(os.path.join(store, "blobs"))
    print("two servers that pull and delete over one store:", dict(counts))


def full_disk():
    """A disk that fills up under a pull: one sentence, nothing listed, and the pull goes on when there is room."""
    global rate
    disk = os.path.join(folder.name, "disk")
    os.mkdir(disk)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", disk], stderr=subprocess.DEVNULL).returncode != 0:
        print("a full disk: not tried, since this user may not mount a tmpfs")
        return
    try:
        publish("big", ("model", random.Random(2).randbytes(60 << 20)))
        publish("fits", ("model", random.Random(3).randbytes(30 << 20)))
        server, port = start(os.path.join(disk, "models"))
        error = pull(port, "big")["error"]
        assert "MB left" in error and "make room" in error, error
        rate, results = 1e6, []
        thread = threading.Thread(target=lambda: results.append(pull(port, "fits")))
        thread.start()
        blobs_folder = os.path.join(disk, "models", "blobs")
        while not any(name.endswith("-partial") for name in (os.listdir(blobs_folder) if os.path.isdir(blobs_folder) else [])):
            time.sleep(0.01)
        try:
            with open(os.path.join(disk, "filler"), "wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(1 << 20))
        except OSError:
            pass    # full
        thread.join()
        assert "is full: make room" in results[0].get("error", ""), results
        assert listed(port) == [] and not any(re.fullmatch("sha256-[0-9a-f]{64}", name) for name in os.listdir(blobs_folder))
        os.remove(os.path.join(disk, "filler"))
        rate = 0
        assert pull(port, "fits") == {"status": "success"}
        assert listed(port) == [f"{host}/me/fits:latest"]
        server.terminate()
        server.wait()
        consistent(os.path.join(disk, "models"))
        print("a disk that fills up under a pull:", results[0]["error"])
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def proxied():
    """The registry of this file as a proxy: hosts that are unknown here are asked for there, but for those that are excepted."""
    publish("behind", ("model", random.Random(4).randbytes(1 << 20)))
    server, port = start(os.path.join(folder.name, "proxied"), HTTP_PROXY=f"http://{host}", http_proxy=f"http://{host}", NO_PROXY="direct.invalid", no_proxy="direct.invalid")
    assert pull(port, "behind", "registry.invalid") == {"status": "success"}
    assert any(path.startswith("http://registry.invalid/v2/me/behind/blobs/") for path in asked), asked[-5:]
    assert "cannot be reached" in pull(port, "behind", "direct.invalid")["error"]
    assert not any("direct.invalid" in path for path in asked)
    assert pull(port, "behind") == {"status": "success"}    # this machine itself is asked without it
    assert "/v2/me/behind/manifests/latest" in asked
    server.terminate()
    server.wait()
    print("through a proxy: ok")


killed()
two_servers()
full_disk()
proxied()
