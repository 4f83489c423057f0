"""examples/rag, in Python and in C#, against a running server: both make the same index and the same answers, and read each other's index.
Arguments: URL EMBEDDING-MODEL CHAT-MODEL [--meaning]; with --meaning the embedding model must also find the right document for some questions.
Needs: a built examples/rag/csharp, python3 with requests."""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

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
    environment = {**os.environ, "OLLAMA_HOST": host, "NO_PROXY": "127.0.0.1"}
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
    with sqlite3.connect(database(program)) as opened:
        return opened.execute("SELECT path, line, text, vector FROM passages ORDER BY path, line").fetchall()


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
sentence = both(lambda program: ask(program, "x", model="no-such-model", expect=1))
assert sentence.startswith("Error: ") and "no-such-model" in sentence and sentence.count("\n") == 1, sentence
assert both(lambda program: run(program, "--db", database(program), "ask", "x", host="127.0.0.1:1", expect=1)) == "Error: no server at http://127.0.0.1:1: start one with 'localllm serve'\n"
for program in programs:
    sentence = run(program, "--db", os.path.join(temporary.name, f"{program}-none.db"), "ask", "x", expect=1)
    assert sentence.startswith("Error: there is no index"), sentence

if "--meaning" in sys.argv:
    print("-- the right documents")
    for question, path in [
        ("When does the last tram leave the harbour?", "tram.md"),
        ("Where do I get back an umbrella that I forgot on the tram?", "tram.md"),
        ("Who was the last lighthouse keeper?", "lighthouse.md"),
        ("How much do I pay if I return a book too late?", "library.md"),
        ("On which day can I buy cardamom buns?", "bakery.txt"),
    ]:
        answer = both(lambda program, asked=question: ask(program, asked))
        assert f"\n[1] {path}:" in answer, (question, answer)
        print(question, "->", answer.split("\n\nSources:\n")[0].replace("\n", " ")[:150])
print("examples: ok")
