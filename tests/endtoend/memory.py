"""Fills a context of 4,096 through a running server and holds the peak memory of its runner against file + cache + 200 MB. Linux; standard library only."""
import json
import os
import re
import sys
import urllib.request

url, pid, model = sys.argv[1:4]
body = {
    "model": "smollm2",
    "prompt": "The quick brown fox jumps over the lazy dog. " * 390,      # about 3,900 tokens
    "raw": True,
    "stream": False,
    "options": {"num_ctx": 4096, "num_predict": 16, "temperature": 0},
}
answer = json.load(urllib.request.urlopen(urllib.request.Request(url + "/api/generate", json.dumps(body).encode())))
tokens = answer["prompt_eval_count"]
assert tokens > 3500, answer
statuses = []
for name in filter(str.isdigit, os.listdir("/proc")):
    try:
        statuses.append(open(f"/proc/{name}/status").read())
    except OSError:
        pass        # it has ended meanwhile
runner = next(status for status in statuses if f"PPid:\t{pid}\n" in status)
peak = int(re.search(r"VmHWM:\s+(\d+) kB", runner).group(1)) * 1024
file = os.path.getsize(model)
cache = 30 * 2 * 3 * 64 * 2 * 4096      # layers, keys and values, kv heads, head length, bytes, positions
print(f"prompt {tokens} tokens; peak {peak / 1e6:.0f} MB, file {file / 1e6:.0f} MB, cache {cache / 1e6:.0f} MB, rest {(peak - file - cache) / 1e6:.0f} MB")
assert peak <= file + cache + 200e6
