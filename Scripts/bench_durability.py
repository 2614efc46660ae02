#!/usr/bin/env python3
"""Measures what a log costs: training through a parameter server that keeps one, beside one that keeps none.
Usage: bench_durability.py [MODEL:BATCH…]

Both take turns of --slice seconds, --slices each, so that what others do on the machine meets both alike. The disk is
measured before and after: bytes written past the page cache, whose new pages can cost more than the disk does. Needs
nothing but Python and a built binary (`make build`).
"""

import argparse
import json
import mmap
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from server_process import serve

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = {"mlp": "fashion-mnist"}
POLICIES = ("none", "everysec")
# Until a worker has read its data and has its rate.
WARM_UP = 1.5


class Server:
    """A parameter server of a policy, with its store in a folder of its own."""

    def __init__(self, options, policy):
        self.options = options
        self.steps = self.seconds = self.logged = 0
        self.folder = options.folder / policy
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        store = [] if policy == "none" else ["--data", self.folder / "store", "--durability", policy]
        self.process, self.address = serve(
            options.onlearn, self.folder / "server.log", "ps", "--listen", "127.0.0.1:0", *store, mark="listens at ",
            cwd=ROOT)

    def figures(self):
        """The server's statistics, and when they were asked for."""
        text = subprocess.run(
            [self.options.onlearn, "ps", "stats", self.address, "--json"], check=True, capture_output=True,
            text=True).stdout
        return json.loads(text), time.monotonic()

    def train(self, model, batch):
        """Trains for a slice, and counts its steps and the bytes that were logged."""
        command = [self.options.onlearn, "train", f"Models/{model}.json", "--data", SOURCES.get(model, "synthetic:ctr"),
                   "--batch", batch, "--epochs", "1000000", "--store", f"ps:{self.address}"]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        time.sleep(WARM_UP)
        before, start = self.figures()
        time.sleep(self.options.slice)
        after, end = self.figures()
        if worker.poll() is not None:
            sys.exit(f"{' '.join(command)} ended with status {worker.returncode}")
        worker.send_signal(signal.SIGINT)
        worker.wait()
        self.seconds += end - start
        self.steps += after["push_pull.requests"] - before["push_pull.requests"]
        self.logged += after.get("log.bytes", 0) - before.get("log.bytes", 0)

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def disk_rate(folder, byte_count=4 << 30):
    """The bytes per second that the disk of `folder` takes."""
    path = folder / "disk"
    piece = mmap.mmap(-1, 4 << 20)
    piece.write(os.urandom(len(piece)))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_DIRECT)
    try:
        start = time.monotonic()
        for _ in range(byte_count // len(piece)):
            os.write(file, piece)
        os.fdatasync(file)
        return byte_count / (time.monotonic() - start)
    finally:
        os.close(file)
        path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["mlp:256", "mlp:1024", "fm:1024"])
    parser.add_argument("--onlearn", default=str(ROOT / ".build/release/onlearn"))
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".build/durability", help="on the disk")
    parser.add_argument("--slice", type=float, default=10, help="seconds")
    parser.add_argument("--slices", type=int, default=6, help="of each policy")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    disk = [disk_rate(options.folder)]
    print("| model, batch | steps/s without a log | with `everysec` | slower by | log written, MB/s |")
    print("|---|--:|--:|--:|--:|", flush=True)
    for name in options.models:
        model, batch = name.split(":")
        servers = [Server(options, policy) for policy in POLICIES]
        try:
            for _ in range(options.slices):
                for server in servers:
                    server.train(model, batch)
        finally:
            for server in servers:
                server.end()
        without, with_log = (server.steps / server.seconds for server in servers)
        print(f"| {model}, {batch} | {without:.0f} | {with_log:.0f} | {1 - with_log / without:.1%} "
              f"| {servers[1].logged / servers[1].seconds / 1e6:.0f} |", flush=True)
    disk.append(disk_rate(options.folder))
    print(f"\nThe disk takes {disk[0] / 1e6:.0f} MB/s before, {disk[1] / 1e6:.0f} MB/s after.")


if __name__ == "__main__":
    main()
