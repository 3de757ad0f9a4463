# The rig of the pooler's benchmarks: one PostgreSQL, the proxies before it, and what their processes cost.
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
POOL_SIZE = 20
DATABASE = "bench"
USER = "bench"
PASSWORD = "bench"
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PGBOUNCER = "/usr/sbin/pgbouncer"


def fail(text):
    sys.exit(f"bench: {text}")


def run(command, **more):
    """Runs a command to its end; its output is shown only if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unprivileged():
    """The words that make a command run as a user that is not root; PostgreSQL and PgBouncer refuse root."""
    if os.geteuid() != 0:
        return []
    user = unprivileged_user()
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def unprivileged_user():
    known = {u.pw_name: u for u in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def give_away(path):
    """Makes a file or folder that of the unprivileged user, where we are root."""
    if os.geteuid() == 0:
        user = unprivileged_user()
        os.chown(path, user.pw_uid, user.pw_gid)


def install_packages():
    """PgBouncer and pgbench from Debian, when they are not there and we may install them."""
    if os.path.exists(PGBOUNCER) and shutil.which("pgbench"):
        return
    if os.geteuid() != 0:
        fail("pgbouncer and pgbench are missing: apt-get install pgbouncer postgresql-15")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "install", "-y", "-qq", "pgbouncer", "postgresql-15"], env=environment)


def find_postgres(wanted):
    """A folder of PostgreSQL's programs: the one asked for, else the newest of the caches and of Debian."""
    if wanted:
        return wanted
    caches = (os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")) + "/drover", "/var/cache/drover")
    for cache in caches:
        for found in sorted(glob.glob(f"{cache}/postgres-18*/bin/postgres"), reverse=True):
            return os.path.dirname(found)
    for major in (18, 17, 16, 15):
        if os.path.exists(f"/usr/lib/postgresql/{major}/bin/postgres"):
            return f"/usr/lib/postgresql/{major}/bin"
    fail("no PostgreSQL found: give --postgres-bin DIR")


class Postgres:
    """A server in a temporary folder, with the tables of pgbench unless their scale is None."""

    def __init__(self, folder, bin_folder, settings=None, pgbench_scale=10):
        self.bin, self.port = bin_folder, free_port()
        data = folder / "data"
        data.mkdir()
        give_away(data)
        initdb = [f"{bin_folder}/initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync", "--locale=C"]
        run([*unprivileged(), *initdb, "--encoding=UTF8"], cwd="/")
        options = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
                   "max_connections": 200, "shared_buffers": "256MB", "jit": "off", "autovacuum": "off",
                   **(settings or {})}
        command = [*unprivileged(), f"{bin_folder}/postgres", "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.process = subprocess.Popen(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)
        environment = client_environment(self.port, "postgres")
        ready = ["psql", "-Xqc", "select 1"]
        for _ in range(100):
            if subprocess.run(ready, env=environment, capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
        run(["psql", "-Xqc", f"create database {DATABASE}"], env=environment)
        run(["psql", "-Xqc", f"alter role {USER} password '{PASSWORD}'"], env=environment)
        if pgbench_scale is not None:
            tables = ["pgbench", "-i", "-q", "-s", str(pgbench_scale), "-I", "dtgvp"]
            run(tables, env=client_environment(self.port))
        self.version = run(["psql", "-XAtc", "show server_version"], env=environment).strip()

    def stop(self):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()


def client_environment(port, database=DATABASE, sslmode="disable"):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    return {**clean, "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": USER, "PGPASSWORD": PASSWORD,
            "PGDATABASE": database, "PGSSLMODE": sslmode}


def wait_for_port(port, process, log=None, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace")[-2000:] if log else ""
            fail(f"{' '.join(process.args)} ended with exit code {process.returncode}\n{said}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    fail(f"{process.args} did not open port {port}")


class Proxy:
    """A proxy process that was started from a pgbouncer.ini."""

    def __init__(self, name, folder, command, server_port, auth, tls=None, clients_max=20000, as_root=True):
        self.name, self.port = name, free_port()
        own = folder / name.replace("/", "_")
        own.mkdir()
        lines = ["[databases]", f"{DATABASE} = host=127.0.0.1 port={server_port}", "[pgbouncer]",
                 "listen_addr = 127.0.0.1", f"listen_port = {self.port}", "unix_socket_dir =",
                 "pool_mode = transaction",
                 f"default_pool_size = {POOL_SIZE}", f"max_client_conn = {clients_max}", f"auth_type = {auth}",
                 f"auth_file = {own}/userlist.txt", "log_connections = 0", "log_disconnections = 0",
                 "ignore_startup_parameters = extra_float_digits"]
        if tls:
            lines += ["client_tls_sslmode = require", f"client_tls_cert_file = {tls}/server.crt",
                      f"client_tls_key_file = {tls}/server.key"]
        (own / "proxy.ini").write_text("\n".join(lines) + "\n")
        (own / "userlist.txt").write_text(f'"{USER}" "{PASSWORD}"\n')
        for path in (own / "proxy.ini", own / "userlist.txt"):
            path.chmod(0o644)
        own.chmod(0o755)
        log = open(own / "log", "w", encoding="utf-8")  # noqa: SIM115 - the process owns it
        words = [w.replace("{ini}", str(own / "proxy.ini")) for w in command]
        self.process = subprocess.Popen([*([] if as_root else unprivileged()), *words], cwd="/", stdout=log, stderr=log)
        wait_for_port(self.port, self.process, own / "log")

    def cpu_seconds(self):
        """User and system time of all of the process's threads, living and ended; the kernel counts them in ticks."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def resident_bytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        fail(f"{self.name} is gone")

    def stop(self):
        self.process.kill()
        self.process.wait()


def pgbouncer(name, folder, server_port, auth, **more):
    return Proxy(name, folder, [PGBOUNCER, "-q", "{ini}"], server_port, auth, as_root=False, **more)


def drover(name, binary, folder, server_port, auth, **more):
    return Proxy(name, folder, [binary, "serve", "--pgbouncer-ini", "{ini}"], server_port, auth, **more)


class Relay:
    """The floor: a relay in C that pools nothing and looks at nothing, over epoll or io_uring."""

    def __init__(self, name, folder, server_port, uring):
        self.name, self.port = name, free_port()
        binary, source = folder / f"relay-{name}", pathlib.Path(__file__).parent / "relay.c"
        run(["gcc", "-O2", source, "-o", binary, *(["-DWITH_URING", "-luring"] if uring else [])])
        words = [str(binary), str(self.port), str(server_port), *(["uring"] if uring else [])]
        self.process = subprocess.Popen(words)
        wait_for_port(self.port, self.process)

    cpu_seconds, stop = Proxy.cpu_seconds, Proxy.stop


def publish_drover(folder):
    """Compiles drover ahead of time, as it ships."""
    out = folder / "drover-native"
    print("publishing drover with NativeAOT …", file=sys.stderr, flush=True)
    # The committed lock files know no runtime identifier: publishing for one must not rewrite them.
    own_lock = ["-p:NuGetLockFilePath=obj/native.lock.json", "-p:RestoreLockedMode=false"]
    run(["dotnet", "publish", ROOT / "src/Drover.App", "-c", "Release", "-r", "linux-x64",
         "-p:CppCompilerAndLinker=gcc", *own_lock, "-o", out])
    return str(out / "drover")


def program(folder, name, binary, server_port, auth, **more):
    """The proxy that an option names: the word pgbouncer, or the path of a drover."""
    if binary == "pgbouncer":
        return pgbouncer(name, folder, server_port, auth, **more)
    return drover(name, os.path.abspath(binary), folder, server_port, auth, **more)


def make_certificate(folder):
    own = folder / "tls"
    own.mkdir()
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", own / "server.key", "-out", own / "server.crt"])
    own.chmod(0o755)
    (own / "server.key").chmod(0o600)
    # PgBouncer runs unprivileged and must be able to read the key; root may anyway.
    give_away(own / "server.key")
    return own


class Folder:
    """A temporary folder that other users may enter."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="drover-bench-"))
        self.path.chmod(0o755)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
