"""What the built program (argv[1]) prints, compared with the files in transcripts/: its verbs in pipes, the command sequence of guides with `ollama` for its name,
and conversations in a terminal, which tmux is. Times, sizes, digests and numbers of processes are masked. With --update the files are written instead.
Needs tmux. Loopback. Standard library only."""
import difflib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

program = os.path.abspath(sys.argv[1])
update = "--update" in sys.argv
here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
temporary = tempfile.TemporaryDirectory(prefix="transcripts")
folder = temporary.name
wrong = []


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def environment(name, **more):
    """A world of its own: nothing of whoever runs this is seen or touched."""
    home = os.path.join(folder, name)
    os.makedirs(os.path.join(home, "bin"))
    os.symlink(program, os.path.join(home, "bin", "localllm"))
    os.symlink(program, os.path.join(home, "bin", "ollama"))
    world = {key: value for key, value in os.environ.items() if not key.startswith(("OLLAMA_", "LOCALLLM_", "XDG_", "TMUX"))}
    return {
        **world, "HOME": home, "PATH": os.path.join(home, "bin") + os.pathsep + os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color",
        "OLLAMA_HOST": f"127.0.0.1:{free_port()}", "OLLAMA_MODELS": os.path.join(home, "models"), "LOCALLLM_NO_AUTOSTART": "1", **more,
    }


MASKS = [
    (r"(Less than a second|About an? (minute|hour)|\d+ (second|minute|hour|day|week|month|year)s?) (ago|from now)", "TIME"),
    (r"\d+ tokens? in [\d.]+ ?m?s", "SPEED"),
    (r"\b[\d.]+ tokens/s", "RATE"),
    (r"\b(\d+m)?[\d.]+(ns|µs|ms|s)\b", "DURATION"),
    (r"\b[\d.]+ [KMGT]?i?B\b", "SIZE"),
    (r"\b[0-9a-f]{64}\b", "DIGEST"),
    (r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{12}\b", "DIGEST"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"server-\d+\.log", "server-PORT.log"),
    (r"process \d+", "process NUMBER"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)", "MOMENT"),
    (r"localllm version is \S+", "localllm version is VERSION"),
    (r"simd \w+, threads \d+", "simd LEVEL, threads N"),
]


def mask(text, world):
    text = text.replace(world["HOME"], "~").replace(root, "CHECKOUT")
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text)
    # Columns are as wide as what was masked: one gap is as good as another.
    return "\n".join(re.sub(r"(?<=\S) {2,}(?=\S)", "  ", line).rstrip() for line in text.split("\n")).rstrip("\n") + "\n"


def compare(name, text, world):
    path = os.path.join(here, "transcripts", name)
    text = mask(text, world)
    assert "\x1b" not in text, f"{name}: an escape sequence where no terminal is"
    if update:
        open(path, "w", encoding="utf-8").write(text)
        return
    expected = open(path, encoding="utf-8").read()
    if text != expected:
        wrong.append(name)
        print("".join(difflib.unified_diff(expected.splitlines(True), text.splitlines(True), f"transcripts/{name}", "what came")))


class Server:
    """`serve` in the background."""

    def __init__(self, world, command="localllm"):
        self.process = subprocess.Popen([command, "serve"], env=world, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, executable=os.path.join(world["HOME"], "bin", command))
        for line in self.process.stderr:
            if b"listening on" in line:
                break
        else:
            raise AssertionError("the server did not start")
        # Whoever reads nothing more must not make it wait.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.drain.wait()


def verbs(world, commands):
    """Runs commands as a script does, and writes down what they print and their exit codes where they fail."""
    lines = []
    for command in commands:
        done = subprocess.run(["bash", "-c", command], env=world, cwd=world["HOME"], capture_output=True, text=True, encoding="utf-8", stdin=subprocess.DEVNULL)
        lines += [f"$ {command}\n", done.stdout, done.stderr, f"[exit code {done.returncode}]\n" if done.returncode else ""]
    return "".join(lines)


