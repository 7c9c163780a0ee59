#!/usr/bin/env python3
"""Runs the peers of peers.conf against the contract app's workloads.

    bench.py build  [PEER…]         builds what the peers name
    bench.py check  [PEER…]         asks every peer for the contract, in detail
    bench.py run    [PEER…]         checks, then measures; adds to out/results.json
    bench.py instr  [PEER…]         instructions per request, under callgrind
    bench.py oneshot                parts of axum's cost: ns and instructions
    bench.py report                 out/results.json -> results.md

Environment: ROUNDS (3), SECS (5), CONNS (64), WORKLOADS (all, or a list of
hello todos me me-many echo fanout fanout-w1 idle), SERVER_CORE (0),
LOAD_CORE (1), WORKERS (1), IDLE (10000), CARGO_TARGET_DIR (target),
NICE (0; as root on a busy machine, say -15: servers and load then come first).
Only 127.0.0.1 is ever spoken to.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import resource
import shlex
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE / "out"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
BIN = TARGET / "release"
ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECS = float(os.environ.get("SECS", "5"))
CONNS = int(os.environ.get("CONNS", "64"))
IDLE = int(os.environ.get("IDLE", "10000"))
WORKERS = os.environ.get("WORKERS", "1")
SERVER_CORE = os.environ.get("SERVER_CORE", "0")
LOAD_CORE = os.environ.get("LOAD_CORE", "1")
NICE = os.environ.get("NICE", "0")

SECRET = b"bench-peers-hs256-secret-0123456789abcdef"
TODO = {
    "title": "Buy milk, bread and two dozen eggs",
    "tags": ["home", "errand", "weekly"],
    "priority": 2,
    "due": "2026-12-01T10:00:00Z",
}
ECHO = {"action": "echo", "data": {"id": 42, "kind": "note", "text": "the quick brown fox jumps", "list": [1, 2, 3]}}
FAR = 4102444800  # 2100-01-01

HTTP_WORKLOADS = ["hello", "todos", "me", "me-many"]
WS_WORKLOADS = ["echo", "fanout", "fanout-w1"]
ALL_WORKLOADS = HTTP_WORKLOADS + WS_WORKLOADS + ["idle"]
NEEDS = {"me-many": "me", "fanout": "events", "fanout-w1": "events", "idle": "echo"}


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def token(sub="user-1", role="user", exp=FAR, secret=SECRET, alg="HS256"):
    def part(value):
        return base64.urlsafe_b64encode(compact(value).encode()).rstrip(b"=")

    signed = part({"alg": alg, "typ": "JWT"}) + b"." + part({"sub": sub, "exp": exp, "role": role})
    mac = hmac.new(secret, signed, hashlib.sha256).digest()
    return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


# ---- peers -----------------------------------------------------------------


class Peer:
    def __init__(self, line, port):
        self.name, caps, self.build, self.command = [part.strip() for part in line.split("|", 3)]
        self.caps = caps.split()
        self.port = port
        self.process = None

    def can(self, workload):
        return NEEDS.get(workload, workload) in self.caps

    def argv(self):
        return [word.replace("$BIN", str(BIN)) for word in shlex.split(self.command)]

    def start(self, prefix=(), workers=WORKERS, wait=20):
        log = open(OUT / f"{self.name}.log", "wb")
        self.process = subprocess.Popen(
            ["nice", "-n", NICE, "taskset", "-c", SERVER_CORE, *prefix, *self.argv()],
            cwd=HERE,
            env={**os.environ, "PORT": str(self.port), "WORKERS": workers},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise SystemExit(f"{self.name} does not listen; see {OUT / (self.name + '.log')}")

    def stop(self):
        process, self.process = self.process, None
        if process and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def cpu_ns(self):
        """Time all its threads have run, in nanoseconds."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total

    def rss_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def get(self, workload):
        """Path, extra headers and body of one HTTP workload's request."""
        rspc = "rspc" in self.caps
        prefix = "/rspc" if rspc else ""
        if workload == "hello":
            return prefix + "/hello", {}, None
        if workload in ("me", "me-many"):
            return prefix + "/me", {"Authorization": "Bearer " + token()}, None
        if rspc:
            return prefix + "/todos", {"Content-Type": "application/json"}, {"listId": "list-7", **TODO}
        return "/todos/list-7", {"Content-Type": "application/json"}, TODO


