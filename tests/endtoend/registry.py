"""Models pushed to and pulled from Debian's docker-registry, directly and through a proxy that does what the internet does (fault_proxy.py): whatever happens, a
model ends up whole or not at all. Arguments: the built program; for how many seconds two servers pull and delete at once (60); a number to begin chance with.
Loopback. Standard library only, and openssl."""
import base64
import concurrent.futures
import hashlib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from fault_proxy import FaultProxy
from programs import Registry, Server, wait_for

PROGRAM, SECONDS, SEED = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 60, int(sys.argv[3]) if len(sys.argv) > 3 else 1
TINY = pathlib.Path(__file__).resolve().parents[1] / "Vectors/models/qwen3-q8_0.gguf"
PART = 32 << 20         # what may be fetched twice after a crash
STARTED = time.monotonic()


def tell(text):
    print(f"{text} ({time.monotonic() - STARTED:.0f} s)", flush=True)


def there_and_back(folder, registry, first):
    """Pushed by one server, pulled by another: the same manifest, the same answer."""
    name = f"127.0.0.1:{registry.port}/test/smollm2"
    first.copy("smollm2", name)
    events = first.succeed("push", name)
    assert events[0] == {"status": "retrieving manifest"} and events[-2] == {"status": "pushing manifest"}, events
    digest = first.models()[f"{name}:latest"]
    status, manifest = registry.get("/v2/test/smollm2/manifests/latest")
    assert status == 200 and hashlib.sha256(manifest).hexdigest() == digest
    layers = [*json.loads(manifest)["layers"], json.loads(manifest)["config"]]
    for layer in layers:
        last = [event for event in events if event.get("digest") == layer["digest"]][-1]
        assert last == {"status": f"pushing {layer['digest'][7:19]}", "digest": layer["digest"], "total": layer["size"], "completed": layer["size"]}, last

    again = first.command("push", "--insecure", name)
    assert again.returncode == 0 and "\x1b" not in again.stderr and f"pushing {layers[0]['digest'][7:19]}" in again.stderr, again
    second = Server(PROGRAM, folder / "second")
    assert second.models() == {}
    second.succeed("pull", name)
    assert second.models() == {f"{name}:latest": digest}
    expected, got = first.answer("smollm2"), second.answer(name)
    assert expected == got and "Paris" in got, (expected, got)
    second.require_clean()

    # The same blobs in another repository of the registry: taken from there.
    twin = f"127.0.0.1:{registry.port}/test/twin:v2"
    first.copy(name, twin)
    first.succeed("push", twin)
    second.succeed("pull", twin)
    assert second.models()[twin] == digest and registry.tags("test/twin") == ["v2"]

    assert "not found" in first.ask("POST", "/api/push", {"model": "127.0.0.1:1/no/model", "insecure": True})[1].decode()
    second.stop()
    tell(f"push, pull, run: {got!r}")
    return name, digest, layers


def with_logins(folder, first):
    """The registry's own two ways to ask who it is."""
    # "tester" with the password "secret", as bcrypt.
    (folder / "users").write_text("tester:$2b$05$QQGvrHDpCqmbvvr47/1RdeHmMmr1N9KhWEEkBy.MY2GZX1YBHAmWC\n")
    registry = Registry(folder / "basic", f"auth: {{htpasswd: {{realm: test, path: {folder / 'users'}}}}}\n")
    name = f"127.0.0.1:{registry.port}/test/smollm2"
    first.copy("smollm2", name)
    assert "asks for a login" in first.fail("push", name)
    assert "refuses the login of 'tester'" in first.fail("push", name, username="tester", password="wrong")
    first.succeed("push", name, username="tester", password="secret")
    store = Server(PROGRAM, folder / "basic-store")
    assert "login" in store.fail("pull", name)
    assert store.models() == {}
    store.succeed("pull", name, username="tester", password="secret")
    assert list(store.models()) == [f"{name}:latest"]
    store.stop()
    registry.stop()
    tell("a registry with logins")


