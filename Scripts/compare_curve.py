"""Trains models with TensorFlow and with onlearn, from the same start on the same batches, and compares the losses.

    .venv-models/bin/python Scripts/compare_curve.py mlp lr fm        (after `make models` or `make fixtures`, `make build`)

Start: SplitMix64 values in (-0.1, 0.1), see tensorflow_peer.py. Batches: 1,024 rows in file order, of Fashion-MNIST for
networks with classes, of a synthetic stream of clicks for the others. A graph that draws random numbers (dropout) is
fed the same ones on both sides; onlearn then runs one step per process, because only `onlearn run` takes such feeds.

Prints for each model the largest relative difference of a loss, and that of the means of the last 50 losses. Fails if
the latter is above --tolerance.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import safetensors_writer
import tensorflow_peer as peer

ROOT = pathlib.Path(__file__).resolve().parent.parent


def clicks(fields, rows, seed):
    """Ids `field << 10 | value`, skewed within each field, and labels from a planted logistic model."""
    random = np.random.RandomState(seed)
    values = np.minimum(random.zipf(1.3, size=(rows, fields)), 1024) - 1
    ids = (np.arange(1, fields + 1) << 10) | values
    planted = random.standard_normal((fields + 1) << 10) * 2 / np.sqrt(fields)
    probability = 1 / (1 + np.exp(1 - planted[ids].sum(axis=1, keepdims=True)))
    return ids.astype(np.float32), (random.rand(rows, 1) < probability).astype(np.float32)


def data(graph, options):
    """Enough rows for every step, or all of Fashion-MNIST."""
    shape = graph.settings["input_size"][1:]
    if graph.settings.get("class_num"):
        x, y = peer.fashion_mnist()
        return x.reshape(-1, *shape), y
    return clicks(shape[0], options.batch * options.steps, options.seed)


def masks(graph, step, rows, seed):
    """Numbers in [0, 1) for every random node of the graph, new in each step."""
    shapes = {}
    for name in graph.random_nodes:
        columns = graph.graph.get_tensor_by_name(f"{name}:0").shape.as_list()[1:]
        shapes[name] = [rows, *columns]
    if not shapes:
        return {}
    return {name: values + np.float32(0.5) for name, values in peer.uniform(shapes, seed + step, 1.0).items()}


def onlearn(options, *arguments):
    """Runs onlearn; returns the JSON objects it printed, one per line."""
    command = [str(options.onlearn), *map(str, arguments), "--json"]
    process = subprocess.run(command, text=True, capture_output=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with exit code {process.returncode}: {process.stderr.strip()}")
    return [json.loads(line) for line in process.stdout.splitlines() if line.strip()]


def losses_of_train(config, start, x, y, options, folder):
    """One `onlearn train` over all batches, resumed from the starting values."""
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    store = folder / "store.safetensors"
    safetensors_writer.save(store, start)
    reports = onlearn(
        options, "train", config, "--data", f"npy:{folder}/x.npy,{folder}/y.npy", "--batch", options.batch,
        "--steps", options.steps, "--no-shuffle", "--store", f"file:{store}", "--resume", "--report-every", 1,
    )
    losses = [report["loss"] for report in reports if "loss" in report and not report.get("done")]
    if len(losses) != options.steps:
        sys.exit(f"onlearn train reported {len(losses)} losses for {options.steps} steps")
    return losses


def losses_of_run(config, graph, start, x, y, options, folder):
    """One `onlearn run --train-steps 1` per batch, handing the parameters on, with all random numbers fed."""
    values, losses = dict(start), []
    for step, (rows, labels) in enumerate(peer.batches(x, y, options.batch, options.steps)):
        feeds = {"input_x": rows, "input_y": labels, **values, **masks(graph, step, len(rows), options.seed)}
        arguments = []
        for index, (name, value) in enumerate(feeds.items()):
            np.save(folder / f"feed{index}.npy", value)
            arguments += ["--feed", f"{name}={folder}/feed{index}.npy"]
        for name in values:
            arguments += ["--fetch", name]
        (report,) = onlearn(options, "run", config, *arguments, "--output", folder / "out", "--train-steps", 1)
        losses += report["losses"]
        values = {fetch["name"]: np.load(folder / "out" / pathlib.Path(fetch["file"]).name) for fetch in report["fetches"]}
    return losses


def losses_of_tensorflow(graph, start, x, y, options):
    """TensorFlow's losses before each step."""
    graph.assign(start)
    return [
        float(graph.step(rows, labels, **masks(graph, step, len(rows), options.seed)))
        for step, (rows, labels) in enumerate(peer.batches(x, y, options.batch, options.steps))
    ]


def compare(name, options):
    """Prints one line; returns whether the model is within tolerance."""
    config = pathlib.Path(name) if name.endswith(".json") else ROOT / "Models" / f"{name}.json"
    graph = peer.Graph(config)
    x, y = data(graph, options)
    start = peer.uniform(graph.shapes, options.seed, 0.2)
    theirs = losses_of_tensorflow(graph, start, x, y, options)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if options.itself:
            nearby = {name: value * np.float32(1 + 1e-6) for name, value in start.items()}
            ours = losses_of_tensorflow(graph, nearby, x, y, options)
        elif graph.random_nodes or options.by_run:
            ours = losses_of_run(config, graph, start, x, y, options, folder)
        else:
            ours = losses_of_train(config, start, x, y, options, folder)
    theirs, ours = np.array(theirs), np.array(ours)
    largest = np.max(np.abs(ours - theirs) / np.abs(theirs))
    tail = abs(ours[-50:].mean() / theirs[-50:].mean() - 1)
    passed = bool(tail <= options.tolerance)  # false for NaN
    print(
        f"{config.stem:<10} {options.steps} steps   TensorFlow {theirs[0]:.5f} to {theirs[-1]:.5f}   "
        f"{'again' if options.itself else 'onlearn'} {ours[0]:.5f} to {ours[-1]:.5f}   largest difference {largest:.1e}   "
        f"last 50 {tail:.1e}   {'ok' if passed else 'TOO FAR'}",
        flush=True,
    )
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="a name in Models, or the path of a config")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tolerance", type=float, default=0.01)
    parser.add_argument("--by-run", action="store_true", help="one `onlearn run` per step for every model")
    parser.add_argument(
        "--itself", action="store_true", help="compare TensorFlow with itself, from a start that is 1 + 1e-6 times the same")
    parser.add_argument("--onlearn", type=pathlib.Path, default=ROOT / ".build" / "release" / "onlearn")
    options = parser.parse_args()
    if not all([compare(name, options) for name in options.models]):
        sys.exit("a learning curve differs from TensorFlow's by more than the tolerance")


if __name__ == "__main__":
    main()
