"""A proxy between the program and a registry that does to connections what the internet does: it drops them at random bytes, stalls, changes a byte, answers
with 5xx, redirects blobs to another port, and asks for tokens. It counts which bytes of which blob it has sent. Standard library only."""
import base64
import collections
import http.client
import http.server
import json
import random
import re
import select
import socket
import threading
import time
import urllib.parse

PIECE = 16 << 10
BLOB = re.compile(r"/v2/.+/blobs/(sha256:[0-9a-f]{64})$")
UPLOAD = re.compile(r"/v2/.+/blobs/uploads/.+")


class Dropped(Exception):
    """The connection ends here, without a word."""


class FaultProxy:
    """Forwards what comes on `port` to a registry; `storage` is a second port, for what is redirected."""

    def __init__(self, upstream, seed):
        self.upstream, self.seed = upstream, seed
        self.sign = None        # makes a token of scopes that the registry itself checks; None for tokens of the proxy's own
        self.lock = threading.Lock()
        self.servers = [Listener(("127.0.0.1", 0), Handler) for _ in range(2)]
        self.port, self.storage = (server.server_address[1] for server in self.servers)
        for server in self.servers:
            server.proxy = self
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        self.reset()

    def reset(self, **plan):
        """Forgets what was counted, and begins a plan:
        drops, stalls, flips, unavailable: how many times at most it does that; towards: "down" (blobs that are fetched) or "up" (pieces that are pushed);
        redirect: blobs are fetched from, and pushed to, the other port; tokens: a token is wanted, which lasts so many requests; rate: bytes a second of a connection."""
        with self.lock:
            self.random = random.Random(self.seed)
            self.left = {kind: plan.get(kind, 0) for kind in ("drops", "stalls", "flips", "unavailable")}
            self.towards, self.redirect, self.tokens, self.rate = plan.get("towards", "down"), plan.get("redirect", False), plan.get("tokens", 0), plan.get("rate")
            self.token, self.token_uses = None, 0
            self.sent = collections.defaultdict(list)       # digest -> [[from, end], ...] of what went out
            self.received = 0                               # bytes of pieces that came in
            self.done, self.leaks, self.requests = collections.Counter(), [], []

    def bytes_sent(self):
        return sum(end - start for ranges in self.sent.values() for start, end in ranges)

    def fault(self, length, towards):
        """What happens to the next body of so many bytes, and after how many of them."""
        with self.lock:
            kinds = [kind for kind in ("drops", "stalls", "flips") if self.left[kind] > 0 and length > 0 and towards == self.towards]
            if not kinds or self.random.random() < 0.3:
                return None, 0
            kind = self.random.choice(kinds)
            self.left[kind] -= 1
            self.done[kind] += 1
            return kind, self.random.randrange(min(length, 3 << 20))

    def is_unavailable(self):
        with self.lock:
            if self.left["unavailable"] <= 0 or self.random.random() < 0.3:
                return False
            self.left["unavailable"] -= 1
            self.done["unavailable"] += 1
            return True

    def new_token(self):
        with self.lock:
            self.token, self.token_uses = base64.b16encode(self.random.randbytes(12)).decode(), 0
            self.done["tokens"] += 1
            return self.token

    def accepts(self, authorization):
        with self.lock:
            self.token_uses += 1
            return self.token is not None and authorization == f"Bearer {self.token}" and self.token_uses <= self.tokens

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass        # broken connections are its trade


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        # What the kernel keeps would count as sent and never arrive.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 << 10)
        super().setup()

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        return True     # said when the body is wanted, so that a refusal comes before it

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        if int(self.headers.get("Content-Length", 0)) > 0 and not self.took_body:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def handle_all(self):
        proxy, self.took_body = self.server.proxy, False
        path = urllib.parse.urlsplit(self.path).path
        at_storage = self.server.server_address[1] == proxy.storage
        with proxy.lock:
            proxy.requests.append((self.command, self.path, at_storage, self.headers.get("Authorization")))
        if path == "/token":
            scopes = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("scope", [])
            return self.answer(200, json.dumps({"token": proxy.sign(scopes) if proxy.sign else proxy.new_token()}).encode())
        if at_storage and self.headers.get("Authorization"):
            proxy.leaks.append(self.path)
        if proxy.tokens and not at_storage and not proxy.accepts(self.headers.get("Authorization")):
            challenge = f'Bearer realm="http://127.0.0.1:{proxy.port}/token",service="fault proxy",scope="repository:test/smollm2:pull,push"'
            return self.answer(401, WWW_Authenticate=challenge)
        if proxy.is_unavailable():
            return self.answer(503, b'{"errors":[{"code":"UNAVAILABLE","message":"come back later"}]}')
        if proxy.redirect and not at_storage and self.command == "GET" and BLOB.match(path):
            return self.answer(307, Location=f"http://127.0.0.1:{proxy.storage}{self.path}")
        try:
            self.forward(proxy, path)
        except (Dropped, OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_all

    def forward(self, proxy, path):
        upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect") and not (proxy.tokens and name.lower() == "authorization"):
                    upstream.putheader(name, value)
            upstream.endheaders()
            self.send_body(proxy, path, upstream)
            answer = upstream.getresponse()
            length = int(answer.headers.get("Content-Length", 0))
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.headers.items():
                if name == "Location" and proxy.redirect and UPLOAD.match(urllib.parse.urlsplit(value).path):
                    value = value.replace(f":{proxy.port}/", f":{proxy.storage}/")
                if name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            if "Content-Length" not in answer.headers and answer.status != 204:
                body = answer.read()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.end_headers()
            if self.command != "HEAD":
                self.send_answer(proxy, path, answer, length)
        finally:
            upstream.close()

    def send_body(self, proxy, path, upstream):
        """From the program to the registry."""
        length = int(self.headers.get("Content-Length", 0))
        kind, after = proxy.fault(length, "up") if UPLOAD.match(path) else (None, 0)
        if length > 0 and self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        self.took_body = True
        for at in range(0, length, PIECE):
            piece = self.rfile.read(min(PIECE, length - at))
            if kind and at + len(piece) > after:
                piece = self.do_fault(kind, piece, after - at, upstream.send)
                kind = None
            upstream.send(piece)
            with proxy.lock:
                proxy.received += len(piece)

    def send_answer(self, proxy, path, answer, length):
        """From the registry to the program."""
        blob = BLOB.match(path)
        kind, after = proxy.fault(length, "down") if blob and answer.status in (200, 206) else (None, 0)
        start = int(re.match(r"bytes (\d+)-", answer.headers["Content-Range"]).group(1)) if answer.status == 206 else 0
        sent = [start, start]
        if blob:
            with proxy.lock:
                proxy.sent[blob.group(1)].append(sent)
        begun = time.monotonic()
        for at in range(0, length, PIECE):
            piece = answer.read(min(PIECE, length - at))
            if kind and at + len(piece) > after:
                sent[1] += after - at if kind != "flips" else 0
                piece = self.do_fault(kind, piece, after - at, self.wfile.write)
                kind = None
            sent[1] += len(piece)
            self.wfile.write(piece)
            if proxy.rate:
                time.sleep(max(0, begun + (at + len(piece)) / proxy.rate - time.monotonic()))

    def do_fault(self, kind, piece, at, send):
        if kind == "flips":
            return piece[:at] + bytes([piece[at] ^ 0x10]) + piece[at + 1:]
        send(piece[:at])
        if kind == "stalls":
            # The other side is to find out by itself: nothing is taken, sent or closed until it goes.
            gone = select.poll()
            gone.register(self.request, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
            gone.poll(120_000)
        raise Dropped()
