"""PyTorch's side of bench_peers.py, see measured_peer.py: trains one model in eager mode, `eager` being one step.

    bench_pytorch.py CONFIG BATCH THREADS ONLEARN

Before it measures, it trains three steps and has onlearn do the same, from the same parameters on the same batch with the
same dropout: their losses must agree, or the two do not compute the same.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import measured_peer
import numpy as np
import pytorch_peer as peer
import torch

CHECKED_STEPS = 3
CHECKED_EXAMPLES = 64
TOLERANCE = 1e-4
DROPOUT = "dropout/random_uniform/RandomUniform"
"""The node of the convolutional graphs that draws the numbers for their dropout: what is below a half is dropped."""


def losses_of_onlearn(onlearn, config, feeds):
    """The losses of some steps, as `onlearn run` gives them."""
    with tempfile.TemporaryDirectory() as folder:
        command = [onlearn, "run", config, "--train-steps", str(CHECKED_STEPS), "--fetch", "loss"]
        for index, (name, value) in enumerate(feeds.items()):
            np.save(f"{folder}/{index}.npy", value)
            command += ["--feed", f"{name}={folder}/{index}.npy"]
        command += ["--output", f"{folder}/out", "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["losses"]


def difference(onlearn, config, settings, values, x, y, random):
    """The largest relative difference between onlearn's losses and PyTorch's."""
    feeds = {"input_x": x, "input_y": y, **values}
    drop = peer.half_dropped
    if "fc1_w" in values:
        feeds[DROPOUT] = random.random_sample((len(x), len(values["fc1_b"]))).astype(np.float32)
        kept = torch.tensor(feeds[DROPOUT] >= 0.5)

        def drop(hidden):
            return hidden * kept * 2

    network = peer.Network(settings["model_name"], settings, values)
    own = []
    for _ in range(CHECKED_STEPS):
        penalty = network.penalty()
        own.append(float(network.step(torch.tensor(x), torch.tensor(y), drop)) + penalty)
    theirs = losses_of_onlearn(onlearn, config, feeds)
    return max(abs(a - b) / abs(b) for a, b in zip(own, theirs, strict=True))


def main():
    config, batch, threads, onlearn = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    document = json.loads(pathlib.Path(config).read_text())
    settings = document["other"]
    if settings["model_name"] not in peer.NETWORKS:
        return measured_peer.say(error=f"not written for PyTorch, as {', '.join(peer.NETWORKS)} are")
    torch.set_num_threads(threads)
    random = np.random.RandomState(1)
    values = peer.starting_values({name: document["dense_shape"][name] for name in settings["dense"]}, random)
    x, y = measured_peer.inputs(settings, batch)
    found = difference(onlearn, config, settings, values, *measured_peer.inputs(settings, CHECKED_EXAMPLES), random)
    if not found <= TOLERANCE:
        return measured_peer.say(error=f"losses differ from onlearn's by {found:.1e}")
    network = peer.Network(settings["model_name"], settings, values)
    x, y = torch.tensor(x), torch.tensor(y)
    measured_peer.serve({"eager": lambda: network.step(x, y)}, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
