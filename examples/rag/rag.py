"""Asks a local model about your own documents: index them once, then ask. Needs `requests`; the index is one SQLite file.

    python3 rag.py index documents
    python3 rag.py ask "When does the last tram leave the harbour?"
"""
import argparse
import array
import hashlib
import json
import os
import sqlite3
import sys
import urllib.parse

import requests

PASSAGE = 800  # characters: a few paragraphs, well within what small embedding models read
BATCH = 64     # passages in a request
ANSWER = 200   # tokens: small models may otherwise repeat themselves without end


def server():
    """Where the server of OLLAMA_HOST is asked."""
    text = os.environ.get("OLLAMA_HOST") or "127.0.0.1"
    url = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
    host = "127.0.0.1" if url.hostname in (None, "0.0.0.0") else url.hostname
    return f"{url.scheme}://{host}:{url.port or (443 if url.scheme == 'https' else 11434)}"


def post(path, body, stream=False):
    """Sends a request; what goes wrong ends the program with one sentence."""
    try:
        answer = requests.post(f"{server()}{path}", json=body, stream=stream)
    except requests.ConnectionError:
        sys.exit(f"Error: no server at {server()}: start one with 'localllm serve'")
    if answer.status_code != 200:
        sys.exit(f"Error: {answer.json().get('error', answer.status_code)}")
    return answer


def embed(model, texts):
    """The vectors of texts, all of length 1."""
    vectors = []
    for start in range(0, len(texts), BATCH):
        vectors += post("/api/embed", {"model": model, "input": texts[start:start + BATCH]}).json()["embeddings"]
    return vectors


def paragraphs(text):
    """What stands between blank lines, with the number of its first line; one that is longer than a passage is cut between words."""
    held, first = [], 1
    for number, line in enumerate([*text.replace("\r\n", "\n").split("\n"), ""], 1):
        if line.strip():
            first = first if held else number
            held.append(line.rstrip())
        elif held:
            rest = "\n".join(held)
            held = []
            while len(rest) > PASSAGE:
                cut = rest.rfind(" ", 0, PASSAGE)
                cut = cut if cut > 0 else PASSAGE
                yield first, rest[:cut]
                rest = rest[cut:].lstrip()
            yield first, rest


def passages(text):
    """Paragraphs put together while they fit; a heading begins a new passage."""
    line, held = 1, ""
    for number, paragraph in paragraphs(text):
        if held and (paragraph.startswith("#") or len(held) + 2 + len(paragraph) > PASSAGE):
            yield line, held
            held = ""
        line, held = (line, f"{held}\n\n{paragraph}") if held else (number, paragraph)
    if held:
        yield line, held


def open_index(path):
    """The index; made if it is not there."""
    index = sqlite3.connect(path)
    index.execute("CREATE TABLE IF NOT EXISTS settings(name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    index.execute("CREATE TABLE IF NOT EXISTS documents(path TEXT PRIMARY KEY, hash TEXT NOT NULL)")
    # vector: float32, little-endian
    index.execute("CREATE TABLE IF NOT EXISTS passages(id INTEGER PRIMARY KEY, path TEXT NOT NULL, line INTEGER NOT NULL, text TEXT NOT NULL, vector BLOB NOT NULL)")
    return index


def model_of(index):
    """The model that the index was made with; None for a new index."""
    row = index.execute("SELECT value FROM settings WHERE name = 'model'").fetchone()
    return row and row[0]


def to_blob(vector):
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def from_blob(blob):
    numbers = array.array("f", blob)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def documents(folder):
    """Relative path and text of every .md and .txt file, in order."""
    found = []
    for place, _, names in os.walk(folder):
        found += [os.path.join(place, name) for name in names if name.endswith((".md", ".txt"))]
    for path in found:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            yield os.path.relpath(path, folder).replace(os.sep, "/"), file.read()


def index_folder(arguments):
    """Brings the index up to date: only what changed is embedded again, and what is gone is forgotten."""
    index = open_index(arguments.db)
    with index:  # all of it or nothing
        if model_of(index) != arguments.embed:  # vectors of two models cannot be compared
            index.execute("DELETE FROM passages")
            index.execute("DELETE FROM documents")
            index.execute("INSERT OR REPLACE INTO settings VALUES('model', ?)", [arguments.embed])
        known = dict(index.execute("SELECT path, hash FROM documents"))
        changed = 0
        for path, text in sorted(documents(arguments.folder)):
            digest = hashlib.sha256(text.encode()).hexdigest()
            if known.pop(path, None) == digest:
                continue
            changed += 1
            pieces = list(passages(text))
            vectors = embed(arguments.embed, [piece for _, piece in pieces])
            index.execute("DELETE FROM passages WHERE path = ?", [path])
            index.execute("INSERT OR REPLACE INTO documents VALUES(?, ?)", [path, digest])
            index.executemany(
                "INSERT INTO passages(path, line, text, vector) VALUES(?, ?, ?, ?)",
                [(path, line, piece, to_blob(vector)) for (line, piece), vector in zip(pieces, vectors)])
        for path in known:
            index.execute("DELETE FROM passages WHERE path = ?", [path])
            index.execute("DELETE FROM documents WHERE path = ?", [path])
        count, total = (index.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("documents", "passages"))
        print(f"{count} documents, {changed} of them embedded now, {total} passages")


def ask(arguments):
    """Finds the passages nearest to the question, and has the chat model answer from them."""
    index = open_index(arguments.db)
    model = model_of(index)
    if model is None:
        sys.exit(f"Error: there is no index in '{arguments.db}': make one with 'index FOLDER'")
    question = embed(model, [arguments.question])[0]
    scored = []
    for number, path, line, text, blob in index.execute("SELECT id, path, line, text, vector FROM passages"):
        score = sum(x * y for x, y in zip(question, from_blob(blob)))  # a cosine, since both have length 1
        scored.append((-score, number, path, line, text))
    nearest = sorted(scored)[:arguments.top]
    numbered = "\n\n".join(f"[{i}] {text}" for i, (_, _, _, _, text) in enumerate(nearest, 1))
    prompt = (
        "Answer the question in one or two sentences, from these passages alone. Name the passage that you took it from, such as [1]. "
        f"If they do not say it, say so.\n\n{numbered}\n\nQuestion: {arguments.question}")
    body = {"model": arguments.chat, "messages": [{"role": "user", "content": prompt}], "options": {"temperature": 0, "num_predict": ANSWER}}
    for line in post("/api/chat", body, stream=True).iter_lines():
        part = json.loads(line) if line else {}
        if "error" in part:
            sys.exit(f"Error: {part['error']}")
        print(part.get("message", {}).get("content", ""), end="", flush=True)
    print("\n\nSources:")
    for i, (score, _, path, line, _) in enumerate(nearest, 1):
        print(f"[{i}] {path}:{line} ({-score:.3f})")


def main():
    parser = argparse.ArgumentParser(description="Asks a local model about your own documents.")
    parser.add_argument("--db", default="rag.db", help="the index, a SQLite file (default: rag.db)")
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("index", help="index the .md and .txt files of a folder")
    verb.add_argument("folder")
    verb.add_argument("--embed", default="all-minilm", help="embedding model (default: all-minilm)")
    verb.set_defaults(run=index_folder)
    verb = verbs.add_parser("ask", help="answer a question from the documents")
    verb.add_argument("question")
    verb.add_argument("--chat", default="smollm2", help="chat model (default: smollm2)")
    verb.add_argument("--top", type=int, default=3, help="passages to answer from (default: 3)")
    verb.set_defaults(run=ask)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
