# Clients that come whether the server is ready or not: pgbench's open loop, each latency counted from its schedule.
import glob
import os
import signal
import subprocess

import rig

# Weight and text of what the clients ask of orders.
SCRIPTS = {
    "recent": (60, """\\set customer random(1, :customers)
select id, status, total_amount, created_at from orders where customer_id = :customer
    and created_at >= now() - interval '7 days' order by created_at desc limit 20;
"""),
    "change": (25, """\\set id random(1, :orders)
update orders set status = 'shipped', updated_at = now() where id = :id;
"""),
    "place": (15, """\\set customer random(1, :customers)
\\set product random(1, :products)
insert into orders (customer_id, product_id, status, total_amount) values (:customer, :product, 'pending', 9.90);
"""),
}


class OpenLoop:
    """
    Transactions at a rate, at moments that do not depend on the answers. With --rate, pgbench counts a transaction's
    latency from the moment it was due, also when all its clients were still waiting: nothing is omitted. The log has
    every single one, so percentiles are exact. Statements are prepared, and must survive the swap.
    """

    def __init__(self, shop, folder, rate, clients):
        own = folder / f"traffic-{shop.database}-{rate}"
        own.mkdir(exist_ok=True)
        self.prefix = str(own / "log")
        for stale in glob.glob(f"{self.prefix}.*"):
            os.remove(stale)
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", "36000", "-R", str(rate),
                   "-l", f"--log-prefix={self.prefix}", "-D", f"customers={shop.customers}",
                   "-D", f"products={shop.products}", "-D", f"orders={shop.rows}"]
        for name, (weight, text) in SCRIPTS.items():
            (own / f"{name}.sql").write_text(text, encoding="utf-8")
            command += ["-f", f"{own}/{name}.sql@{weight}"]
        self.process = subprocess.Popen(command, env=shop.environment(), stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)

    def stop(self):
        """Ends it as the end of -T would, and gives (due, latency) of every transaction, in seconds."""
        self.process.send_signal(signal.SIGALRM)
        said = self.process.communicate()[0]
        if self.process.returncode != 0 or "failed transactions: 0 " not in said:
            rig.fail(f"a client failed:\n{said[-3000:]}")
        samples = []
        for path in glob.glob(f"{self.prefix}.*"):
            with open(path, encoding="ascii") as log:
                for line in log:
                    words = line.split()
                    latency, end = int(words[2]) / 1e6, int(words[4]) + int(words[5]) / 1e6
                    samples.append((end - latency, latency))
        return sorted(samples)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def percentile(samples, begin, end, share):
    """In milliseconds, of the transactions due from begin to end."""
    within = sorted(latency for due, latency in samples if begin <= due < end)
    return within[min(len(within) - 1, int(len(within) * share))] * 1000 if within else None


def longest(samples, begin, end):
    """The longest wait, in milliseconds, of those under way between begin and end."""
    return max((latency for due, latency in samples if due < end and due + latency > begin), default=0) * 1000
