"""Embeds 10,000 texts in one request through a running server and bounds what the server and its runner grow by meanwhile: the vectors themselves are
15 MB, as text 47 MB. Short requests beside it are answered while it runs, with the vector that they get alone. Linux; standard library only."""
import http.client
import json
import os
import re
import sys
import threading
import urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).netloc
server = int(sys.argv[2])
COUNT, MOST = 10_000, 150e6


def embed(inputs):
    connection = http.client.HTTPConnection(host, timeout=600)
    connection.request("POST", "/api/embed", json.dumps({"model": "all-minilm", "input": inputs, "keep_alive": "1m"}))
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == 200, (answer.status, text[:300])
    return json.loads(text)


def status(process):
    return open(f"/proc/{process}/status").read()


def peak(process):
    return int(re.search(r"VmHWM:\s+(\d+) kB", status(process)).group(1)) * 1024


def runners():
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if f"PPid:\t{server}\n" in status(name) and b"all-MiniLM" in open(f"/proc/{name}/cmdline", "rb").read():
                yield int(name)
        except OSError:
            pass        # it has ended meanwhile


texts = [" ".join(f"{(i * 7 + k) % 1000}" for k in range(2 + i % 13)) for i in range(COUNT)]
alone = embed("a short text")["embeddings"][0]
few = embed(texts[:600:100])["embeddings"]
runner, = runners()
before = {"server": (server, peak(server)), "runner": (runner, peak(runner))}
beside, done = [], threading.Event()


def ask():
    while not done.is_set():
        beside.append(embed("a short text")["embeddings"][0])


thread = threading.Thread(target=ask)
thread.start()
answer = embed(texts)
done.set()
thread.join()
assert len(answer["embeddings"]) == COUNT and answer["embeddings"][:600:100] == few
assert len(beside) > 10 and all(vector == alone for vector in beside), len(beside)
for name, (process, least) in before.items():
    grown = peak(process) - least
    print(f"{name}: {least / 1e6:.0f} MB, {grown / 1e6:.0f} MB more for {COUNT} texts, {answer['prompt_eval_count']} tokens, beside {len(beside)} short requests")
    assert grown <= MOST, name
