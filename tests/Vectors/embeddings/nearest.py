#!/usr/bin/env python3
"""Writes nearest-f16.jsonl: for every query the sentences nearest to it by a file of the model, as `localllm similar` finds them.

usage: nearest.py LOCALLLM MODEL.gguf
"""
import json
import pathlib
import subprocess
import sys

KEPT = 12  # five are compared; the others tell how near those were that took a place among them

here = pathlib.Path(__file__).parent
program, model = sys.argv[1:]
with (here / "nearest-f16.jsonl").open("w", encoding="utf-8", newline="\n") as out:
    for query in (here / "queries.txt").read_text(encoding="utf-8").splitlines():
        command = [program, "similar", model, query, "--file", here / "sentences.txt", "--top", str(KEPT), "--json"]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        line = {"query": query, "lines": [hit["line"] for hit in found], "cosines": [round(hit["score"], 6) for hit in found]}
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