class Terminal:
    """A program in a terminal of 50 rows."""

    def __init__(self, world, command, columns=80):
        self.name = f"transcripts-{os.getpid()}-{world['OLLAMA_HOST'].split(':')[1]}"
        self.world = world
        open(os.path.join(world["HOME"], "tmux.conf"), "w").write("set -g history-limit 5000\nset -g status off\nset -s escape-time 0\n")
        self.tmux("-f", os.path.join(world["HOME"], "tmux.conf"), "new-session", "-d", "-x", str(columns), "-y", "50", "-c", world["HOME"], f"{command}; echo \"[exit code $?]\"; sleep 1000")

    def tmux(self, *words):
        return subprocess.run(["tmux", "-u", "-L", self.name, *words], env=self.world, check=True, capture_output=True, text=True, encoding="utf-8").stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-S", "-", "-E", "-").rstrip() + "\n"

    def wait(self, pattern):
        end = time.time() + 180
        while not re.search(pattern, self.screen()):
            if time.time() > end:
                screen = self.screen()
                self.tmux("kill-server")
                raise AssertionError(f"'{pattern}' never came:\n{screen}")
            time.sleep(0.05)

    def ready(self):
        """Waits for an empty prompt."""
        self.wait(r">>> Send a message \(/\? for help\)\n\Z")

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def say(self, text):
        self.type(text)
        self.keys("Enter")
        # What was typed leaves the prompt before the next one can be waited for.
        time.sleep(0.1)
        self.ready()

    def paste(self, text):
        self.tmux("set-buffer", "--", text)
        self.tmux("paste-buffer", "-p")

    def end(self, *last):
        if last:
            self.keys(*last)
        self.wait(r"\[exit code \d+\]\n\Z")
        text, status = re.fullmatch(r"((?:.|\n)*)\[exit code (\d+)\]\n", self.screen()).groups()
        self.tmux("kill-server")
        assert status == "0", f"exit code {status}:\n{text}"
        return text


def pipes():
    world = environment("pipes")
    text = verbs(world, ["localllm --version", "localllm list", "localllm ps", "localllm show smollm2", "localllm stop smollm2", "localllm cp a b", "localllm rm a", "localllm run nowhere hi"])
    text += verbs(world, ["localllm run smollm2 --temperature 0 'What is the capital of France?'", "echo 'The capital of' | localllm run smollm2 --temperature 0 --num-predict 8 'France is'"])
    server = Server(world)
    text += "# localllm serve\n" + verbs(world, [
        "localllm --version", "localllm -v | head -n 1", "localllm list", "localllm list --json | head -c 11", "localllm ls nothing", "localllm show smollm2", "localllm show smollm2 --license",
        "localllm show smollm2 --parameters", "localllm show smolm2", "localllm cp smollm2 mine", "localllm cp nope mine", "localllm list mine",
        "localllm run mine --temperature 0 'What is the capital of France?'", "localllm run mine --verbose --temperature 0 --num-predict 4 hi", "localllm run mine --format json hi",
        "localllm run mine --keepalive -1 hi", "localllm ps", "localllm stop mine", "localllm stop mine", "localllm stop nope", "localllm ps", "localllm rm mine", "localllm rm mine",
        "localllm rm smollm2", "localllm frobnicate", "localllm lsit", "localllm list --frob",
    ])
    server.stop()
    model = os.path.join(root, "tests", "Vectors", "models", "qwen3-q8_0.gguf")
    text += "# research\n" + verbs(world, [
        f"localllm inspect {model} | head -n 12", "localllm tokenize smollm2 'Hello, world'", "localllm tokenize smollm2 --decode '[19556, 28, 905]'",
        f"localllm logits {model} --tokens 1,2,3 --output logits.f32 && stat -c %s logits.f32", f"localllm quantize {model} small.gguf f16 2>&1 | wc -l", "localllm quantize nothing.gguf out.gguf q8_0",
        "localllm convert nothing out.gguf", "localllm synth --like qwen3:4b --quant nothing out.gguf", "localllm bench nothing.gguf", "localllm doctor --store",
        "localllm completion bash | bash -n", "localllm completion fish | head -n 1", "localllm completion powershell", "localllm '[suggest:14]' 'localllm run sm'",
    ])
    compare("verbs.txt", text, world)


def guide():
    """From the check of the installation to `ps`, as guides write it, but for the temperature: a small model talks on and on at any other."""
    world = environment("guide")
    text = verbs(world, ["ollama --version", "ollama list"])
    server = Server(world, "ollama")
    text += "# ollama serve\n" + verbs(world, [
        "ollama --version", "curl -s http://$OLLAMA_HOST", "ollama list", "ollama show smollm2", "ollama run smollm2 --temperature 0 'What is the capital of France?'",
        "printf 'What is the capital of France?' | ollama run smollm2 --temperature 0", "ollama ps", "ollama stop smollm2", "ollama ps",
    ])
    server.stop()
    compare("guide.txt", text, world)


