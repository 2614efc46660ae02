"""Export a network written in TensorFlow, so that onlearn trains and serves it.

A model is a function from the input placeholder to logits; everything else that onlearn looks for is added here:

    input_x, input_y   placeholders, float32, [None, ...] and [None, 1]
    logits, loss       what the network answers, and the mean loss of a batch
    accuracy           the observed metric of a classifier, or
    auc_value          that of a click model: TensorFlow 1's streaming AUC, its counters kept in local variables
    d-NAME             the gradient of the loss with respect to parameter NAME
    train_step         one step of the optimizer
    ws_init            initialises parameters, optimizer slots and metric counters

`export` writes NAME.pb (a binary GraphDef, trimmed to these nodes and what they need) and NAME.json (the config).
Needs TensorFlow 2, see requirements.txt. README.md beside this folder shows a complete example.
"""

import argparse
import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow.compat.v1 as tf  # noqa: E402 (the log level is read when TensorFlow is imported)

tf.logging.set_verbosity(tf.logging.ERROR)
tf.disable_v2_behavior()

OPTIMIZERS = {
    "GradientDescent": tf.train.GradientDescentOptimizer,
    "Momentum": lambda rate: tf.train.MomentumOptimizer(rate, momentum=0.9),
    "Adagrad": tf.train.AdagradOptimizer,
    "Adam": tf.train.AdamOptimizer,
    "Ftrl": tf.train.FtrlOptimizer,
}


# Options: every export script understands the same ones.


def parser(description, learning_rate=0.05):
    """An argument parser with the options that `export` reads; a script may add its own."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    options.add_argument(
        "--output", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent,
        help="folder for NAME.pb and NAME.json",
    )
    options.add_argument("--optimizer", choices=sorted(OPTIMIZERS), default="GradientDescent")
    options.add_argument("--learning-rate", type=float, default=learning_rate)
    options.add_argument("--batch-size", type=int, default=1024, help="the batch size the config names")
    return options


def click_parser(description, learning_rate=0.05):
    """A parser for click models, whose input is one id per categorical field."""
    options = parser(description, learning_rate)
    options.add_argument("--fields", type=int, default=39, help="categorical fields, one id each")
    options.add_argument("--rows", type=int, default=65536, help="rows of the tables: ids are smaller")
    return options


# Building blocks of networks.


def weights(name, shape, deviation=0.1):
    """A parameter that starts from a normal distribution of this deviation, cut off at two deviations."""
    return tf.Variable(tf.truncated_normal(shape, stddev=deviation), name=name)


def zeros(name, shape):
    """A parameter that starts at zero, as biases do."""
    return tf.Variable(tf.zeros(shape), name=name)


def dense(x, suffix, inputs, outputs, activation=None):
    """`activation(x × w + b)`, with parameters named `w` and `b` plus `suffix`."""
    y = tf.matmul(x, weights(f"w{suffix}", [inputs, outputs])) + zeros(f"b{suffix}", [1, outputs])
    return activation(y) if activation else y


# Losses: (logits, labels [batch, 1]) to a scalar.


def sigmoid_loss(logits, labels):
    """The mean log loss of click models; labels are 0 or 1."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))


def softmax_loss(logits, labels):
    """The mean cross entropy of a classifier over one-hot labels."""
    one_hot = tf.one_hot(tf.cast(tf.squeeze(labels, axis=1), tf.int32), logits.shape[1])
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits_v2(labels=one_hot, logits=logits))


# Metrics: (logits, labels [batch, 1]) to a scalar, beside the name of its node.


def accuracy(logits, labels):
    """The share of examples whose largest logit is the label's."""
    answer = tf.expand_dims(tf.argmax(logits, axis=1), -1)
    return tf.reduce_mean(tf.cast(tf.equal(answer, tf.cast(labels, tf.int64)), tf.float32))


