# What a suite runs against: PostgreSQL itself, and proxies before it that pool in transaction mode.
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "pooler"))
import rig  # noqa: E402 - the rig of the pooler's benchmarks

USER = "postgres"


class Postgres:
    """A server in a temporary folder; trust, a superuser, nothing in it."""

    def __init__(self, folder, bin_folder):
        self.port = rig.free_port()
        data = folder / "data"
        data.mkdir()
        rig.give_away(data)
        rig.run([*rig.unprivileged(), f"{bin_folder}/initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync",
                 "--locale=C.UTF-8", "--encoding=UTF8"], cwd="/")
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
                   "max_connections": 200, "max_prepared_transactions": 20, "jit": "off"}
        command = [*rig.unprivileged(), f"{bin_folder}/postgres", "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.log = folder / "postgres.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, cwd="/", stdout=log, stderr=log)
        rig.wait_for_port(self.port, self.process)
        while subprocess.run(["psql", "-Xqc", "select 1"], env=environment(self.port, "postgres"),
                             capture_output=True, check=False).returncode != 0:
            time.sleep(0.1)

    def sql(self, text, database="postgres"):
        return rig.run(["psql", "-XAtqc", text], env=environment(self.port, database))

    def stop(self):
        self.process.terminate()
        self.process.kill()
        self.process.wait()


class Proxy:
    """A proxy before that server, for any database."""

    def __init__(self, name, folder, command, server_port, as_root, more=()):
        self.port = rig.free_port()
        own = folder / name
        own.mkdir()
        (own / "proxy.ini").write_text("\n".join([
            "[databases]", f"* = host=127.0.0.1 port={server_port}", "[pgbouncer]", "listen_addr = 127.0.0.1",
            f"listen_port = {self.port}", "unix_socket_dir =", "pool_mode = transaction", "default_pool_size = 20",
            "max_client_conn = 1000", "auth_type = trust", f"auth_file = {own}/userlist.txt", "log_connections = 0",
            "log_disconnections = 0", "query_wait_timeout = 30", f"admin_users = {USER}", *more, ""]))
        (own / "userlist.txt").write_text(f'"{USER}" ""\n')
        for path in (own / "proxy.ini", own / "userlist.txt"):
            path.chmod(0o644)
        own.chmod(0o755)
        self.log = own / "log"
        words = [word.replace("{ini}", str(own / "proxy.ini")) for word in command]
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([*([] if as_root else rig.unprivileged()), *words], cwd="/", stdout=log,
                                            stderr=log)
        rig.wait_for_port(self.port, self.process, self.log)

    def stop(self):
        self.process.kill()
        self.process.wait()


def environment(port, database):
    return {**{k: v for k, v in os.environ.items() if not k.startswith("PG")}, "PGHOST": "127.0.0.1",
            "PGPORT": str(port), "PGUSER": USER, "PGDATABASE": database, "PGSSLMODE": "disable"}