def with_its_own_tokens(folder, first):
    """The registry checks tokens that are signed; the proxy's port gives them out."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=test"], check=True, capture_output=True)
    proxy = FaultProxy(0, SEED)
    registry = Registry(folder / "tokens", f"auth: {{token: {{realm: 'http://127.0.0.1:{proxy.port}/token', service: registry, issuer: test, rootcertbundle: {certificate}}}}}\n")
    proxy.upstream = registry.port

    def encode(content):
        return base64.urlsafe_b64encode(content).rstrip(b"=")

    def sign(scopes):
        access = [{"type": kind, "name": repository, "actions": actions.split(",")} for kind, repository, actions in (scope.split(":") for scope in scopes)]
        now = int(time.time())
        claims = {"iss": "test", "sub": "", "aud": "registry", "exp": now + 300, "nbf": now - 10, "iat": now, "jti": "1", "access": access}
        der = "".join(certificate.read_text().splitlines()[1:-1])
        signed = encode(json.dumps({"alg": "RS256", "typ": "JWT", "x5c": [der]}).encode()) + b"." + encode(json.dumps(claims).encode())
        return (signed + b"." + encode(subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=signed, check=True, capture_output=True).stdout)).decode()

    proxy.sign = sign
    name = f"127.0.0.1:{proxy.port}/test/smollm2"
    first.copy("smollm2", name)
    first.succeed("push", name)
    scopes = [request[1] for request in proxy.requests if request[1].startswith("/token")]
    assert any("pull%2Cpush" in scope for scope in scopes), scopes
    store = Server(PROGRAM, folder / "token-store")
    store.succeed("pull", name)
    store.require_clean()
    store.stop()
    registry.stop()
    proxy.close()
    tell(f"a registry with signed tokens: {len(scopes)} asked for by the push")


def faults_of_pulls(folder, registry, layers, digest):
    """After every fault: the right model, or one clear error and no model."""
    size = sum(layer["size"] for layer in layers)
    proxy = FaultProxy(registry.port, SEED)
    name = f"127.0.0.1:{proxy.port}/test/smollm2"
    store = Server(PROGRAM, folder / "faults")
    plans = [
        ("connections dropped", {"drops": 20}),
        ("answers of 5xx", {"unavailable": 6}),
        ("blobs at another port", {"redirect": True, "drops": 5}),
        ("tokens that expire", {"tokens": 12, "drops": 5}),
        ("all at once, and connections that stall", {"drops": 5, "stalls": 3, "unavailable": 3, "redirect": True, "tokens": 12}),
    ]
    for what, plan in plans:
        proxy.reset(**plan)
        store.succeed("pull", name)
        assert store.models() == {f"{name}:latest": digest}
        assert sum(proxy.done.values()) > 0 or plan == {"redirect": True}, (what, proxy.done)
        assert not proxy.leaks, proxy.leaks
        store.require_clean()
        again = proxy.bytes_sent() - size
        assert again <= PART, f"{what}: {again} bytes were fetched twice"
        tell(f"{what}: {dict(proxy.done)}, {again / 1e6:.1f} MB fetched twice")
        store.delete(name)
        assert not store.blobs(), store.blobs()

    proxy.reset(flips=1)
    error = store.fail("pull", name)
    assert "digest mismatch" in error, error
    assert store.models() == {} and layers[0]["digest"].replace(":", "-") not in store.blobs()
    proxy.reset()
    store.succeed("pull", name)
    assert store.models() == {f"{name}:latest": digest}
    store.require_clean()
    tell(f"a byte changed: {error}")
    store.stop()
    proxy.close()


def faults_of_pushes(folder, first, digest):
    proxy = FaultProxy(0, SEED)
    plans = [
        ("pieces dropped", {"drops": 4}),
        ("5xx", {"unavailable": 6}),
        ("uploads at another port, tokens", {"redirect": True, "tokens": 12}),
        ("pieces that stall", {"stalls": 1, "unavailable": 2}),
    ]
    for number, (what, plan) in enumerate(plans):
        # Blobs that the registry has in another repository would not be sent: a registry of its own for each.
        own = Registry(folder / f"pushes-{number}")
        proxy.upstream = own.port
        proxy.reset(towards="up", **plan)
        name = f"127.0.0.1:{proxy.port}/test/smollm2"
        first.copy("smollm2", name)
        first.succeed("push", name)
        assert sum(proxy.done.values()) > 0 and not proxy.leaks, (proxy.done, proxy.leaks)
        proxy.reset()
        store = Server(PROGRAM, folder / f"pushed-{number}")
        store.succeed("pull", name)
        assert store.models() == {f"{name}:latest": digest}
        store.stop()
        tell(f"pushed, {what}")
        own.stop()

    own = Registry(folder / "pushes-flipped")
    proxy.upstream = own.port
    proxy.reset(towards="up", flips=1)
    error = first.fail("push", name)
    assert "doctor --store" in error and own.tags("test/smollm2") is None, error
    own.stop()
    proxy.close()
    tell(f"a byte changed on its way to the registry: {error}")


def killed_while_pulling(folder, registry, layers, digest):
    """SIGKILL in the middle, three times: what has come is not fetched again beyond one part."""
    size = sum(layer["size"] for layer in layers)
    chance = random.Random(SEED)
    proxy = FaultProxy(registry.port, SEED)
    proxy.reset(rate=6_000_000)      # a connection; slow enough to be killed in the middle, and for nothing to be under way
    name = f"127.0.0.1:{proxy.port}/test/smollm2"
    store = Server(PROGRAM, folder / "killed")
    twice = []
    for share in sorted(chance.uniform(0.2, 0.9) for _ in range(3)):
        pulling = threading.Thread(target=lambda server=store: suppress(server.transfer, "pull", name), daemon=True)
        pulling.start()
        before = proxy.bytes_sent()
        wait_for("bytes of a pull", lambda: proxy.bytes_sent() >= before + 1 and distinct(proxy.sent) >= share * size)
        store.kill()
        pulling.join()
        twice.append(proxy.bytes_sent() - distinct(proxy.sent))
        store = Server(PROGRAM, folder / "killed")
        assert store.models() == {}
        assert twice[-1] <= (len(twice) - 1) * PART, twice
    proxy.rate = None
    store.succeed("pull", name)
    assert store.models() == {f"{name}:latest": digest}
    store.require_clean()
    twice.append(proxy.bytes_sent() - distinct(proxy.sent))
    assert all(after - before <= PART for before, after in zip(twice, twice[1:])), twice
    assert not [blob for blob in store.blobs() if "partial" in blob], store.blobs()
    store.stop()
    proxy.close()
    tell(f"killed three times while pulling: {[round(bytes / 1e6, 1) for bytes in twice[1:]]} MB fetched twice in all after each")


def distinct(sent):
    """Bytes that went out at least once."""
    total = 0
    for ranges in sent.values():
        end = 0
        for start, stop in sorted(map(list, ranges)):
            total += max(0, stop - max(start, end))
            end = max(end, stop)
    return total


def two_servers(folder, registry, first):
    """Two servers over one store that pull and delete the same two models."""
    names = [f"127.0.0.1:{registry.port}/tiny/{tag}" for tag in ("a:v1", "a:v2", "b:v1")]
    maker = Server(PROGRAM, folder / "maker", "--model", f"tiny={TINY}")
    for name in names:
        maker.copy("tiny", name)
        maker.succeed("push", name)
    maker.stop()
    servers = [Server(PROGRAM, folder / "shared") for _ in range(2)]
    wrong, counts, end = [], {"pulled": 0, "deleted": 0, "not there": 0}, time.monotonic() + SECONDS

    def work(server, chance):
        while time.monotonic() < end and not wrong:
            name = chance.choice(names)
            try:
                if chance.random() < 0.6:
                    last = server.transfer("pull", name)[-1]
                    counts["pulled"] += 1
                    if "error" in last:
                        wrong.append((name, last))
                else:
                    status, text = server.ask("DELETE", "/api/delete", {"model": name})
                    counts["deleted" if status == 200 else "not there"] += 1
                    if status not in (200, 404):
                        wrong.append((name, status, text))
                status, text = server.ask("GET", "/api/tags")
                if status != 200:
                    wrong.append((status, text))
            except Exception as trouble:
                wrong.append(repr(trouble))

    workers = [threading.Thread(target=work, args=(servers[number % 2], random.Random(SEED + number))) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong, (len(wrong), wrong[:3], list(servers[0].log)[-5:])
    servers[0].require_clean()
    for name in names:
        servers[0].succeed("pull", name)
        assert servers[1].ask("POST", "/api/show", {"model": name})[0] == 200
    servers[1].require_clean()
    for name in names:
        servers[1].delete(name)
    assert not servers[0].blobs(), servers[0].blobs()
    for server in servers:
        server.stop()
    tell(f"two servers over one store for {SECONDS:.0f} s: {counts}")


def suppress(action, *arguments):
    try:
        action(*arguments)
    except Exception:
        pass        # its server is killed


def main():
    assert Registry.is_installed(), "this needs docker-registry: apt-get install docker-registry"
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        registry = Registry(folder / "registry")
        first = Server(PROGRAM, folder / "first")
        name, digest, layers = there_and_back(folder, registry, first)
        with concurrent.futures.ThreadPoolExecutor() as both:       # they wait for their stalls together
            for faults in [both.submit(faults_of_pulls, folder, registry, layers, digest), both.submit(faults_of_pushes, folder, first, digest)]:
                faults.result()
        killed_while_pulling(folder, registry, layers, digest)
        with_logins(folder, first)
        with_its_own_tokens(folder, first)
        two_servers(folder, registry, first)
        first.stop()
        registry.stop()
    tell("registry: ok")


main()
