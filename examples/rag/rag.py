"""Asks a local model about your own documents: index them once, then ask. Needs `requests`; the index is one SQLite file.

    python3 rag.py index documents
    python3 rag.py ask "When does the last tram leave the harbour?"
"""
import argparse
import array
import hashlib
import ipaddress
import json
import os
import re
import sqlite3
import sys

import requests
import urllib3

PASSAGE = 800  # characters: a few paragraphs, well within what small embedding models read
BATCH = 64     # passages in a request
ANSWER = 200   # tokens: small models may otherwise repeat themselves without end
SPACES = " \t\n\v\f\u00a0"  # what a blank line may hold; named one by one, because each language has a set of its own
NAME = r"[0-9A-Za-z_-]{1,63}"
IPV6 = r"\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"  # without brackets: at least two colons
ADDRESS = re.compile(rf"(?:(https?)://)?({IPV6}|{NAME}(?:\.{NAME})*|)(?::([0-9]{{1,5}}))?(/\S*)?")


def fail(reason):
    """Ends the program with one sentence."""
    sys.exit(f"Error: {reason}")


def server():
    """Where the server of OLLAMA_HOST, [scheme://][host][:port][/path], is asked: port 11434, or that of a scheme that is written."""
    text = os.environ.get("OLLAMA_HOST", "").strip().strip("'\"").strip()
    found = ADDRESS.fullmatch(text)
    scheme, host, port, path = found.groups() if found else ("", "", "0", "")
    host = host.strip("[]")
    port = int(port or {None: 11434, "http": 80, "https": 443}[scheme])
    try:
        host = f"[{ipaddress.IPv6Address(host)}]" if ":" in host else host
    except ValueError:
        port = 0
    if not 1 <= port <= 65535:
        fail(f"OLLAMA_HOST is '{text}': expected an address such as 127.0.0.1:11434, with a port from 1 to 65535")
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"{scheme or 'http'}://{host}:{port}{(path or '').rstrip('/')}"


def lost():
    """Ends the program: the server went away before all of its answer was there."""
    fail(f"the connection to {server()} was lost")


def strange():
    """Ends the program: something else than an Ollama server answered."""
    fail(f"the answer of {server()} is not one that an Ollama server gives")


def fields_of(body):
    """The object that an answer holds."""
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else strange()


def post(path, body, stream=False):
    """Sends a request; what goes wrong ends the program with one sentence."""
    address = server()
    try:
        answer = requests.post(f"{address}{path}", json=body, stream=stream)
        if answer.status_code == 200:
            return answer
        content = answer.content
    except requests.RequestException as error:
        if isinstance(error, requests.ConnectionError) and not isinstance([*error.args, None][0], urllib3.exceptions.ProtocolError):
            fail(f"no server at {address}: start one with 'localllm serve'")
        lost()
    try:
        fail(json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):  # not from the server itself, but from what stands before it
        fail(f"the server at {address} answered with status {answer.status_code}")


def embed(model, texts):
    """The vectors of texts, all of length 1."""
    vectors = []
    for start in range(0, len(texts), BATCH):
        batch = texts[start:start + BATCH]
        made = fields_of(post("/api/embed", {"model": model, "input": batch}).content).get("embeddings")
        if not isinstance(made, list) or len(made) != len(batch):
            strange()
        vectors += made
    return vectors


def chat(model, message):
    """The answer to one message, piece by piece as it is written."""
    body = {"model": model, "messages": [{"role": "user", "content": message}], "options": {"temperature": 0, "num_predict": ANSWER}}
    try:
        for line in post("/api/chat", body, stream=True).iter_lines():
            part = fields_of(line) if line else {}
            if part.get("error"):
                fail(part["error"])
            said = part.get("message") or {}
            yield (said.get("content") or "") if isinstance(said, dict) else strange()
            if part.get("done"):
                return
    except requests.RequestException:
        pass
    lost()  # an answer that is whole says so


def paragraphs(text):
    """What stands between blank lines, with the number of its first line; one that is longer than a passage is cut between words."""
    held, first = [], 1
    for number, line in enumerate([*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""], 1):
        if line.strip(SPACES):
            first = first if held else number
            held.append(line.rstrip(SPACES))
        elif held:
            rest = "\n".join(held)
            held = []
            while len(rest) > PASSAGE:
                cut = rest.rfind(" ", 0, PASSAGE)
                cut = cut if cut > 0 else PASSAGE
                yield first, rest[:cut]
                rest = rest[cut:].lstrip(SPACES)
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


def complain(error):
    """Has `os.walk` raise what it would pass over."""
    raise error


def documents(folder):
    """Relative path and bytes of every .md and .txt file, in order."""
    found = []
    for place, _, names in os.walk(folder, onerror=complain):
        found += [os.path.join(place, name) for name in names if name.endswith((".md", ".txt"))]
    for path in found:
        with open(path, "rb") as file:
            yield os.path.relpath(path, folder).replace(os.sep, "/"), file.read()


def index_folder(arguments):
    """Brings the index up to date: only what changed is embedded again, and what is gone is forgotten."""
    if not os.path.isdir(arguments.folder):
        fail(f"there is no folder '{arguments.folder}'")
    index = open_index(arguments.db)
    with index:  # all of it or nothing
        if model_of(index) != arguments.embed:  # vectors of two models cannot be compared
            index.execute("DELETE FROM passages")
            index.execute("DELETE FROM documents")
            index.execute("INSERT OR REPLACE INTO settings VALUES('model', ?)", [arguments.embed])
        known = dict(index.execute("SELECT path, hash FROM documents"))
        changed = 0
        for path, content in sorted(documents(arguments.folder)):
            digest = hashlib.sha256(content).hexdigest()
            if known.pop(path, None) == digest:
                continue
            changed += 1
            pieces = list(passages(content.decode("utf-8-sig", errors="replace")))
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
    if arguments.top < 1:
        fail(f"--top is {arguments.top}: an answer needs at least 1 passage")
    index = open_index(arguments.db) if os.path.isfile(arguments.db) else None
    model = index and model_of(index)
    if model is None:
        fail(f"there is no index in '{arguments.db}': make one with 'index FOLDER'")
    question = embed(model, [arguments.question])[0]
    scored = []
    for number, path, line, text, blob in index.execute("SELECT id, path, line, text, vector FROM passages"):
        score = sum(x * y for x, y in zip(question, from_blob(blob)))  # a cosine, since both have length 1
        scored.append((-score, number, path, line, text))
    nearest = sorted(scored)[:arguments.top]
    # Small models heed most what stands last: the nearest passage, then the question. The sources are not theirs to name.
    context = "\n\n".join(text for _, _, _, _, text in reversed(nearest))
    for piece in chat(arguments.chat, f"{context}\n\nUse the text above to answer in one sentence: {arguments.question}"):
        print(piece, end="", flush=True)
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
    try:
        server()  # a wrong address is told before an index is made
        arguments.run(arguments)
    except sqlite3.Error as error:
        fail(f"the index '{arguments.db}' cannot be used: {error}")
    except OSError as error:
        fail(f"'{error.filename}' cannot be read: {error.strerror}" if error.filename else error)


if __name__ == "__main__":
    main()
