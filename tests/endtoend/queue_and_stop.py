"""The built server (argv[1]) under more requests than it takes, and told to end while it generates. Loopback, a few seconds. Standard library only."""
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

program = sys.argv[1]
# Shells have what they run in the background ignore this signal, and the server would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Greedy and repetitive: it never ends by itself.
ENDLESS = {"model": "smollm2", "prompt": "one two three four five six seven eight nine ten " * 20, "raw": True,
           "options": {"temperature": 0, "num_predict": -1, "num_ctx": 2048}, "stream": True}


def start(**variables):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "OLLAMA_HOST": f"127.0.0.1:{port}", **variables}
    server = subprocess.Popen([program, "serve"], env=environment, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if "listening on" in line:
            break
    # The log must not fill the pipe.
    threading.Thread(target=server.stderr.read, daemon=True).start()
    return server, port


def ask(port, path, body, timeout=600):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("POST", path, json.dumps(body).encode())
    return connection.getresponse()


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return False
    except OSError:
        return True


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this takes too long"
        time.sleep(0.02)


def ten_at_once(port):
    """Statuses of ten simultaneous requests; those that are let in end after a while."""
    statuses, barrier = [], threading.Barrier(10)

    def one():
        barrier.wait()
        answer = ask(port, "/api/generate", {**ENDLESS, "stream": False, "options": {**ENDLESS["options"], "num_predict": 150}})
        text = answer.read().decode()
        statuses.append(answer.status)
        if answer.status == 503:
            assert json.loads(text) == {"error": "server busy, please try again.  maximum pending requests exceeded"}, text
            assert answer.headers["Retry-After"] == "1", answer.headers
        else:
            assert json.loads(text)["eval_count"] == 150, text

    threads = [threading.Thread(target=one) for _ in range(10)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return sorted(statuses)


server, port = start(OLLAMA_NUM_PARALLEL="2", OLLAMA_MAX_QUEUE="4")
for state in ("not loaded", "loaded"):
    statuses = ten_at_once(port)
    assert statuses == [200] * 6 + [503] * 4, statuses
    print(f"ten at once, model {state}: {statuses.count(200)} answered, {statuses.count(503)} turned away")
listed = subprocess.run([program, "ps"], env={**os.environ, "OLLAMA_HOST": f"127.0.0.1:{port}"}, capture_output=True, text=True, check=True).stdout
assert "smollm2:latest" in listed and "100% CPU" in listed, listed
print(listed.rstrip())
subprocess.run([program, "stop", "smollm2"], env={**os.environ, "OLLAMA_HOST": f"127.0.0.1:{port}"}, check=True)
server.send_signal(signal.SIGTERM)
assert server.wait(120) == 0

# A generation that outlives the grace ends with a proper last item; meanwhile nobody is let in.
server, port = start(LOCALLLM_STOP_TIMEOUT="1500ms")
native = ask(port, "/api/generate", ENDLESS)
chat = {"model": "smollm2", "stream": True, "logit_bias": {"0": -100, "2": -100}, "messages": [{"role": "user", "content": "Count for ever."}]}
openai = ask(port, "/v1/chat/completions", chat)
assert not json.loads(native.readline())["done"] and openai.readline().startswith(b"data: ")
server.send_signal(signal.SIGTERM)
until(lambda: refused(port))
begin = time.monotonic()
lines = native.read().decode().strip().split("\n")
last = json.loads(lines[-1])
assert last["done"] and last["done_reason"] == "length" and last["eval_count"] > 0, last
events = openai.read().decode().strip().split("\n\n")
assert events[-1] == "data: [DONE]" and '"finish_reason":"length"' in events[-2], events[-2:]
assert server.wait(120) == 0
print(f"told to end: both streams ended with \"length\" after {time.monotonic() - begin:.1f} s of grace, {last['eval_count']} tokens")

# A second signal ends at once, and the stream breaks off instead of ending cleanly.
server, port = start(LOCALLLM_STOP_TIMEOUT="1h")
native = ask(port, "/api/generate", ENDLESS)
native.readline()
server.send_signal(signal.SIGTERM)
until(lambda: refused(port))
server.send_signal(signal.SIGINT)
try:
    rest = native.read()
    assert False, f"a clean end: {rest[-200:]}"
except (http.client.IncompleteRead, ConnectionError):
    pass
assert server.wait(120) == 0
print("told twice: ended at once")
