"""TensorFlow's side of bench_peers.py: holds one graph and measures it when told to on standard input.

    bench_tensorflow.py CONFIG BATCH THREADS

Prints one JSON object when ready (or why it cannot run), then one per line read: `train_step N` or `loop N`.
"""

import json
import statistics
import sys
import time

import numpy as np
import tensorflow_peer as peer


def inputs(settings, batch):
    """Pixels and classes, or ids `field << 10 | value`, skewed within each field, and clicks."""
    random = np.random.RandomState(0)
    shape = settings["input_size"][1:]
    if settings.get("class_num"):
        labels = random.randint(0, settings["class_num"], size=(batch, 1))
        return random.rand(batch, *shape).astype(np.float32), labels.astype(np.float32)
    values = np.minimum(random.zipf(1.3, size=(batch, shape[0])), 1024) - 1
    ids = (np.arange(1, shape[0] + 1) << 10) | values
    return ids.astype(np.float32), (random.rand(batch, 1) < 0.25).astype(np.float32)


def times(work, count):
    """How long each of `count` calls takes, in ms."""
    result = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        result.append(1e3 * (time.perf_counter() - start))
    return result


def main():
    config, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    graph = peer.Graph(config, threads)
    session, settings = graph.session, graph.settings
    x, y = inputs(settings, batch)
    feeds = {"input_x:0": x, "input_y:0": y}
    weights = {f"{name}:0": session.run(f"{name}/read:0") for name in graph.parameters}
    gradients = [f"{name}:0" for name in settings["gradient"]]
    observed = [f"{name}:0" for name in settings["observe"]]

    def train_step():
        session.run("train_step", feeds)

    def loop():
        everything = feeds | weights
        for weight, gradient in zip(weights.values(), session.run(gradients, everything)):
            weight -= settings["learning_rate"] * gradient
        session.run("ws_init")
        session.run(observed, everything)

    try:
        times(train_step, 2)
        once = statistics.median(times(train_step, 3))
    except peer.tf.errors.OpError as error:
        print(json.dumps({"error": str(error).splitlines()[0][:100]}), flush=True)
        return
    steps = int(min(max(1000 / once, 5), 500))
    print(json.dumps({"steps": steps, "tensorflow": peer.tf.__version__}), flush=True)
    for line in sys.stdin:
        what, count = line.split()
        work = {"train_step": train_step, "loop": loop}[what]
        work()
        print(json.dumps({"median_ms": statistics.median(times(work, int(count)))}), flush=True)


if __name__ == "__main__":
    main()