def peers(names):
    lines = (HERE / "peers.conf").read_text().splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    listed = [Peer(line, 4100 + at) for at, line in enumerate(lines)]
    unknown = set(names) - {peer.name for peer in listed}
    if unknown:
        raise SystemExit(f"no such peer: {', '.join(sorted(unknown))}")
    return [peer for peer in listed if not names or peer.name in names]


def build_one(package):
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", "-p", package],
                   cwd=HERE, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET)}, check=True)


def build(chosen):
    done = set()
    for step in ["cargo:wsload"] + [peer.build for peer in chosen]:
        if step == "-" or step in done:
            continue
        done.add(step)
        print("build:", step, flush=True)
        kind, rest = step.split(":", 1)
        if kind == "cargo":
            build_one(rest)
        else:
            subprocess.run(["sh", "-ec", rest], cwd=HERE, check=True)


# ---- the contract, asked in detail -----------------------------------------


def ask(peer, method, path, headers, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=5)
    if body is not None and not isinstance(body, (str, bytes)):
        body = compact(body)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    try:
        value = json.loads(text) if text else None
    except ValueError:
        value = text
    return response.status, value


class Ws:
    """As much of a WebSocket client as the checks need."""

    def __init__(self, port, path):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        assert head.startswith(b"HTTP/1.1 101"), head
        assert accept in head, head

    def more(self):
        chunk = self.socket.recv(65536)
        assert chunk, "closed"
        self.buffer += chunk

    def send(self, value):
        data = compact(value).encode()
        mask = os.urandom(4)
        head = bytes([0x81, 0x80 | len(data)]) if len(data) < 126 else struct.pack("!BBH", 0x81, 0xFE, len(data))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self, wait=5.0):
        """The next text message as JSON, or None when none comes in time."""
        self.socket.settimeout(wait)
        try:
            while True:
                while len(self.buffer) < 2:
                    self.more()
                size, at = self.buffer[1] & 0x7F, 2
                if size == 126:
                    while len(self.buffer) < 4:
                        self.more()
                    size, at = struct.unpack("!H", self.buffer[2:4])[0], 4
                while len(self.buffer) < at + size:
                    self.more()
                opcode = self.buffer[0] & 0x0F
                payload, self.buffer = self.buffer[at : at + size], self.buffer[at + size :]
                if opcode == 1:
                    return json.loads(payload)
        except TimeoutError:
            return None

    def close(self):
        self.socket.close()


