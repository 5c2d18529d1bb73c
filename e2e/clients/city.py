"""The real server on a fresh folder, and the few things every script does with it."""

import json
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# In the demo city: the State House in Boston.
LAT, LONG = 42.3582, -71.0603


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def kind(self):
        return (self.headers.get("content-type") or "").split(";")[0].strip()

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)


def ask(url, data=None, headers=None, method=None):
    """One request; an answer of any status is an answer."""
    request = urllib.request.Request(url, data=data, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def form(url, fields, **more):
    """A plain form post, as urllib makes it."""
    return ask(url, urllib.parse.urlencode(fields).encode(), **more)


def multipart(url, fields, files, **headers):
    """A form with files, put together by hand as many clients do."""
    edge = "edge" + secrets.token_hex(8)
    parts = []
    for name, value in fields:
        parts.append(f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, file_name, kind, data in files:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    parts.append(f"--{edge}--\r\n".encode())
    return ask(url, b"".join(parts), {"content-type": f"multipart/form-data; boundary={edge}", **headers})


def png(seed=1, size=48):
    """A small picture with an EXIF block that says where it was taken and by whom."""
    rows = b"".join(
        b"\0" + bytes((x * 5 + seed * 37, y * 5 + seed * 61, (x ^ y) * 3 + seed * 17)[c] & 255 for x in range(size) for c in range(3))
        for y in range(size)
    )

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    note = b"Author\0SECRET PHOTOGRAPHER"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"tEXt", note) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def uuid7():
    """A UUIDv7, as every client makes them."""
    bits = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | (7 << 76)
    bits = bits & ~(0x3 << 62) | (2 << 62)
    text = f"{bits:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def need(condition, *why):
    """Says what is wrong and stops. (An `assert` could be switched off.)"""
    if not condition:
        raise SystemExit("FAILED: " + " ".join(str(part) for part in why))


def same(found, expected, what):
    need(found == expected, f"{what}: found {found!r}, expected {expected!r}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def psql(sql):
    """One statement at the PostgreSQL server of YIWANG_STORE."""
    subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, os.environ["YIWANG_STORE"]], check=True)


class Server:
    """The demo city without cases. `data` keeps a folder over a restart."""

    def __init__(self, data=None, port=None, **config):
        binary = os.environ.get("YIWANG_BIN", str(ROOT / "target/debug/yiwang"))
        need(Path(binary).exists(), f"{binary} is missing: run cargo build -p yiwang-server")
        self.data = data or tempfile.mkdtemp(prefix="yiwang-clients-")
        port = port or free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.open311 = f"{self.url}/open311/v2"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("YIWANG_")}
        environment["YIWANG_PUBLIC_URL"] = self.url
        for limit in ("LOGINS", "PUBLIC_REPORTS", "UPLOADS", "REQUESTS"):
            environment[f"YIWANG_LIMITS__{limit}_PER_MINUTE"] = "0"
        # As for the browser's stories: YIWANG_STORE=postgres://… runs on PostgreSQL, on a database that belongs to the folder.
        self.database = None
        if "YIWANG_STORE" in os.environ:
            self.database = re.sub("[^a-z0-9]", "_", Path(self.data).name.lower())
            if not data:
                psql(f"CREATE DATABASE {self.database}")
            address = urllib.parse.urlsplit(os.environ["YIWANG_STORE"])
            environment["YIWANG_DATABASE__URL"] = address._replace(path=f"/{self.database}").geturl()
        environment.update(config)
        self.binary, self.environment = binary, environment
        self.log_path = Path(self.data) / "clients.log"
        self.log_file = open(self.log_path, "ab")
        command = [binary, "serve", "--demo=empty", "--demo-speed", "0", "--data", self.data, "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(command, env=environment, stdout=self.log_file, stderr=self.log_file)
        begun = time.monotonic()
        while True:
            try:
                if ask(f"{self.url}/healthz").status == 200:
                    break
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() - begun > 180:
                said = self.log()[-4000:]
                self.stop()
                raise SystemExit("FAILED: the server did not start:\n" + said)
            time.sleep(0.1)
        options = ask(f"{self.url}/api/login-options").json
        self.accounts = {one["role"]: one for one in reversed(options["demo_accounts"])}

    def log(self):
        return self.log_path.read_text(errors="replace")

    def token(self, role):
        """An API token of the ready-made account of a role."""
        account = self.accounts[role]
        body = json.dumps({"account": account["account"], "password": account["password"]}).encode()
        head = {"content-type": "application/json", "x-yiwang": "1"}
        entered = ask(f"{self.url}/api/session", body, head)
        same(entered.status, 200, f"log-in of {role}")
        head["cookie"] = entered.headers["set-cookie"].split(";")[0]
        made = ask(f"{self.url}/api/me/tokens", json.dumps({"name": "clients", "days": 1}).encode(), head)
        need(made.status in (200, 201), "token", made.status, made.text)
        return made.json["token"]

    def call(self, token, method, path, body=None, **headers):
        head = {"authorization": f"Bearer {token}", "accept-language": "en", **{k.replace("_", "-"): v for k, v in headers.items()}}
        data = None
        if body is not None:
            head["content-type"] = "application/json"
            data = json.dumps(body).encode()
        return ask(self.url + path, data, head, method)

    def stop(self, keep=False):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log_file.close()
        if not keep:
            shutil.rmtree(self.data, ignore_errors=True)
            if self.database:
                psql(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")
