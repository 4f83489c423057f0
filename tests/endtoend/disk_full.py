"""A store, and then a registry, on a disk that fills up: a clear error that names the full disk, no model that is half there, and all works again once there is
room. Argument: the built program. Mounts a small tmpfs, which takes root. Standard library only."""
import contextlib
import ctypes
import hashlib
import json
import os
import pathlib
import sys
import tempfile
import threading
import time

from programs import Registry, Server, wait_for

PROGRAM = sys.argv[1]
MODEL = pathlib.Path(__file__).resolve().parents[2] / "models/SmolLM2-135M-Instruct.Q4_1.gguf"
TINY = pathlib.Path(__file__).resolve().parents[1] / "Vectors/models/qwen3-f16.gguf"       # 2.6 MB
ROOM = 64 << 20         # less than the model, whose file has 98 MB


class SmallDisk:
    """A tmpfs that can grow and shrink."""

    def __init__(self, path, size):
        self.path, self.libc = path, ctypes.CDLL(None, use_errno=True)
        path.mkdir()
        self.mount(0, size)

    def mount(self, flags, size):
        if self.libc.mount(b"tmpfs", str(self.path).encode(), b"tmpfs", flags, f"size={size}".encode()) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def resize(self, size):
        self.mount(32, size)        # MS_REMOUNT

    def used(self):
        about = os.statvfs(self.path)
        return (about.f_blocks - about.f_bfree) * about.f_frsize

    def unmount(self):
        self.libc.umount2(str(self.path).encode(), 2)       # MNT_DETACH: what still has a file open there does not keep it


def names_the_disk(error, disk):
    assert "disk of" in error and ("full" in error or "left" in error) and str(disk.path) in error, error


def store_fills_up(folder, disk, registry, name):
    server = Server(PROGRAM, disk.path / "models", "--model", f"tiny={TINY}")
    filler = disk.path / "filler"

    # Too little room from the first: known before anything is fetched.
    started = time.monotonic()
    error = server.fail("pull", name)
    names_the_disk(error, disk)
    assert server.models() == {} and not server.blobs(), server.blobs()
    print(f"pull: {error} ({time.monotonic() - started:.1f} s)")

    # Room at first, which another program takes while the model comes.
    disk.resize(3 * ROOM)
    filler.write_bytes(bytes(16 << 20))
    fill_while(lambda: fill_up(filler, disk), server, name, disk)
    assert server.models() == {} and server.command("doctor", "--store").returncode == 0
    filler.unlink()
    server.succeed("pull", name)
    assert list(server.models()) == [name] and "Paris" in server.answer(name)
    server.require_clean()
    assert server.command("rm", name).returncode == 0       # unloads it first: a file that is mapped keeps its room

    # Uploads: of a blob, and of a copy into the store of a model that lies elsewhere.
    wait_for("room", lambda: disk.used() < 1 << 20)
    disk.resize(ROOM)
    content = MODEL.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    status, text = server.ask("POST", f"/api/blobs/sha256:{digest}", content)
    assert status == 500, (status, text)
    names_the_disk(text.decode(), disk)
    print(f"upload: {text.decode()}")
    assert server.ask("HEAD", f"/api/blobs/sha256:{digest}")[0] == 404 and not server.blobs(), server.blobs()
    status, text = server.ask("POST", "/api/copy", {"source": "smollm2", "destination": name})
    assert status == 500, (status, text)
    names_the_disk(text.decode(), disk)
    assert server.models() == {}
    disk.resize(3 * ROOM)
    assert server.ask("POST", f"/api/blobs/sha256:{digest}", content)[0] == 201
    server.copy("smollm2", name)
    assert list(server.models()) == [name] and "Paris" in server.answer(name)
    server.require_clean()

    # A model that is made there, with weights of another type.
    fill_up(filler, disk, leave=1 << 20)
    before, made = server.blobs(), {"model": "127.0.0.1:1/test/made", "from": "tiny", "quantize": "q8_0"}
    text = server.ask("POST", "/api/create", made)[1].decode()
    names_the_disk(json.loads(text.splitlines()[-1])["error"], disk)
    print(f"create: {text.splitlines()[-1]}")
    assert list(server.models()) == [name] and server.blobs() == before, set(server.blobs()) - set(before)
    filler.unlink()
    assert json.loads(server.ask("POST", "/api/create", made)[1].splitlines()[-1]) == {"status": "success"}
    assert "127.0.0.1:1/test/made:latest" in server.models()
    server.require_clean()
    server.stop()


def fill_up(filler, disk, leave=8 << 20):
    """Takes all room but a little, while somebody else takes it too."""
    with open(filler, "ab", buffering=0) as file, contextlib.suppress(OSError):
        while os.statvfs(disk.path).f_bavail * os.statvfs(disk.path).f_frsize > leave:
            file.write(bytes(256 << 10))


def fill_while(fill, server, name, disk):
    result = []
    pulling = threading.Thread(target=lambda: result.append(server.fail("pull", name, limit_rate=30_000_000)))
    pulling.start()
    while not any("partial" in blob for blob in server.blobs()):
        assert pulling.is_alive(), result
        time.sleep(0.01)
    fill()
    pulling.join()
    names_the_disk(result[0], disk)
    print(f"pull while the disk fills up: {result[0]}")


def registry_fills_up(folder, disk, name_of):
    registry = Registry(folder / "small-registry", data=disk.path / "registry")
    server = Server(PROGRAM, folder / "store")
    name = name_of(registry)
    server.copy("smollm2", name)
    started = time.monotonic()
    error = server.fail("push", name)
    assert f"the disk of the registry 127.0.0.1:{registry.port} is full" in error, error
    print(f"push: {error} ({time.monotonic() - started:.1f} s)")
    assert registry.tags("test/smollm2") is None
    disk.resize(5 * ROOM)
    server.succeed("push", name)
    assert registry.tags("test/smollm2") == ["latest"]
    server.stop()
    registry.stop()


def main():
    assert Registry.is_installed(), "this needs docker-registry: apt-get install docker-registry"
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        try:
            disk = SmallDisk(folder / "small", ROOM)
        except OSError as trouble:
            print(f"not run: a tmpfs cannot be mounted here ({trouble}); that takes root")
            return
        try:
            registry = Registry(folder / "registry")
            name = f"127.0.0.1:{registry.port}/test/smollm2:latest"
            whole = Server(PROGRAM, folder / "whole")
            whole.copy("smollm2", name)
            whole.succeed("push", name)
            whole.stop()
            store_fills_up(folder, disk, registry, name)
            registry.stop()
            disk.unmount()
            disk.mount(0, ROOM)
            registry_fills_up(folder, disk, lambda registry: f"127.0.0.1:{registry.port}/test/smollm2")
        finally:
            disk.unmount()
    print("disk full: ok")


main()