def check(peer):
    """A list of what the peer does differently from the contract."""
    wrong = []

    def expect(what, got, want):
        if got not in (want if isinstance(want, list) else [want]):
            wrong.append(f"{what}: {got!r}, not {want!r}")

    # A floor has one answer for every request, and is asked for what that can be right for.
    asked = set(peer.caps) - ({"todos", "me"} if "floor" in peer.caps else set())

    if "rspc" in peer.caps:
        for workload in ("hello", "todos", "me"):
            path, headers, body = peer.get(workload)
            status, value = ask(peer, "POST" if body else "GET", path, headers, body)
            expect(f"{workload} status", status, 200)
            if '"response"' not in json.dumps(value):
                wrong.append(f"{workload}: {value!r}")
        status, value = ask(peer, "GET", "/rspc/me", {"Authorization": "Bearer " + token(secret=b"other")})
        if '"error"' not in json.dumps(value):
            wrong.append(f"me with a bad token: {value!r}")
        return wrong

    if "hello" in asked:
        expect("hello", ask(peer, "GET", "/hello", {}), (200, {"message": "hello"}))
    if "todos" in asked:
        path, headers, body = peer.get("todos")
        status, value = ask(peer, "POST", path, headers, body)
        expect("todos status", status, 200)
        if status == 200:
            identity = value.pop("id", None)
            expect("todos id", type(identity) in (int, str), True)
            expect("todos", value, {"listId": "list-7", **TODO, "done": False})
        bare = {"title": "x", "tags": [], "priority": 0}
        status, value = ask(peer, "POST", path, headers, bare)
        expect("todos without due", (status, (value or {}).get("due")), (200, None))
        for what, change in [
            ("an empty title", {"title": ""}),
            ("a long title", {"title": "x" * 201}),
            ("priority 6", {"priority": 6}),
            ("priority -1", {"priority": -1}),
            ("tags of numbers", {"tags": [1]}),
            ("a number as title", {"title": 1}),
        ]:
            status, _ = ask(peer, "POST", path, headers, {**TODO, **change})
            expect(f"todos with {what}", status, [400, 422])
        expect("todos of 200 characters", ask(peer, "POST", path, headers, {**TODO, "title": "é" * 200})[0], 200)
        expect("todos, no JSON", ask(peer, "POST", path, headers, "{")[0], [400, 422])
    if "me" in asked:

        def me(bearer):
            return ask(peer, "GET", "/me", {"Authorization": bearer} if bearer else {})

        expect("me", me("Bearer " + token()), (200, {"userId": "user-1", "role": "user"}))
        for what, bearer in [
            ("no token", None),
            ("another scheme", "Basic dXNlcjpwYXNz"),
            ("rubbish", "Bearer abc"),
            ("another secret", "Bearer " + token(secret=b"other")),
            ("an expired token", "Bearer " + token(exp=1000000000)),
            ("another algorithm", "Bearer " + token(alg="none")),
        ]:
            expect(f"me with {what}", me(bearer)[0], 401)
        expect("me with another role", me("Bearer " + token(role="guest"))[0], 403)
    if "echo" in asked:
        ws = Ws(peer.port, "/echo")
        for data in [ECHO["data"], {}, {"deep": {"er": [None, True, "é"]}}, {"long": "x" * 300}]:
            message = {"action": "echo", "data": data}
            ws.send(message)
            expect("echo", ws.receive(), message)
        ws.close()
    if "events" in asked:
        sockets = [Ws(peer.port, "/events") for _ in range(4)]
        sender, first, second, other = sockets
        for ws, name in [(sender, "t"), (first, "t"), (second, "t"), (other, "else")]:
            ws.send({"action": "subscribe", "data": {"name": name}})
        time.sleep(0.3)
        message = {"action": "emit", "data": {"name": "t", "n": 1}}
        sender.send(message)
        for what, ws, want in [("a subscriber", first, message), ("another subscriber", second, message),
                               ("one of another topic", other, None), ("the sender", sender, None)]:
            # A peer may acknowledge a message with its bare action; that is no event.
            got = ws.receive(0.5)
            while got and "data" not in got:
                got = ws.receive(0.5)
            expect(f"events, {what}", got, want)
        for ws in sockets:
            ws.close()
    return wrong


# ---- measuring -------------------------------------------------------------


def pinned(*argv):
    return ["nice", "-n", NICE, "taskset", "-c", LOAD_CORE, *map(str, argv)]


