"""examples/rag, in Python and in C#, against a running server: both make the same index and the same answers, and read each other's index.
Arguments: URL EMBEDDING-MODEL CHAT-MODEL [--meaning]; with --meaning the embedding model must also find the right document for some questions.
Needs: a built examples/rag/csharp, python3 with requests."""
import contextlib
import http.server
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading

url, embed, chat = sys.argv[1:4]
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
example = os.path.join(root, "examples", "rag")
programs = {
    "python": [sys.executable, os.path.join(example, "rag.py")],
    "csharp": [os.path.join(example, "csharp", "bin", "Release", "net10.0", "rag")],
}
temporary = tempfile.TemporaryDirectory(prefix="rag")
documents = os.path.join(temporary.name, "documents")
shutil.copytree(os.path.join(example, "documents"), documents)


def run(program, *words, host=url, expect=0):
    environment = {**{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}, "OLLAMA_HOST": host}
    done = subprocess.run([*programs[program], *words], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == expect, (program, words, done.returncode, done.stdout, done.stderr)
    return done.stdout if expect == 0 else done.stderr


def database(program):
    return os.path.join(temporary.name, f"{program}.db")


def index(program):
    return run(program, "--db", database(program), "index", documents, "--embed", embed)


def ask(program, question, of=None, model=chat, **more):
    return run(program, "--db", database(of or program), "ask", question, "--chat", model, **more)


def rows(program):
    with contextlib.closing(sqlite3.connect(database(program))) as opened:
        return opened.execute("SELECT path, line, text, vector FROM passages ORDER BY path, line").fetchall()


def mistake(*words, **more):
    """The one sentence that both programs say to words, where DB stands for the index of each."""
    sentence = both(lambda program: run(program, "--db", *(database(program) if word == "DB" else word for word in words), expect=1, **more))
    assert sentence.startswith("Error: ") and sentence.count("\n") == 1 and sentence.endswith("\n"), sentence
    return sentence[7:-1]


def listens(address):
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


class Broken(http.server.BaseHTTPRequestHandler):
    """A server that gives its `answer` at one path: status (None: no answer at all), whether the body is sent in chunks that never end, and the body.
    Elsewhere it gives a vector."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, *answer = self.server.answer
        status, cut, body = answer if self.path == path else (200, False, vector)
        self.close_connection = True
        if status is None:
            return
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header(*(("Transfer-Encoding", "chunked") if cut else ("Content-Length", str(len(body)))))
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) if cut else body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def broken(*answer):
    """A server on a port of its own that gives this answer."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken)
    server.answer = answer
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def both(made):
    python, csharp = (made(program) for program in programs)
    assert python == csharp, (python, csharp)
    return python


print("-- indexes")
first = both(index)
assert re.fullmatch(r"4 documents, 4 of them embedded now, 1[0-9] passages\n", first), first
assert len(both(rows)) == int(first.split()[-2])
assert both(index) == first.replace("4 of them", "0 of them")
os.remove(os.path.join(documents, "library.md"))
with open(os.path.join(documents, "tram.md"), "a", encoding="utf-8") as file:
    file.write("\n# A long one\n\n" + "The depot has a wooden roof, and 23 trams stand below it at night. " * 30 + "\n")
assert both(index).startswith("3 documents, 1 of them embedded now, ")
changed = both(rows)
assert {row[0] for row in changed} == {"tram.md", "lighthouse.md", "bakery.txt"} and max(len(row[2]) for row in changed) <= 800
print(f"{len(changed)} passages")

print("-- the same passages of any text, and none embedded again for its line ends")
for name, content in {
    "emoji.txt": ("x" * 799 + "\U0001f980" * 900).encode(),
    "joined.md": ("\n\n".join(["\U0001f30a" * 395 + " é", "\U0001f30a" * 399, "last"])).encode(),
    "crlf.md": b"# One\r\n\r\ntwo\r\nthree\r\rfour\n\n\xc2\xa0 \n\nfive\xe2\x80\xa8six\x0cseven\x1c\n",
    "bom.txt": b"\xef\xbb\xbfmarked, and not \xff\xe2\x28 UTF-8",
    "empty.txt": b"",
}.items():
    with open(os.path.join(documents, name), "wb") as file:
        file.write(content)
assert both(index).startswith("8 documents, 5 of them embedded now, ")
texts = {(row[0], row[1]): row[2] for row in both(rows)}
assert [len(row[2]) for row in rows("python") if row[0] == "emoji.txt"] == [800, 800, 99]
assert [len(row[2]) for row in rows("python") if row[0] == "joined.md"] == [798, 4], rows("python")
assert texts["bom.txt", 1] == "marked, and not \ufffd\ufffd( UTF-8", texts
shutil.copy(database("python"), database("copy"))
for program in programs:
    said = run(program, "--db", database("copy"), "index", documents, "--embed", embed)
    assert ", 0 of them embedded now, " in said, (program, said)
for name in ("emoji.txt", "joined.md", "crlf.md", "bom.txt", "empty.txt"):
    os.remove(os.path.join(documents, name))

print("-- answers")
shutil.copytree(os.path.join(example, "documents"), documents, dirs_exist_ok=True)
both(index)
path, line, text, _ = rows("python")[4]
answer = both(lambda program: ask(program, text))
said, sources = answer.split("\n\nSources:\n")
assert said.strip(), answer
assert re.match(rf"\[1\] {re.escape(path)}:{line} \((1\.000|0\.999)\)\n\[2\] ", sources), sources
assert ask("python", text, of="csharp") == ask("csharp", text, of="python") == answer
print(answer)

print("-- mistakes are one sentence")
before = both(rows)
assert "no-such-model" in mistake("DB", "ask", "x", "--chat", "no-such-model")
missing, nowhere = os.path.join(temporary.name, "missing"), os.path.join(temporary.name, "missing", "x.db")
assert mistake("DB", "index", missing, "--embed", embed) == f"there is no folder '{missing}'"
assert mistake("DB", "index", database("python"), "--embed", embed) == f"there is no folder '{database('python')}'"
assert mistake("DB", "index", documents, "--embed", "no-such-model").count("no-such-model")
assert both(rows) == before
assert mistake(missing, "ask", "x") == f"there is no index in '{missing}': make one with 'index FOLDER'"
assert mistake(missing, "index", missing) == f"there is no folder '{missing}'"
assert not os.path.exists(missing)
assert mistake(nowhere, "index", documents) == f"the index '{nowhere}' cannot be used: unable to open database file"
tram = os.path.join(documents, "tram.md")
assert mistake(tram, "ask", "x") == f"the index '{tram}' cannot be used: file is not a database"
for top in ("0", "-1"):
    assert mistake("DB", "ask", "x", "--top", top) == f"--top is {top}: an answer needs at least 1 passage"

print("-- addresses")
port = url.rsplit(":", 1)[-1].strip("/")
assert both(lambda program: ask(program, text, host=f":{port}")) == both(lambda program: ask(program, text, host=f' "http://0.0.0.0:{port}/" ')) == answer
for host, address in {
    "127.0.0.1:1": "http://127.0.0.1:1",
    "[::1]:1": "http://[::1]:1",
    "http://127.0.0.1:1/prefix/": "http://127.0.0.1:1/prefix",
    "127.0.0.1": "http://127.0.0.1:11434",
    "::1": "http://[::1]:11434",
    "http://127.0.0.1": "http://127.0.0.1:80",
    "https://127.0.0.1": "https://127.0.0.1:443",
}.items():
    if not address.startswith("http://[") and listens(("127.0.0.1", int(address.split(":")[2].split("/")[0]))):
        print(f"{host}: not tried, because there is a server at {address}")
        continue
    if address == "http://[::1]:11434" and listens(("127.0.0.1", 11434)):
        print(f"{host}: not tried, because there may be a server at {address}")
        continue
    assert mistake("DB", "ask", "x", host=host) == f"no server at {address}: start one with 'localllm serve'"
for host in ("127.0.0.1:99999", ":0", "127.0.0.1:http", "ftp://127.0.0.1", "two words", "a..b", "[::1", "1:2:3"):
    assert mistake("DB", "ask", "x", host=host) == f"OLLAMA_HOST is '{host}': expected an address such as 127.0.0.1:11434, with a port from 1 to 65535"

print("-- broken answers")
vector = b'{"embeddings":[[%s]]}' % b",".join([b"0.5"] * (len(before[0][3]) // 4))
piece = b'{"message":{"content":"half"}}\n'
said = {
    "lost": "the connection to {} was lost",
    "strange": "the answer of {} is not one that an Ollama server gives",
    "status": "the server at {} answered with status",
}
for answered, reason in [
    (("/api/embed", 502, False, b"<h1>Bad gateway</h1>"), said["status"] + " 502"),
    (("/api/embed", 500, False, b"[]"), said["status"] + " 500"),
    (("/api/embed", 502, True, b'{"error":'), said["lost"]),
    (("/api/embed", 400, False, b'{"error":"too much"}'), "too much"),
    (("/api/embed", None, False, b""), said["lost"]),
    (("/api/embed", 200, True, vector[:20]), said["lost"]),
    (("/api/embed", 200, False, b"<h1>Welcome</h1>"), said["strange"]),
    (("/api/embed", 200, False, b"[]"), said["strange"]),
    (("/api/embed", 200, False, b'{"embeddings":[]}'), said["strange"]),
    (("/api/chat", 404, False, b"not found"), said["status"] + " 404"),
    (("/api/chat", None, False, b""), said["lost"]),
    (("/api/chat", 200, True, piece), said["lost"]),
    (("/api/chat", 200, True, piece[:12]), said["lost"]),
    (("/api/chat", 200, False, piece), said["lost"]),
    (("/api/chat", 200, False, piece + b"<h1>Gone</h1>\n"), said["strange"]),
    (("/api/chat", 200, False, piece + b'{"message":"half"}\n'), said["strange"]),
    (("/api/chat", 200, False, piece + b'{"error":"out of memory"}\n'), "out of memory"),
]:
    with broken(*answered) as host:
        assert mistake("DB", "ask", "x", host=host) == reason.format(host), answered

if "--meaning" in sys.argv:
    print("-- the right documents")
    for question, path, fact in [
        ("When does the last tram leave the harbour?", "tram.md", "23:15"),
        ("Where do I get back an umbrella that I forgot on the tram?", "tram.md", ""),
        ("Who was the last lighthouse keeper?", "lighthouse.md", "Ingrid Halvorsen"),
        ("How much do I pay if I return a book too late?", "library.md", ""),
        ("On which day can I buy cardamom buns?", "bakery.txt", ""),
    ]:
        answer = both(lambda program, asked=question: ask(program, asked))
        said, sources = answer.split("\n\nSources:\n")
        assert sources.startswith(f"[1] {path}:"), (question, answer)
        if chat == "smollm2":  # what so small a model makes of the passage is known for some questions only
            assert fact in said, (question, answer)
        print(question, "->", said.replace("\n", " ")[:150])
print("examples: ok")
