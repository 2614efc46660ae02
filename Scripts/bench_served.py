#!/usr/bin/env python3
"""Measures what a train server costs: training through client, train server and parameter server, beside training in one
process; each a process of its own, all on this machine. Usage: bench_served.py [MODELS…]

Both take turns, --runs times each; the table shows the medians. Then the processor time of each part per step, by what
the threads do. Needs nothing but Python and a built binary (`make build`).
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from server_process import serve

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = {"mlp": ["--data", "fashion-mnist", "--epochs", "8"]}
OTHER_SOURCE = ["--data", "synthetic:ctr", "--steps", "2000"]
TICKS = os.sysconf("SC_CLK_TCK")


def train(options, *arguments, watched=()):
    """The examples per second of a training, and the processor time that the threads of `watched` took meanwhile."""
    command = [options.onlearn, "train", *arguments, "--batch", str(options.batch), "--json"]
    before = {name: thread_times(process.pid) for name, process in watched}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    lines = process.stdout.read().splitlines()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed")
    last = json.loads(lines[-1])
    spent = {("client", "all"): usage.ru_utime + usage.ru_stime}
    for name, process in watched:
        for kind, seconds in thread_times(process.pid).items():
            spent[name, kind] = seconds - before[name].get(kind, 0)
    return last["examples_per_s"], {part: 1000 * seconds / last["step"] for part, seconds in spent.items()}


def thread_times(pid):
    """The seconds of processor time of a process, by whether its threads talk to sockets or do something else."""
    times = {}
    try:
        for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
            name, fields = re.fullmatch(r"\d+ \((.*)\) (.*)", stat.read_text().strip(), re.DOTALL).groups()
            kind = "sockets" if name.startswith("NIO") else "work"
            user, system = fields.split()[11:13]
            times[kind] = times.get(kind, 0) + (int(user) + int(system)) / TICKS
    except (FileNotFoundError, ProcessLookupError):
        pass
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["mlp", "fm"])
    parser.add_argument("--onlearn", default=str(ROOT / ".build/release/onlearn"))
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--workers", type=int, default=3, help="batches in training at a time")
    parser.add_argument("--connections", type=int, default=4, help="of the client")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        store, store_address = serve(
            options.onlearn, folder / "ps.log", "ps", "--listen", "127.0.0.1:0", mark="listens at ", cwd=ROOT)
        server, address = serve(
            options.onlearn, folder / "serve.log", "serve", "--models", "Models", "--store", f"ps:{store_address}", "-n",
            str(options.workers), "--listen", "127.0.0.1:0", "--http", "none", mark="olp=", cwd=ROOT)
        watched = [("train server", server), ("parameter server", store)]
        try:
            for model in options.models:
                data = SOURCES.get(model, OTHER_SOURCE)
                served = ["-m", model, "--server", address, "--connections", str(options.connections), *data]
                train(options, *served)
                alone, through, parts = [], [], []
                for _ in range(options.runs):
                    alone.append(train(options, f"Models/{model}.json", *data)[0])
                    rate, spent = train(options, *served, watched=watched)
                    through.append(rate)
                    parts.append(spent)
                report(options, model, statistics.median(alone), statistics.median(through), parts)
        finally:
            for process in (server, store):
                process.terminate()
                process.wait()


def report(options, model, alone, through, parts):
    steps = [rate / options.batch for rate in (alone, through)]
    print(f"\n{model}, batch {options.batch}: {steps[0]:.1f} steps/s in one process, {steps[1]:.1f} through the servers "
          f"({1000 / steps[1]:.2f} ms each): {through / alone:.2f} of the rate")
    print("| processor time per step | ms |\n|---|--:|")
    for part in sorted({part for spent in parts for part in spent}):
        median = statistics.median(spent.get(part, 0) for spent in parts)
        if median >= 0.005:
            print(f"| {part[0]}: {part[1]} | {median:.2f} |")


if __name__ == "__main__":
    main()
