"""Runners that die under load, that hang, and servers that are killed: the server answers all along, every request ends in an answer or one clear
error, and nothing is left behind. Arguments: the program; a number to begin chance with. Linux; standard library only; loopback."""
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = sys.argv[1]
CHANCE = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
KILLS = 20
CLIENTS = 4
LOST = "model runner has unexpectedly stopped"
PATIENCE = 60       # seconds after which something that must happen counts as not happening


def wait_for(what, condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.02)
    return found


def stat(pid):
    """State and parent of a process; None if there is none."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return fields[0], int(fields[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(pid):
    found = stat(pid)
    return found is not None and found[0] != "Z"


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024


class Server:
    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {key: value for key, value in os.environ.items() if key not in ("XDG_RUNTIME_DIR", "LOCALLLM_IN_PROCESS")}
        environment |= {"OLLAMA_HOST": f"127.0.0.1:{self.port}", "TMPDIR": folder}
        self.folder = pathlib.Path(folder)
        self.log = open(self.folder / f"log-{self.port}", "w+")
        self.process = subprocess.Popen([PROGRAM, "serve"], env=environment, stdout=self.log, stderr=self.log)
        wait_for("the server's start", self.is_up)

    def is_up(self):
        assert self.process.poll() is None, "the server ended"
        try:
            return self.get("/api/version")
        except OSError:
            return False

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, path):
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        assert answer.status == 200, (path, answer.status, text)
        return json.loads(text)

    def generate(self, tokens, seen=lambda: None):
        """Streams an answer. Gives its text, or raises what must not happen; None if it ended in the one clear error."""
        connection = self.connect()
        body = {"model": "smollm2", "prompt": "Write a long story about a lighthouse.", "options": {"num_predict": tokens, "temperature": 0.8}}
        connection.request("POST", "/api/generate", json.dumps(body))
        answer = connection.getresponse()
        text = ""
        last = None
        for line in answer:
            assert last is None, f"something came after the end: {line}"
            item = json.loads(line)
            if "error" in item:
                assert LOST in item["error"], item
                last = False
            else:
                assert answer.status == 200, item
                text += item["response"]
                seen()
                last = True if item["done"] else None
        connection.close()
        assert last is not None, f"the stream ended without an end, after {text!r}"
        return text if last else None

    def runners(self):
        """Children of the server, zombies included, with their states."""
        found = {int(name): stat(name) for name in os.listdir("/proc") if name.isdigit()}
        return {pid: about[0] for pid, about in found.items() if about and about[1] == self.process.pid}

    def runner(self):
        return next((pid for pid, state in self.runners().items() if state not in "ZX"), None)

    def leftovers(self):
        return sorted(str(path) for path in self.folder.glob("localllm-runners*/**/*"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE) == 0, self.process.returncode

    def tell(self):
        self.log.seek(0)
        print(self.log.read()[-5000:])


def without_a_model(server):
    server.get("/api/tags")
    time.sleep(1)
    used = resident(server.process.pid)
    print(f"a server without a model: {used:.0f} MB")
    assert used < 120, used
    assert server.runner() is None


def killed_under_load(server):
    done = threading.Event()
    tokens = [0]
    outcomes = {"answers": 0, "errors": 0}
    troubles = []

    def seen():
        tokens[0] += 1

    def ask():
        while not done.is_set():
            try:
                outcomes["errors" if server.generate(150, seen) is None else "answers"] += 1
            except Exception as trouble:
                troubles.append(f"a request: {trouble!r}")
                return

    def poll():
        while not done.is_set():
            try:
                server.get("/api/version")
            except Exception as trouble:
                troubles.append(f"/api/version: {trouble!r}")
                return
            time.sleep(0.02)

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(CLIENTS)] + [threading.Thread(target=poll, daemon=True)]
    for thread in threads:
        thread.start()
    memory = []
    for _ in range(KILLS):
        before = tokens[0]
        wait_for(f"tokens after a kill ({troubles})", lambda: tokens[0] > before + 10 or troubles)
        assert not troubles, troubles
        time.sleep(CHANCE.uniform(0, 0.4))
        pid = wait_for("a runner", server.runner)
        os.kill(pid, signal.SIGKILL)
        wait_for("the end and reaping of a killed runner", lambda: pid not in server.runners())
        memory.append(resident(server.process.pid))
    done.set()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a request hangs"
    assert not troubles, troubles
    print(f"{KILLS} kills under load: {outcomes['answers']} answers, {outcomes['errors']} clear errors; server {memory[0]:.0f} MB after the first, {memory[-1]:.0f} MB after the last")
    assert memory[-1] < memory[4] + 25 and memory[-1] < 160, memory
    wait_for("an answer afterwards", lambda: server.generate(5) is not None)
    states = server.runners()
    assert len(states) == 1 and "Z" not in states.values(), states
    assert len([path for path in server.leftovers() if path.endswith(".sock")]) == 1, server.leftovers()


def stopped(server):
    pid = server.runner()
    begun = threading.Event()
    result = []
    asking = threading.Thread(target=lambda: result.append(server.generate(2000, begun.set)), daemon=True)
    asking.start()
    assert begun.wait(PATIENCE)
    os.kill(pid, signal.SIGSTOP)
    start = time.monotonic()
    asking.join(PATIENCE)
    assert len(result) == 1, "a request to a stopped runner hangs"
    print(f"a stopped runner: its request ended after {time.monotonic() - start:.1f} s ({'one clear error' if result[0] is None else 'answered'})")
    wait_for("the end of a stopped runner", lambda: pid not in server.runners())
    assert server.generate(5) is not None


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            without_a_model(server)
            killed_under_load(server)
            stopped(server)
            pid = server.runner()
            server.stop()
            assert not alive(pid), "a runner outlived its server"
            assert server.leftovers() == [] and list(server.folder.glob("localllm-runners*")) == [], server.leftovers()
            print("a server that ends leaves nothing")

            server = Server(folder)
            asking = threading.Thread(target=lambda: suppress(server.generate, 2000), daemon=True)
            asking.start()
            pid = wait_for("a runner", server.runner)
            time.sleep(CHANCE.uniform(0.2, 1))
            server.process.kill()
            server.process.wait()
            start = time.monotonic()
            wait_for("the end of an orphan", lambda: not alive(pid), 10)
            print(f"a killed server: its runner was gone after {time.monotonic() - start:.2f} s")
            left = server.leftovers()
            assert left, "the sweep has nothing to do"
            server = Server(folder)
            assert not set(left) & set(server.leftovers()), server.leftovers()
            server.stop()
            assert server.leftovers() == []
            print("the next server swept what it left")
        except BaseException:
            server.tell()
            raise
        finally:
            if server.process.poll() is None:
                server.process.kill()


def suppress(action, *arguments):
    try:
        action(*arguments)
    except Exception:
        pass        # its server is killed


main()
