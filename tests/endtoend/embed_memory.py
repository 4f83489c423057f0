"""Embeds 10,000 texts in one request through a running server, three times, and bounds what the server and its runner grow by meanwhile, both together: the
vectors themselves are 15 MB, as text 47 MB; what a runner has freed, it keeps for a while. Short requests beside it are answered while it runs, with the vector that they get alone. Linux; standard library only."""
import http.client
import json
import os
import re
import sys
import threading
import urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).netloc
server = int(sys.argv[2])
COUNT, TIMES, MOST = 10_000, 3, 300e6


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
answers = [embed(texts) for _ in range(TIMES)]
done.set()
thread.join()
assert all(len(answer["embeddings"]) == COUNT and answer["embeddings"][:600:100] == few for answer in answers)
assert len(beside) > 10 and all(vector == alone for vector in beside), len(beside)
grown = {name: peak(process) - least for name, (process, least) in before.items()}
for name, (_, least) in before.items():
    print(f"{name}: {least / 1e6:.0f} MB, {grown[name] / 1e6:.0f} MB more for {TIMES} times {COUNT} texts, each {answers[0]['prompt_eval_count']} tokens, beside {len(beside)} short requests")
assert sum(grown.values()) <= MOST, grown
