"""Fills a context of 4,096 through a running server and holds its peak memory against file + cache + 200 MB. Standard library only."""
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
peak = int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{pid}/status").read()).group(1)) * 1024
file = os.path.getsize(model)
cache = 30 * 2 * 3 * 64 * 2 * 4096      # layers, keys and values, kv heads, head length, bytes, positions
print(f"prompt {tokens} tokens; peak {peak / 1e6:.0f} MB, file {file / 1e6:.0f} MB, cache {cache / 1e6:.0f} MB, rest {(peak - file - cache) / 1e6:.0f} MB")
assert peak <= file + cache + 200e6
