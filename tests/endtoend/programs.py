"""The programs of the tests against a registry: servers of the built program, and Debian's docker-registry. Loopback, random ports. Standard library only."""
import atexit
import collections
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

PATIENCE = 300      # seconds after which something that must happen counts as not happening
QUESTION = {"prompt": "What is the capital of France?", "stream": False, "options": {"temperature": 0, "num_predict": 24}}


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.02)
    return found


def start(*command, **options):
    """Starts a program that does not outlive this one."""
    process = subprocess.Popen(command, **options)
    atexit.register(process.kill)
    return process


class Server:
    """`serve` over a store of its own."""

    def __init__(self, program, store, *arguments):
        self.program, self.store, self.port = program, pathlib.Path(store), free_port()
        self.environment = {**os.environ, "OLLAMA_MODELS": str(store), "OLLAMA_HOST": f"127.0.0.1:{self.port}"}
        self.process = start(program, "serve", *arguments, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = collections.deque(maxlen=50)
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()
        wait_for("a server's start", self.is_up)

    def is_up(self):
        assert self.process.poll() is None, list(self.log)
        try:
            return self.ask("GET", "/api/version")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode())
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text

    def transfer(self, verb, name, **fields):
        """Pulls or pushes, and gives all events, the last of which is success or the one error."""
        status, text = self.ask("POST", f"/api/{verb}", {"model": name, "insecure": True, **fields})
        events = [json.loads(line) for line in text.splitlines()]
        assert events and all("error" not in event for event in events[:-1]), (status, events[-3:])
        last = events[-1]
        assert ("error" in last and "\n" not in last["error"]) or last == {"status": "success"}, last
        return events

    def succeed(self, verb, name, **fields):
        events = self.transfer(verb, name, **fields)
        assert events[-1] == {"status": "success"}, events[-1]
        return events

    def fail(self, verb, name, **fields):
        last = self.transfer(verb, name, **fields)[-1]
        assert "error" in last, last
        return last["error"]

    def copy(self, source, destination):
        status, text = self.ask("POST", "/api/copy", {"source": source, "destination": destination})
        assert status == 200, text

    def delete(self, name):
        status, text = self.ask("DELETE", "/api/delete", {"model": name})
        assert status == 200, text

    def models(self):
        """Names and digests of what is in the store; the bundled models are listed too, under names without a host."""
        return {model["name"]: model["digest"] for model in json.loads(self.ask("GET", "/api/tags")[1])["models"] if model["name"].startswith("127.0.0.1:")}

    def answer(self, name):
        status, text = self.ask("POST", "/api/generate", {"model": name, **QUESTION})
        assert status == 200, text
        return json.loads(text)["response"]

    def command(self, *arguments):
        return subprocess.run([self.program, *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE)

    def blobs(self):
        folder = self.store / "blobs"
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def require_clean(self):
        """Every blob that a model uses is there and right."""
        doctor = self.command("doctor", "--store")
        assert doctor.returncode == 0, doctor.stdout[-2000:] + doctor.stderr

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)


class Registry:
    """Debian's docker-registry over a folder of its own."""

    def __init__(self, folder, auth="", data=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.auth, self.data = auth, data or self.folder / "data"
        self.port = free_port()
        (self.folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {self.data}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '127.0.0.1:{self.port}', secret: loopback}}\n{auth}")
        self.log = open(self.folder / "log", "a")
        self.process = start("docker-registry", "serve", str(self.folder / "config.yml"), stdout=self.log, stderr=self.log)
        wait_for("the registry's start", self.is_up)

    @staticmethod
    def is_installed():
        return shutil.which("docker-registry") is not None

    def is_up(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            return self.get("/v2/")[0] in (200, 401)
        except OSError:
            return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body

    def tags(self, repository):
        status, body = self.get(f"/v2/{repository}/tags/list")
        return json.loads(body)["tags"] if status == 200 else None

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.log.close()