def run_http(peer, workload, secs):
    path, headers, body = peer.get(workload)
    env = {key: value for key, value in os.environ.items() if key not in ("BODY", "TOKENS")}
    if body is not None:
        env["BODY"] = compact(body)
    if "Authorization" in headers:
        env["TOKENS"] = str(OUT / f"tokens-{workload}.txt")
    before = peer.cpu_ns()
    started = time.monotonic()
    done = subprocess.run(
        pinned("wrk", "-t1", f"-c{CONNS}", f"-d{max(1, round(secs))}s", "-s", HERE / "load/http.lua",
               f"http://127.0.0.1:{peer.port}{path}"),
        env=env, capture_output=True, text=True,
    )
    took = time.monotonic() - started
    cpu = peer.cpu_ns() - before
    line = re.search(r"^RESULT (.*)$", done.stdout, re.M)
    if not line:
        return {"error": (done.stdout + done.stderr)[-400:]}
    result = json.loads(line[1])
    if result["bad"] or result["failed"]:
        return {"error": f"{result['bad']} bad answers, {result['failed']} failed"}
    return {
        "per_s": result["count"] / result["secs"],
        "p50_us": result["p50_us"],
        "p99_us": result["p99_us"],
        "cpu_us": cpu / 1e3 / result["count"],
        "core": cpu / 1e9 / took,
    }


