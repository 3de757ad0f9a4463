# Opens many clients that log in and then do nothing, and prints what each costs in resident memory of the proxy.
import argparse
import asyncio
import hashlib
import json
import resource
import struct
import sys
import time

import rig

DESCRIPTION = "Measures the resident memory that idle, logged-in clients cost in drover and in PgBouncer."
SPARE_FILES = 200
LOGINS_AT_ONCE = 200


def startup_message():
    body = struct.pack("!i", 196608)
    for word in ("user", rig.USER, "database", rig.DATABASE, "application_name", "idle"):
        body += word.encode() + b"\0"
    body += b"\0"
    return struct.pack("!i", len(body) + 4) + body


def answer(kind, body):
    """The password message for an authentication request, or None when the server asks for nothing."""
    method = struct.unpack("!i", body[:4])[0]
    if kind != b"R" or method == 0:
        return None
    if method == 5:
        inner = hashlib.md5((rig.PASSWORD + rig.USER).encode()).hexdigest()
        text = b"md5" + hashlib.md5(inner.encode() + body[4:8]).hexdigest().encode()
        return b"p" + struct.pack("!i", len(text) + 5) + text + b"\0"
    sys.exit(f"idle: authentication method {method} is not known here")


class Client(asyncio.Protocol):
    """Logs in and then holds its connection; it keeps no buffer of its own afterwards."""

    def __init__(self, ready):
        self.ready, self.buffer = ready, b""

    def connection_made(self, transport):
        self.transport = transport
        transport.write(startup_message())

    def data_received(self, data):
        self.buffer += data
        while len(self.buffer) >= 5:
            length = 1 + struct.unpack("!i", self.buffer[1:5])[0]
            if len(self.buffer) < length:
                return
            kind, body, self.buffer = self.buffer[:1], self.buffer[5:length], self.buffer[length:]
            if kind == b"E":
                self.fail(RuntimeError(body.replace(b"\0", b" ").decode(errors="replace")))
            elif kind == b"R" and (reply := answer(kind, body)):
                self.transport.write(reply)
            elif kind == b"Z" and not self.ready.done():
                self.ready.set_result(None)

    def connection_lost(self, error):
        self.fail(error or ConnectionError("the proxy closed the connection"))

    def fail(self, error):
        if not self.ready.done():
            self.ready.set_exception(error)


async def open_clients(port, count):
    """Logs clients in, a limited number at a time; returns their transports."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(LOGINS_AT_ONCE)

    async def login():
        async with gate:
            ready = loop.create_future()
            transport, _ = await loop.create_connection(lambda: Client(ready), "127.0.0.1", port)
            await asyncio.wait_for(ready, 60)
            return transport

    return await asyncio.gather(*(login() for _ in range(count)))


async def measure(proxy, count, settle_s):
    # One login first: what the proxy makes once (its pool, its code) is not the price of a client.
    for transport in await open_clients(proxy.port, 1):
        transport.abort()
    await asyncio.sleep(settle_s)
    empty = proxy.resident_bytes()
    begun = time.monotonic()
    transports = await open_clients(proxy.port, count)
    took = time.monotonic() - begun
    await asyncio.sleep(settle_s)
    full = proxy.resident_bytes()
    alive = sum(not t.is_closing() for t in transports)
    for transport in transports:
        transport.abort()
    await asyncio.sleep(settle_s)
    return {"clients": alive, "empty_mb": empty / 2**20, "full_mb": full / 2**20,
            "after_mb": proxy.resident_bytes() / 2**20, "bytes_per_client": (full - empty) / count,
            "logins_per_second": count / took}


def main():
    p = argparse.ArgumentParser(prog="bench/pooler/idle", description=DESCRIPTION)
    p.add_argument("--clients", type=int, default=10000, help="as many as the limit of open files permits")
    p.add_argument("--auth", default="trust", choices=("trust", "md5"), help="how they log in")
    p.add_argument("--settle", type=float, default=2, help="seconds to wait before memory is read")
    p.add_argument("--drover", metavar="PATH", help="the drover to measure (default: publish one with NativeAOT)")
    p.add_argument("--vs", default="pgbouncer", metavar="PATH", help="pgbouncer, or another drover to compare with")
    p.add_argument("--postgres-bin", metavar="DIR", help="PostgreSQL's programs")
    p.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    options = p.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # The proxies inherit the limit, and each needs files for its servers too.
    count = min(options.clients, most - SPARE_FILES) if most > 0 else options.clients
    rig.install_packages()
    result = {}
    with rig.Folder() as folder:
        binary = options.drover or rig.publish_drover(folder)
        postgres = rig.Postgres(folder, rig.find_postgres(options.postgres_bin))
        try:
            first = "pgbouncer" if binary == "pgbouncer" else "drover"
            second = "pgbouncer" if options.vs == "pgbouncer" else "other drover"
            second += " again" if first == second else ""
            for name, program in ((first, binary), (second, options.vs)):
                proxy = rig.program(folder, name, program, postgres.port, options.auth)
                try:
                    result[name] = asyncio.run(measure(proxy, count, options.settle))
                finally:
                    proxy.stop()
        finally:
            postgres.stop()
    if options.json:
        json.dump(result, sys.stdout, indent=1)
        print()
        return
    print(f"{'proxy':16}{'clients':>8}{'empty MB':>10}{'full MB':>9}{'after MB':>10}{'bytes/client':>14}"
          f"{'logins/s':>10}")
    for name, r in result.items():
        print(f"{name:16}{r['clients']:8}{r['empty_mb']:10.1f}{r['full_mb']:9.1f}{r['after_mb']:10.1f}"
              f"{r['bytes_per_client']:14.0f}{r['logins_per_second']:10.0f}")


main()
