"""Exports tiny click models, one per optimizer, and what TensorFlow trains them to.

    python export.py

NAME.pb and NAME.json are the graph and its configuration. NAME.safetensors holds, for every parameter P, its start as
`P` and its values after N steps as `P.N`; the ids `x` and labels `y` of four batches, taken in turn; and in its
metadata the steps N as `steps`. Needs TensorFlow 2, as the scripts under Models/export do.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parents[2] / folder) for folder in ("Models/export", "Scripts")]

import safetensors_writer  # noqa: E402
import template  # noqa: E402
from template import tf  # noqa: E402

ROWS, FIELDS, DIMENSION, BATCH, BATCHES = 12, 3, 4, 16, 4
STEPS = [1, 2, 20]
SEED = 7


def network(x):
    rows = tf.gather(template.weights("v", [ROWS, DIMENSION]), tf.cast(x, tf.int32))
    return template.dense(tf.tanh(tf.reshape(rows, [-1, FIELDS * DIMENSION])), 1, FIELDS * DIMENSION, 1)


def mean_logit(logits, labels):
    return tf.reduce_mean(logits)


def step():
    return next(v for v in tf.global_variables() if v.op.name == "global_step")


# Name: whether variables are resources, and a function from the learning rate to the optimizer.
train = tf.train
CASES = {
    "sgd_exponential": (
        False, lambda r: train.GradientDescentOptimizer(train.exponential_decay(r, step(), BATCH, 0.5))),
    "sgd_conditional": (
        False, lambda r: train.GradientDescentOptimizer(
            tf.cond(step() < 2, lambda: tf.constant(r), lambda: tf.constant(r / 2)))),
    "sgd_cosine": (True, lambda r: train.GradientDescentOptimizer(train.cosine_decay(r, step(), 10, 0.1))),
    "momentum_nesterov": (False, lambda r: train.MomentumOptimizer(r, 0.9, use_nesterov=True)),
    "momentum_polynomial": (True, lambda r: train.MomentumOptimizer(train.polynomial_decay(r, step(), 10), 0.8)),
    "adagrad": (False, lambda r: train.AdagradOptimizer(r, initial_accumulator_value=0.3)),
    "adagrad_inverse": (
        True, lambda r: train.AdagradOptimizer(train.inverse_time_decay(r, step(), 3, 0.5, staircase=True))),
    "adam": (False, lambda r: train.AdamOptimizer(r, beta1=0.8)),
    "adam_harmonic": (True, lambda r: train.AdamOptimizer(r / tf.cast(step() + 1, tf.float32), epsilon=1e-6)),
    "ftrl": (
        False, lambda r: train.FtrlOptimizer(r, l1_regularization_strength=0.001, l2_regularization_strength=0.01)),
    "ftrl_initial": (True, lambda r: train.FtrlOptimizer(r, initial_accumulator_value=1.0)),
    "ftrl_shrinkage": (True, lambda r: train.FtrlOptimizer(r, l2_shrinkage_regularization_strength=0.05)),
    "rmsprop": (False, lambda r: train.RMSPropOptimizer(r / 10, momentum=0.5)),
    "rmsprop_centered": (True, lambda r: train.RMSPropOptimizer(r / 10, momentum=0.3, centered=True)),
}


def export(name, is_resource, optimizer):
    (tf.enable_resource_variables if is_resource else tf.disable_resource_variables)()
    template.OPTIMIZERS["this"] = optimizer
    options = argparse.Namespace(optimizer="this", learning_rate=0.1, batch_size=BATCH, output=FOLDER)
    template.export(
        name, network, options, [FIELDS], metric=("mean_logit", mean_logit), counts_steps=True)

    random = np.random.default_rng(SEED)
    # The last rows of the table are rare, so that some steps leave them alone.
    x = np.minimum(random.integers(0, ROWS, [BATCHES, BATCH, FIELDS]), random.integers(3, ROWS, [BATCHES, 1, 1]))
    y = (x.sum(axis=2, keepdims=True) % 2).astype(np.float32)
    tensors = {"x": x.astype(np.float32), "y": y}
    graph = tf.Graph()
    with graph.as_default(), tf.Session(graph=graph) as session:
        definition = tf.GraphDef.FromString((FOLDER / f"{name}.pb").read_bytes())
        tf.import_graph_def(definition, name="")
        session.run("ws_init")
        names = json.loads((FOLDER / f"{name}.json").read_text())["other"]["dense"]
        variables = [graph.get_tensor_by_name(f"{n}:0") for n in names]
        reads = [tf.raw_ops.ReadVariableOp(resource=v, dtype=tf.float32) if is_resource else v for v in variables]
        for n, variable, read in zip(names, variables, reads):
            tensors[n] = random.uniform(-0.5, 0.5, session.run(read).shape).astype(np.float32)
            value = tf.constant(tensors[n])
            session.run(
                tf.raw_ops.AssignVariableOp(resource=variable, value=value) if is_resource
                else tf.raw_ops.Assign(ref=variable, value=value))
        for i in range(max(STEPS)):
            session.run("train_step", {"input_x:0": x[i % BATCHES], "input_y:0": y[i % BATCHES]})
            if i + 1 in STEPS:
                for n, value in zip(names, session.run(reads)):
                    tensors[f"{n}.{i + 1}"] = value
    safetensors_writer.save(FOLDER / f"{name}.safetensors", tensors, {
        "steps": " ".join(map(str, STEPS)), "tensorflow": tf.__version__, "seed": str(SEED)})


if __name__ == "__main__":
    for name, case in CASES.items():
        export(name, *case)
