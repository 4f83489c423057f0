#!/usr/bin/env python3
"""Every way to install the program, from a checkout to its removal, in folders of its own. Nothing of the system is changed.

Scripts, unit and container file are linted first. Then install.sh puts the program into a prefix, where it must run from elsewhere, know the bundled
model, serve, and go without a trace; a .NET tool is packed, installed and run. Needs: a built src/Server, shellcheck, systemd-analyze, npm and its registry.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINTER = "dockerfilelint@1.8.0"
QUESTION = ["run", "smollm2", "--temperature", "0", "What is the capital of France?"]


def environment(work, port):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(work / "home"),
        "TMPDIR": str(work),
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(work / "models"),
        "LOCALLLM_NO_AUTOSTART": "1",
    }


def call(command, **options):
    """Runs a command that must succeed, and gives what it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def refuse(sentence, command, **options):
    """Runs a command that must fail with one sentence."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    check(done.returncode == 1 and re.search(sentence, done.stderr), f"{command} did not refuse with '{sentence}': {done.returncode}, {done.stdout}{done.stderr}")


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lint(work):
    print("-- scripts, unit and container file are clean")
    call(["shellcheck", ROOT / "install.sh", ROOT / "bench/startup.sh"])
    tools = work / "lint"
    tools.mkdir()
    call(["npm", "install", "--prefix", tools, "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", LINTER], cwd=tools)
    linter = [tools / "node_modules/.bin/dockerfilelint"]
    call([*linter, ROOT / "packaging/Containerfile"])
    broken = tools / "Containerfile"
    broken.write_text("FROM a:1\nRUN apt-get install x\nBOGUS y\n")
    done = subprocess.run([*linter, broken], capture_output=True, text=True)
    check(done.returncode != 0, "the linter finds nothing in a broken container file")


def answers(program, env, where):
    """The program knows its version, the catalogue and the bundled model, whatever folder it is called from."""
    version = call([program, "--version"], env=env, cwd=where)
    check(re.search(r"version is \d+\.\d+\.\d+", version), f"{program} --version says {version!r}")
    found = json.loads(call([program, "search", "--json", "smollm2:135m"], env=env, cwd=where))["models"]
    check([model["state"] for model in found] == ["bundled"], f"{program} search: {found}")
    answer = call([program, *QUESTION], env=env, cwd=where)
    check("Paris" in answer, f"{program} answers {answer!r}")


def serves(program, env):
    """A server of the installed program lists and runs the bundled model."""
    log = open(pathlib.Path(env["TMPDIR"]) / "server.log", "w+")
    server = subprocess.Popen([str(program), "serve"], env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until_it_listens(server, log)
        listed = json.loads(call([program, "list", "--json"], env=env))["models"]
        check("smollm2:latest" in [model["name"] for model in listed], f"list --json: {listed}")
        body = json.dumps({"model": "smollm2", "prompt": QUESTION[-1], "stream": False, "options": {"temperature": 0}})
        request = urllib.request.Request(f"http://{env['OLLAMA_HOST']}/api/generate", body.encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            said = json.load(answer)["response"]
            check("Paris" in said, f"the server answers {said!r}")
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(60)
    check(status == 0, f"the server ended with {status}")


def wait_until_it_listens(server, log):
    while True:
        try:
            server.wait(0.1)
        except subprocess.TimeoutExpired:
            log.seek(0)
            text = log.read()
            if "listening on" in text:
                return
        else:
            log.seek(0)
            sys.exit(f"FAILED: the server ended: {log.read()}")


def prefix(work, env):
    print("-- install.sh: a prefix, a unit, and back")
    script, place, units = ROOT / "install.sh", work / "new folder/prefix", work / "units"
    build = {**os.environ, "HOME": os.environ.get("HOME", str(work)), "TMPDIR": str(work)}
    refuse("unknown option '--prefx'", [script, "--prefx", place])
    refuse("needs a folder", [script, "--prefix"])
    refuse("nothing is installed", [script, "--uninstall", "--prefix", place, "--unit-dir", units])
    refuse("cannot be named in a unit", [script, "--prefix", work / "a$b", "--systemd", "--unit-dir", units])
    before = sources()
    call([script, "--prefix", place, "--systemd", "--unit-dir", units], env=build)
    check(sources() == before, "the build touched the checkout")
    program = place / "bin/localllm"
    answers(program, env, work)
    serves(program, env)
    unit(units, program, work)
    print(call([script, "--uninstall", "--prefix", place, "--unit-dir", units]), end="")
    check(not (work / "new folder").exists(), f"left behind: {list((work / 'new folder').rglob('*'))}")
    check(not list(units.rglob("*.*")), f"left behind: {list(units.rglob('*'))}")
    refuse("nothing is installed", [script, "--uninstall", "--prefix", place, "--unit-dir", units])


def sources():
    """Every file below src, builds included, with its time."""
    return {path: path.stat().st_mtime_ns for path in (ROOT / "src").rglob("*") if path.is_file()}


def unit(units, program, work):
    """systemd has nothing to say against the unit and its overrides."""
    written = (units / "localllm.service").read_text()
    check(f'ExecStart="{program}" serve' in written and "@BINDIR@" not in written, f"the unit is wrong:\n{written}")
    override = units / "localllm.service.d/override.conf"
    example = override.with_name("override.conf.example").read_text()
    override.write_text(re.sub(r"^#(?=[A-Z]\w+=)", "", example, flags=re.MULTILINE)) # with every setting in force
    said = subprocess.run(["systemd-analyze", "verify", str(units / "localllm.service")], capture_output=True, text=True)
    check(said.returncode == 0 and "localllm" not in said.stderr, f"systemd-analyze: {said.stdout}{said.stderr}")
    exposure = call(["systemd-analyze", "security", "--offline=true", "--threshold=30", units / "localllm.service"])
    print(re.search("Overall exposure.*", exposure).group())
    override.unlink()


def tool(work, env):
    print("-- a .NET tool: packed, installed, run")
    packages, place = work / "packages", work / "tool"
    build = {**os.environ, "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"}
    call(["dotnet", "pack", ROOT / "src/Server", "-c", "Release", "--no-build", "-v", "quiet", "-o", packages], env=build)
    package = next(packages.glob("*.nupkg"))
    version = package.stem.removeprefix("LocalLlm.")
    call(["dotnet", "tool", "install", "LocalLlm", "--tool-path", place, "--add-source", packages, "--version", version], env=build, cwd=work)
    answers(place / "localllm", {**env, "DOTNET_ROOT": dotnet_root()}, work)
    serves(place / "localllm", {**env, "DOTNET_ROOT": dotnet_root()})
    call(["dotnet", "tool", "uninstall", "LocalLlm", "--tool-path", place], env=build, cwd=work)
    print(f"{package.name}: {package.stat().st_size / 1e6:.0f} MB")


def dotnet_root():
    return str(pathlib.Path(shutil.which("dotnet")).resolve().parent)


def main():
    with tempfile.TemporaryDirectory(prefix="localllm-install-") as folder:
        work = pathlib.Path(folder).resolve()
        (work / "home").mkdir()
        lint(work)
        prefix(work, environment(work, free_port()))
        tool(work, environment(work, free_port()))
    print("install: ok")


main()