def streaming_auc(logits, labels):
    """The area under the ROC curve over every batch since `ws_init`, at 200 thresholds."""
    _, value = tf.metrics.auc(labels=tf.cast(labels, tf.int32), predictions=tf.sigmoid(logits))
    return value


def export(
    name, network, options, input_shape, classes=None, loss=None, metric=None, counts_steps=False
):
    """Builds the graph around `network` and writes NAME.pb and NAME.json.

    name          the model's name, and that of its two files
    network       a function from `input_x` to logits: [batch, classes], or [batch, 1] without classes
    options       what `parser` or `click_parser` parsed
    input_shape   the shape of one example
    classes       how many classes there are; None for a click model, which answers one logit
    loss          a function from (logits, labels) to a scalar; sigmoid or softmax cross entropy if not given.
                  Losses in TensorFlow's REGULARIZATION_LOSSES collection are added to it.
    metric        a pair of a node's name and a function from (logits, labels) to a scalar; accuracy or AUC if not given
    counts_steps  whether `train_step` also counts in a variable named `global_step`
    """
    loss = loss or (softmax_loss if classes else sigmoid_loss)
    metric_name, metric = metric or (("accuracy", accuracy) if classes else ("auc_value", streaming_auc))
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float32, [None, *input_shape], name="input_x")
        y = tf.placeholder(tf.float32, [None, 1], name="input_y")
        logits = tf.identity(network(x), name="logits")
        total = tf.add_n([loss(logits, y), *tf.losses.get_regularization_losses()])
        total = tf.identity(total, name="loss")
        tf.identity(metric(logits, y), name=metric_name)

        parameters = tf.trainable_variables()
        # Gated: a parameter is updated only after every gradient that reads it has been computed.
        gradients = tf.gradients(total, parameters, gate_gradients=True)
        for parameter, gradient in zip(parameters, gradients):
            if gradient is None:
                raise SystemExit(f"{name}: the loss does not depend on parameter '{parameter.op.name}'")
            # tf.identity would keep a table's gradient as slices, which have no single node.
            tf.identity(tf.convert_to_tensor(gradient), name=f"d-{parameter.op.name}")

        step = tf.Variable(0, name="global_step", trainable=False) if counts_steps else None
        optimizer = OPTIMIZERS[options.optimizer](options.learning_rate)
        optimizer.apply_gradients(zip(gradients, parameters), global_step=step, name="train_step")
        tf.group(tf.global_variables_initializer(), tf.local_variables_initializer(), name="ws_init")

    observe = ["loss", metric_name]
    names = [parameter.op.name for parameter in parameters]
    endpoints = ["logits", *observe, *(f"d-{p}" for p in names), "train_step", "ws_init"]
    definition = tf.graph_util.extract_sub_graph(graph.as_graph_def(), endpoints)

    settings = {
        "dense": names,
        "gradient": [f"d-{p}" for p in names],
        "batch_size": options.batch_size,
        "input_size": [options.batch_size, *input_shape],
        "output_size": [options.batch_size, 1],
    }
    if classes:
        settings["class_num"] = classes
    settings |= {
        "observe": observe,
        "model_name": name,
        "learning_rate": options.learning_rate,
        "pb_path": f"{name}.pb",
    }
    shapes = {}
    for parameter in parameters:
        shape = parameter.shape.as_list()
        shapes |= {parameter.op.name: shape, f"d-{parameter.op.name}": shape}

    options.output.mkdir(parents=True, exist_ok=True)
    pb = options.output / f"{name}.pb"
    pb.write_bytes(definition.SerializeToString(deterministic=True))
    config = options.output / f"{name}.json"
    config.write_text(json.dumps({"other": settings, "dense_shape": shapes}, indent=4) + "\n")
    count = sum(parameter.shape.num_elements() for parameter in parameters)
    print(f"{pb}: {len(definition.node)} nodes, {count} parameters in {len(names)} tensors, {pb.stat().st_size} bytes")
