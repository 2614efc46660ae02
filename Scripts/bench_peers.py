"""Compares one training step of onlearn with that of a peer on the same models: run it through `make bench-peers`.

For each model and batch size the peer and onlearn take turns, --runs times each, with the same number of threads and
steps; a run's time is its median step, what counts is the median run. Of TensorFlow two ways are measured:

    train_step   the graph's own training op, everything inside TensorFlow
    loop         what a trainer that keeps parameters elsewhere does: feed all parameters, fetch all gradients,
                 update, initialise the metrics, and observe the batch again with the new parameters

and of PyTorch (--peer pytorch) eager mode, for the models that pytorch_peer.py has. The script needs nothing but Python:
it makes a virtual environment for the peer itself.

With --json the rows are kept in a file, beside those that are there; report_steps.py writes them into a page.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import measured_machine
import onlearn_step
import peers
import reports
import step_tables

ROOT = peers.ROOT

FEWEST_EXAMPLES = {"lenet": 2, "vgg": 2}
"""Graphs that squeeze the axis of examples away where there is one."""


def config_for_peer(config, batch, options, folder):
    """The config, or one exported again for this batch size: some graphs have theirs written into them."""
    export = ROOT / "Models" / "export" / f"{config.stem}.py"
    settings = json.loads(config.read_text())["other"]
    if options.peer != "tensorflow" or settings["batch_size"] == batch or not export.exists():
        return config
    command = [peers.python(options.peer), export, "--batch-size", str(batch), "--output", folder]
    subprocess.run(command, check=True, capture_output=True)
    return pathlib.Path(folder) / config.name


def compare(config, batch, options):
    """One row: medians in ms of onlearn and of each side of the peer that ran."""
    examples = max(batch, FEWEST_EXAMPLES.get(config.stem, 1))
    row = {"model": config.stem, "batch": batch, "peer": options.peer}
    if examples != batch:
        row["examples"] = examples
    times = {side: [] for side in ["onlearn", *step_tables.SIDES[options.peer]]}
    with tempfile.TemporaryDirectory() as folder:
        peer = peers.PeerProcess(options.peer, config_for_peer(config, examples, options, folder), examples, options)
        try:
            steps = options.steps or peer.facts.get("steps", 10)
            for _ in range(options.runs):
                own = onlearn_step.measure(options, config, examples, steps)
                times["onlearn"].append(own["median_ms"])
                for index, side in enumerate(step_tables.SIDES[options.peer]):
                    if "error" not in peer.facts and (index == 0 or options.loop):
                        times[side].append(peer.measure(side, steps if index == 0 else max(3, steps // 4)))
        finally:
            peer.close()
    row |= {side: float(f"{statistics.median(found):.4g}") for side, found in times.items() if found}
    row |= {"peak_mib": own["peak_mib"], "note": peer.facts.get("error", "")}
    row["on"] = measured_machine.facts(
        options.threads, options.runs, own["blas_core"], peer.facts.get("version", ""))
    return row


def kept_rows(path, row):
    """The rows of the file, `row` in the place of the same comparison."""
    def key(row):
        return (row["peer"], row["batch"], row["model"])

    rows = json.loads(path.read_text()) if path.exists() else []
    return [other for other in rows if key(other) != key(row)] + [row]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=["mlp"], metavar="MODEL", help="a name in Models, or a config")
    parser.add_argument("--peer", choices=list(step_tables.SIDES), default="tensorflow")
    parser.add_argument("--batch", type=lambda text: [int(part) for part in text.split(",")], default=[1024])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--steps", type=int, help="steps in a run; by default as many as take the peer a second")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--memory", type=int, default=16, help="GiB that the peer may take")
    parser.add_argument("--no-loop", dest="loop", action="store_false", help="measure train_step only")
    parser.add_argument("--json", type=pathlib.Path, help="keep the rows in this file")
    parser.add_argument("--onlearn", type=pathlib.Path, default=ROOT / ".build" / "release" / "onlearn")
    options = parser.parse_args()
    peers.prepare(options.peer)
    rows = []
    for name in options.models:
        config = pathlib.Path(name) if name.endswith(".json") else ROOT / "Models" / f"{name}.json"
        for batch in options.batch:
            print(f"== {config.stem}, batch {batch}", flush=True)
            row = compare(config, batch, options)
            rows.append(row)
            if options.json:
                reports.write_rows(options.json, step_tables.in_order(kept_rows(options.json, row)))
    print(f"\n{step_tables.tables(rows)}")


if __name__ == "__main__":
    main()