def run_ws(peer, workload, secs):
    if workload == "echo":
        args = ["echo", peer.port, "/echo", CONNS, secs, compact(ECHO)]
    else:
        window = 1 if workload == "fanout-w1" else 8
        args = ["fanout", peer.port, "/events", 1000, secs, window, 100]
    load = subprocess.Popen(pinned(BIN / "wsload", *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    before, result = 0, None
    for line in load.stdout:
        if line.startswith("MEASURE"):
            before, started = peer.cpu_ns(), time.monotonic()
        elif line.startswith("{"):
            cpu, took = peer.cpu_ns() - before, time.monotonic() - started
            result = json.loads(line)
    errors = load.stderr.read()
    if load.wait() or not result:
        return {"error": errors.strip()[-400:]}
    if result.get("stalled"):
        return {"error": "messages were lost: the fan-out stalled"}
    return {
        "per_s": result["per_s"],
        "p50_us": result["p50_us"],
        "p99_us": result["p99_us"],
        "cpu_us": cpu / 1e3 / max(1, result["count"]),
        "core": cpu / 1e9 / took,
    }


def run_idle(peer):
    """Memory of idle connections, on a server just started."""
    result = {}
    cases = [("idle", "/echo", compact(ECHO), "1")]
    if "events" in peer.caps:
        cases.append(("idle-sub", "/events", compact({"action": "subscribe", "data": {"name": "t"}}), "0"))
    for case, path, message, reply in cases:
        peer.stop()
        peer.start()
        Ws(peer.port, path).close()
        time.sleep(0.5)
        before = peer.rss_kib()
        load = subprocess.Popen(
            pinned(BIN / "wsload", "idle", peer.port, path, IDLE, message, reply),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        ready = load.stdout.readline()
        time.sleep(1.0)
        if ready.startswith("READY"):
            result[case] = (peer.rss_kib() - before) * 1024 / IDLE
        else:
            result[case] = None
            print(f"  {peer.name} {case}: {load.stderr.read().strip()[-300:]}")
        load.stdin.close()
        load.wait()
    return result


def load_results():
    file = OUT / "results.json"
    return json.loads(file.read_text()) if file.exists() else {"runs": [], "idle": {}, "instr": {}, "meta": {}}


def save_results(results):
    (OUT / "results.json").write_text(json.dumps(results, indent=1))


def loadavg():
    return Path("/proc/loadavg").read_text().split()[0]


def run(chosen):
    workloads = os.environ.get("WORKLOADS", " ".join(ALL_WORKLOADS)).split()
    (OUT / "tokens-me.txt").write_text(token() + "\n")
    (OUT / "tokens-me-many.txt").write_text("".join(token(sub=f"user-{n}") + "\n" for n in range(4096)))
    results = load_results()
    results["meta"]["setup"] = {"workers": WORKERS, "conns": CONNS, "nice": NICE, "secs": SECS, "idle": IDLE}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    started = []
    try:
        for peer in chosen:
            peer.start()
            started.append(peer)
        good = []
        for peer in chosen:
            wrong = check(peer)
            print(f"check {peer.name}: {'as agreed' if not wrong else ''}")
            for line in wrong:
                print("   ", line)
            results["meta"].setdefault("check", {})[peer.name] = wrong
            good.append(peer)
        for workload in workloads:
            if workload == "idle":
                continue
            able = [peer for peer in good if peer.can(workload)]
            measure = run_http if workload in HTTP_WORKLOADS else run_ws
            for round_at in range(ROUNDS):
                # Another order each round, so that no peer always follows the same one.
                turn = able[round_at % max(1, len(able)) :] + able[: round_at % max(1, len(able))]
                for peer in turn:
                    if round_at == 0 and workload in HTTP_WORKLOADS:
                        measure(peer, workload, 1)
                    result = measure(peer, workload, SECS)
                    result.update(peer=peer.name, workload=workload, round=round_at, run=stamp, load=loadavg())
                    results["runs"].append(result)
                    save_results(results)
                    if "error" in result:
                        print(f"{workload:10} {peer.name:15} {result['error']}", flush=True)
                    else:
                        print(
                            f"{workload:10} {peer.name:15} {result['per_s']:10.0f}/s  {result['cpu_us']:7.2f} us CPU  "
                            f"p99 {result['p99_us']:8.0f} us  core {result['core']:.2f}  load {result['load']}",
                            flush=True,
                        )
        if "idle" in workloads:
            for peer in good:
                if peer.can("idle"):
                    results["idle"][peer.name] = run_idle(peer)
                    save_results(results)
                    print(f"idle       {peer.name:15} {results['idle'][peer.name]}", flush=True)
    finally:
        for peer in started:
            peer.stop()


# ---- instructions ----------------------------------------------------------


def serial_requests(peer, workload, count):
    path, headers, body = peer.get(workload)
    data = compact(body).encode() if body is not None else b""
    lines = [f"{'POST' if body is not None else 'GET'} {path} HTTP/1.1", f"Host: 127.0.0.1:{peer.port}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(data)}")
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + data
    connection = socket.create_connection(("127.0.0.1", peer.port), 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    for _ in range(count):
        connection.sendall(request)
        while b"\r\n\r\n" not in buffer:
            chunk = connection.recv(65536)
            assert chunk, "closed"
            buffer += chunk
        head, buffer = buffer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200"), head
        size = int(re.search(rb"content-length: (\d+)", head, re.I)[1])
        while len(buffer) < size:
            buffer += connection.recv(65536)
        buffer = buffer[size:]
    connection.close()


def serial_echoes(peer, count):
    ws = Ws(peer.port, "/echo")
    for _ in range(count):
        ws.send(ECHO)
        assert ws.receive(60) is not None
    ws.close()


def instr(chosen):
    """User-space instructions of the whole server per request: one connection,
    one request at a time, the difference of a long and a short run."""
    short, long = 300, 1300
    results = load_results()
    for peer in chosen:
        if "node" in peer.argv():
            continue  # valgrind does not run a JIT at a sensible pace
        for workload in ("hello", "todos", "me", "echo"):
            if not peer.can(workload):
                continue
            totals = []
            for count in (short, long):
                out = OUT / f"callgrind.out.{peer.name}.{workload}.{count}"
                prefix = ["valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={out}"]
                peer.start(prefix=prefix, wait=120)
                if workload == "echo":
                    serial_echoes(peer, count)
                else:
                    serial_requests(peer, workload, count)
                time.sleep(0.3)
                process = peer.process
                process.send_signal(signal.SIGTERM)
                process.wait(60)
                peer.process = None
                totals.append(int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1]))
            per = (totals[1] - totals[0]) / (long - short)
            results["instr"].setdefault(peer.name, {})[workload] = per
            save_results(results)
            print(f"instr {workload:6} {peer.name:15} {per:10.0f} instructions a request", flush=True)


def oneshot():
    build_one("oneshot")
    results = load_results()
    tool = str(BIN / "oneshot")
    cases = subprocess.run([tool], capture_output=True, text=True, check=True).stdout.split()
    for case in cases:
        done = subprocess.run(["nice", "-n", NICE, "taskset", "-c", SERVER_CORE, tool, case, "200000"],
                              capture_output=True, text=True, check=True)
        nanos = float(done.stdout.split()[1])
        totals = []
        for count in (500, 2500):
            out = OUT / f"callgrind.out.oneshot.{case}.{count}"
            subprocess.run(["valgrind", "--tool=callgrind", "-q", f"--callgrind-out-file={out}", tool, case, str(count)],
                           capture_output=True, check=True)
            totals.append(int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1]))
        per = (totals[1] - totals[0]) / 2000
        results.setdefault("oneshot", {})[case] = {"ns": nanos, "instructions": per}
        save_results(results)
        print(f"oneshot {case:12} {nanos:8.0f} ns  {per:8.0f} instructions", flush=True)


