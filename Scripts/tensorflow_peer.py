"""TensorFlow as the peer to compare with: exported graphs, shared starting values, shared data.

Starting values come from SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which every language writes in five lines:
one stream per model, tensors in the config's `dense` order, each in row-major order, one output `bits` per value,

    value = ((bits >> 40) / 2^24 - 0.5) × width        in float32, where only the product rounds

so that values lie in (-width / 2, width / 2).
"""

import gzip
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_eager_execution()

FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")


def splitmix64(seed, count):
    """The first `count` outputs of SplitMix64 from this seed."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(shapes, seed, width):
    """Values for tensors of these shapes (a dictionary), as the head of this file says."""
    counts = [int(np.prod(shape)) for shape in shapes.values()]
    bits = splitmix64(seed, sum(counts))
    unit = (bits >> np.uint64(40)).astype(np.float32) / np.float32(2**24) - np.float32(0.5)
    parts = np.split(unit * np.float32(width), np.cumsum(counts)[:-1])
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts)}


def fashion_mnist(kind="train"):
    """Images [count, 784], divided by 255, and labels [count, 1], both float32, in file order."""
    images = gzip.decompress((FASHION_MNIST / f"{kind}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((FASHION_MNIST / f"{kind}-labels-idx1-ubyte.gz").read_bytes())
    x = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / np.float32(255)
    y = np.frombuffer(labels, np.uint8, offset=8).reshape(-1, 1).astype(np.float32)
    return x, y


def batches(x, y, size, steps):
    """Consecutive rows in file order; the last batch of a pass may be smaller."""
    starts = range(0, len(x), size)
    for step in range(steps):
        start = starts[step % len(starts)]
        yield x[start : start + size], y[start : start + size]


class Graph:
    """An exported graph in a TensorFlow session of its own."""

    def __init__(self, config_path, threads=0):
        config_path = pathlib.Path(config_path)
        config = json.loads(config_path.read_text())
        self.settings = config["other"]
        self.parameters = self.settings["dense"]
        self.shapes = {name: config["dense_shape"][name] for name in self.parameters}
        definition = tf.GraphDef()
        definition.ParseFromString((config_path.parent / self.settings["pb_path"]).read_bytes())
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.import_graph_def(definition, name="")
        options = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
        self.session = tf.Session(graph=self.graph, config=options)
        self.session.run("ws_init")
        self.random_nodes = [node.name for node in definition.node if node.op == "RandomUniform"]

    def assign(self, values):
        """Gives variables these values."""
        for name, value in values.items():
            assign = self.graph.get_operation_by_name(f"{name}/Assign")
            self.session.run(assign, {assign.inputs[1]: value})

    def run(self, fetches, feeds):
        """Runs the graph: names of nodes in, arrays out."""
        feeds = {f"{name}:0": value for name, value in feeds.items()}
        if isinstance(fetches, str):
            return self.session.run(f"{fetches}:0", feeds)
        return dict(zip(fetches, self.session.run([f"{name}:0" for name in fetches], feeds)))

    def step(self, x, y, **feeds):
        """One training step. Returns the loss before it."""
        feeds = {"input_x": x, "input_y": y, **feeds}
        loss = self.run("loss", feeds)
        self.session.run("train_step", {f"{name}:0": value for name, value in feeds.items()})
        return loss
