"""Compares one training step of onlearn with TensorFlow's on the same graphs: run it through `make bench-peers`.

For each model and batch size, TensorFlow and onlearn take turns, --runs times each, with the same number of threads and
steps; a run's time is its median step, the table shows the median run. Two ways of using TensorFlow are measured:

    train_step   the graph's own training op, everything inside TensorFlow
    loop         what a trainer that keeps parameters elsewhere does: feed all parameters, fetch all gradients,
                 update, initialise the metrics, and observe the batch again with the new parameters

The script needs nothing but Python: it makes a virtual environment with TensorFlow for itself in .venv-peers.
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

import plot_steps

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-peers"
PYTHON = ENVIRONMENT / "bin" / "python"
REQUIREMENTS = ROOT / "Scripts" / "requirements-peers.txt"


def prepare_environment():
    """Makes .venv-peers unless it is there and up to date."""
    ready = ENVIRONMENT / "ready"
    if ready.exists() and ready.read_text() == REQUIREMENTS.read_text():
        return
    print("== preparing .venv-peers: TensorFlow, to compare with (about 1 GB)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
    ready.write_text(REQUIREMENTS.read_text())


class TensorFlow:
    """A process that holds one graph, warmed up, and measures when asked to."""

    def __init__(self, config, batch, threads):
        command = [PYTHON, ROOT / "Scripts" / "bench_tensorflow.py", config, str(batch), str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.facts = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            return {"error": f"TensorFlow ended with exit code {self.process.wait()}"}
        return json.loads(line)

    def measure(self, what, steps):
        """The median time of a step in ms, or of one pass of the loop."""
        self.process.stdin.write(f"{what} {steps}\n")
        self.process.stdin.flush()
        return self.answer()["median_ms"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure_onlearn(options, config, batch, steps):
    """The median time of a step in ms."""
    command = [options.onlearn, "bench", "step", config, "--batch", batch, "--steps", steps]
    command += ["--threads", options.threads, "--json"]
    process = subprocess.run([str(part) for part in command], text=True, capture_output=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\nended with exit code {process.returncode}: {process.stderr.strip()}")
    return json.loads(process.stdout)["median_ms"]


def config_for_tensorflow(config, batch, folder):
    """The config, or one exported again for this batch size: some graphs have theirs written into them."""
    export = ROOT / "Models" / "export" / f"{config.stem}.py"
    if json.loads(config.read_text())["other"]["batch_size"] == batch or not export.exists():
        return config
    command = [PYTHON, export, "--batch-size", str(batch), "--output", folder]
    subprocess.run(command, check=True, capture_output=True)
    return pathlib.Path(folder) / config.name


def compare(config, batch, options):
    """One row of the table."""
    row = {"model": config.stem, "batch": batch}
    with tempfile.TemporaryDirectory() as folder:
        peer = TensorFlow(config_for_tensorflow(config, batch, folder), batch, options.threads)
        try:
            steps = peer.facts.get("steps", 20)
            runs = {"train_step": [], "loop": [], "onlearn": []}
            for _ in range(options.runs):
                if "error" not in peer.facts:
                    runs["train_step"].append(peer.measure("train_step", steps))
                runs["onlearn"].append(measure_onlearn(options, config, batch, steps))
                if "error" not in peer.facts and options.loop:
                    runs["loop"].append(peer.measure("loop", max(3, steps // 4)))
        finally:
            peer.close()
    row |= {side: round(statistics.median(times), 4) for side, times in runs.items() if times}
    for side in ["train_step", "loop"]:
        if side in row:
            row[f"{side}_ratio"] = round(row[side] / row["onlearn"], 2)
    row |= {"tensorflow": peer.facts.get("tensorflow"), "note": peer.facts.get("error", "")}
    return row


def processor():
    """The machine's processor by name."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def swift_version():
    process = subprocess.run(["swift", "--version"], text=True, capture_output=True)
    return process.stdout.splitlines()[0] if process.stdout else "unknown Swift"


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def table(rows, options):
    """The results as a Markdown table, with what they were measured on."""
    version = next((row["tensorflow"] for row in rows if row["tensorflow"]), "none")
    lines = [
        f"{processor()}, {os.cpu_count()} processors, {options.threads} threads each; TensorFlow {version}; "
        f"{swift_version()}; {datetime.date.today()}; medians of {options.runs} interleaved runs.",
        "",
        "| model | batch | onlearn, ms | TensorFlow train_step, ms | ratio | TensorFlow loop, ms | ratio | |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        keys = ["model", "batch", "onlearn", "train_step", "train_step_ratio", "loop", "loop_ratio", "note"]
        lines.append("| " + " | ".join(str(row.get(key, "")) for key in keys) + " |")
    for batch in dict.fromkeys(row["batch"] for row in rows):
        for side in ["train_step", "loop"]:
            ratios = [row[f"{side}_ratio"] for row in rows if row["batch"] == batch and f"{side}_ratio" in row]
            if len(ratios) > 1:
                lines += ["", f"Geometric mean against {side} at batch {batch}: {geometric_mean(ratios):.2f}"]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["mlp"], metavar="MODEL", help="a name in Models, or a config")
    parser.add_argument("--batch", type=lambda text: [int(part) for part in text.split(",")], default=[1024])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--no-loop", dest="loop", action="store_false", help="measure train_step only")
    parser.add_argument("--output", type=pathlib.Path, help="write the table to this file, too")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file")
    parser.add_argument("--plot", type=pathlib.Path, help="draw the times against the batch size to this SVG file")
    parser.add_argument("--onlearn", type=pathlib.Path, default=ROOT / ".build" / "release" / "onlearn")
    options = parser.parse_args()
    prepare_environment()
    rows = []
    for name in options.models:
        config = pathlib.Path(name) if name.endswith(".json") else ROOT / "Models" / f"{name}.json"
        for batch in options.batch:
            print(f"== {config.stem}, batch {batch}", flush=True)
            rows.append(compare(config, batch, options))
            if options.json:
                options.json.write_text(json.dumps(rows, indent=2) + "\n")
    text = table(rows, options)
    if options.plot:
        options.plot.write_text(plot_steps.plot(rows))
    if options.output:
        options.output.write_text(text + "\n")
    print(f"\n{text}")


if __name__ == "__main__":
    main()