# ---- the report ------------------------------------------------------------


def spread(values, form):
    return f"{form(statistics.median(values))} ({form(min(values))}..{form(max(values))})"


def kilo(value):
    return f"{value / 1000:.1f}k"


def versions():
    """What was measured, from the lock files."""
    named = ("axum", "hyper", "tokio", "poem-openapi", "dropshot", "salvo", "actix-web", "actix-ws", "rspc", "rspc-axum",
             "tungstenite", "fastwebsockets", "jsonwebtoken", "serde_json")
    found = {}
    for name, version in re.findall(r'^name = "(.+)"\nversion = "(.+)"$', (HERE / "Cargo.lock").read_text(), re.M):
        if name in named:
            found.setdefault(name, []).append(version)
    node = json.loads((HERE / "node/package.json").read_text())["dependencies"]
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    try:
        engine = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        engine = "absent"
    rows = [f"{name} {' and '.join(found[name])}" for name in named if name in found]
    rows += [f"{name} {version}" for name, version in node.items()]
    return f"{rust}; node {engine}; " + ", ".join(rows)


def report():
    results = load_results()
    listed = peers([])
    base = listed[0].name
    order = [peer.name for peer in listed]
    lines = ["# Peers against the contract app", ""]
    latest = max((r["run"] for r in results["runs"]), default="-")
    loads = [float(r["load"]) for r in results["runs"]]
    lines += [
        f"Made by `bench.py report`; last run {latest}, load average {min(loads, default=0):.1f} to {max(loads, default=0):.1f}"
        f" on {os.cpu_count()} cores.",
        f"Server and load generator pinned to a core each; {results['meta'].get('setup')}.",
        "Cells: median (min..max) over rounds. `x` columns: the median over rounds of the peer's figure over"
        f" {base}'s in the same round; for rates more is better, for CPU less is.",
        "`core`: how much of its core the server used; far below 1 with others busy means the load side or a"
        " neighbour set the rate, so read CPU per request.",
        "",
        f"Versions: {versions()}.",
        "",
    ]
    for workload in HTTP_WORKLOADS + WS_WORKLOADS:
        rows = {}
        errors = {}
        for r in results["runs"]:
            if r["workload"] != workload:
                continue
            if "error" in r:
                errors[r["peer"]] = r["error"]
            else:
                rows.setdefault(r["peer"], {})[(r["run"], r["round"])] = r
        if not rows:
            continue
        unit = {"echo": "round trips/s", "fanout": "deliveries/s", "fanout-w1": "deliveries/s"}.get(workload, "requests/s")
        lines += [f"## {workload}", "", f"| peer | {unit} | x | CPU us each | x | p50 us | p99 us | core |", "| --- " * 8 + "|"]
        for name in order:
            if name not in rows:
                if name in errors:
                    lines.append(f"| {name} | {errors[name][:80]} | | | | | | |")
                continue
            mine = rows[name]

            def ratio(field):
                both = [mine[key][field] / rows[base][key][field] for key in mine if key in rows.get(base, {})]
                return f"{statistics.median(both):.2f}" if both else "-"

            def cell(field, form):
                return spread([r[field] for r in mine.values()], form)

            lines.append(
                f"| {name} | {cell('per_s', kilo)} | {ratio('per_s')} | {cell('cpu_us', lambda v: f'{v:.2f}')} | {ratio('cpu_us')} "
                f"| {cell('p50_us', lambda v: f'{v:.0f}')} | {cell('p99_us', lambda v: f'{v:.0f}')} "
                f"| {statistics.median(r['core'] for r in mine.values()):.2f} |"
            )
        lines.append("")
    if results["idle"]:
        lines += [f"## Idle memory, {IDLE} connections", "", "RSS growth a connection; `/echo` after one round trip, `/events` after one subscribe.", "",
                  "| peer | /echo bytes | x | /events bytes | x |", "| --- " * 5 + "|"]
        for name in order:
            mine = results["idle"].get(name)
            if not mine:
                continue
            cells = []
            for case in ("idle", "idle-sub"):
                value, ref = mine.get(case), results["idle"].get(base, {}).get(case)
                cells += [f"{value:.0f}" if value else "-", f"{value / ref:.2f}" if value and ref else "-"]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    if results["instr"]:
        lines += ["## Instructions per request", "",
                  "User-space instructions of the whole server process under callgrind, one connection, one request at a time."
                  " Steady to about 1 %, whatever else the machine does. Valgrind hides SHA-NI, so `me` counts a software SHA-256.", "",
                  "| peer | hello | x | todos | x | me | x | echo | x |", "| --- " * 9 + "|"]
        for name in order:
            mine = results["instr"].get(name)
            if not mine:
                continue
            cells = []
            for workload in ("hello", "todos", "me", "echo"):
                value, ref = mine.get(workload), results["instr"].get(base, {}).get(workload)
                cells += [f"{value:.0f}" if value else "-", f"{value / ref:.2f}" if value and ref else "-"]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    if results.get("oneshot"):
        lines += ["## Parts, in process", "",
                  "`tools/oneshot`: `axum-*` is Router::oneshot with the body collected, and holds the `build-*` of its request.", "",
                  "| case | best ns | instructions |", "| --- " * 3 + "|"]
        lines += [f"| {case} | {part['ns']:.0f} | {part['instructions']:.0f} |" for case, part in results["oneshot"].items()]
        lines.append("")
    differing = {name: wrong for name, wrong in results["meta"].get("check", {}).items() if wrong}
    if differing:
        lines += ["## Where a peer differs from the contract", ""]
        for name, wrong in differing.items():
            lines += [f"- {name}: {'; '.join(wrong)}"]
        lines.append("")
    (HERE / "results.md").write_text("\n".join(lines))
    print(f"wrote {HERE / 'results.md'}")


def come_first():
    """Puts this run before the machine's other work, as far as NICE says."""
    if NICE == "0":
        return
    try:
        os.setsid()
    except PermissionError:
        pass  # a session leader already
    group = Path("/proc/self/autogroup")
    if group.exists():
        # With autogrouping, nice values count within a session only.
        group.write_text(NICE)


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("build", "check", "run", "instr", "oneshot", "report"):
        raise SystemExit(__doc__)
    OUT.mkdir(exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    come_first()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    command, chosen = sys.argv[1], peers(sys.argv[2:])
    if command == "build":
        build(chosen)
    elif command == "check":
        for peer in chosen:
            peer.start()
            try:
                wrong = check(peer)
            finally:
                peer.stop()
            print(f"{peer.name}: {'as agreed' if not wrong else ''}")
            for line in wrong:
                print("   ", line)
    elif command == "run":
        run(chosen)
    elif command == "instr":
        instr(chosen)
    elif command == "oneshot":
        oneshot()
    else:
        report()


if __name__ == "__main__":
    main()