def session(name, world, model):
    terminal = Terminal(world, f"localllm run {model} --temperature 0 --seed 1")
    terminal.ready()
    terminal.say("What is the capital of France?")
    # Edited: a word in the middle, wide characters, the history.
    terminal.type("What is the of Italy?")
    terminal.keys("M-b", "M-b")
    terminal.type("capital ")
    terminal.keys("Enter")
    time.sleep(0.1)
    terminal.ready()
    terminal.type("漢字かな")
    terminal.keys("Left", "BSpace", "End", "C-u")
    terminal.ready()
    terminal.keys("Up", "Up")
    terminal.wait("France[?]\n\\Z")
    terminal.keys("Down", "Down")
    terminal.ready()
    # Several lines: in quotes, and pasted.
    terminal.type('"""Say only')
    terminal.keys("Enter")
    terminal.wait(r'\.\.\. """ ends')
    terminal.say('this: yes"""')
    terminal.paste("What is\nthe capital\nof Spain?")
    terminal.wait(r"\.\.\. of Spain\?\n\Z")
    terminal.keys("Enter")
    time.sleep(0.1)
    terminal.ready()
    for command in ["/?", "/? shortcuts", "/set", "/set parameter num_predict 8", "/set parameter temprature 1", '/set system "You are terse."', "/show system", "/show parameters", "/show license",
                    "/set nowordwrap", "/set verbose", "Hello there, who are you and what can you do for me?", "/set quiet", "/frob", "/load nope", "/clear", "Is ./README.md a file?"]:
        terminal.say(command)
    # Ctrl-C gives up a line, and asks what is meant on an empty one.
    terminal.type("given up")
    terminal.keys("C-c")
    terminal.ready()
    terminal.keys("C-c")
    terminal.ready()
    terminal.type("/bye")
    compare(name, terminal.end("Enter"), world)
    history = os.path.join(world["HOME"], ".ollama", "history")
    assert open(history, encoding="utf-8").read().startswith("What is the capital of France?\nWhat is the capital of Italy?\n")
    assert os.stat(history).st_mode & 0o777 == 0o600


def interrupted(world, model):
    """Ctrl-C stops an answer and not the program; Ctrl-D ends that; nothing is remembered if so asked."""
    terminal = Terminal({**world, "OLLAMA_NOHISTORY": "1"}, f"localllm run {model} --temperature 0 --repeat-penalty 1")
    terminal.ready()
    terminal.type("Count from one to one thousand, each number as a word.")
    terminal.keys("Enter")
    terminal.wait(r"as a word\.\n(.*\n){5,}")
    terminal.keys("C-c")
    terminal.ready()
    terminal.say("What is the capital of France?")
    text = terminal.end("C-d")
    assert "Paris" in text, text
    assert not os.path.exists(os.path.join(world["HOME"], ".ollama", "history"))


def autostart():
    """A conversation with a model of the store brings its own server."""
    world = environment("autostart")
    server = Server(world)
    subprocess.run(["localllm", "cp", "smollm2", "mine"], env=world, executable=os.path.join(world["HOME"], "bin", "localllm"), check=True, capture_output=True)
    server.stop()
    del world["LOCALLLM_NO_AUTOSTART"]
    terminal = Terminal(world, "localllm run mine --temperature 0", columns=200)   # a path stands in one line
    terminal.ready()
    terminal.say("What is the capital of France?")
    compare("autostart.txt", terminal.end("C-d"), world)
    state = os.path.join(world["HOME"], ".local", "state", "localllm")
    log = open(os.path.join(state, f"server-{world['OLLAMA_HOST'].split(':')[1]}.log"), encoding="utf-8").read()
    assert json.load(urllib.request.urlopen(f"http://{world['OLLAMA_HOST']}/api/ps"))["models"][0]["name"] == "mine:latest"   # it outlives the client
    os.kill(int(re.search(r"as process (\d+) by a command", log).group(1)), 15)


pipes()
guide()
alone = environment("alone")
session("session-alone.txt", alone, "smollm2")
interrupted(environment("interrupted-alone"), "smollm2")
served = environment("served")
server = Server(served)
session("session-served.txt", served, "smollm2")
server.stop()
again = environment("interrupted-served")
server = Server(again)
interrupted(again, "smollm2")
server.stop()
autostart()
assert not wrong, f"other transcripts: {', '.join(wrong)}"
print("transcripts:", "written" if update else "ok")
