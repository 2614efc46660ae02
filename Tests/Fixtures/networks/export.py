"""Exports small networks as users of TensorFlow write them, and what TensorFlow trains them to.

    python export.py [NAME …]

NAME.pb and NAME.json are the graph and its configuration. NAME.safetensors holds the start of every parameter P as `P`;
the inputs `x` and labels `y` of three batches, taken in turn; the losses before each of 20 steps as `losses`; and the
logits of the third batch after them as `logits`. Needs TensorFlow 2, as the scripts under Models/export do.
"""

import argparse
import json
import math
import os
import pathlib
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[2] / "Scripts"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import safetensors_writer  # noqa: E402
import tensorflow as tf2  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_eager_execution()
tf.logging.set_verbosity(tf.logging.ERROR)

BATCH, BATCHES, STEPS = 16, 3, 20
ROWS = BATCH * BATCHES
random = np.random.RandomState(1)
NETWORKS = {}


def network(resource=False, loops_v2=True, classes=None):
    """Registers a network: whether its variables are resources, its loops functions; how many classes it tells apart."""
    def register(function):
        NETWORKS[function.__name__] = (function, resource, loops_v2, classes)
        return function
    return register


# Building blocks.


def inputs(x_shape, y_shape=(1,), x_type=tf.float32, y_type=tf.float32, batch=None):
    return (tf.placeholder(x_type, [batch, *x_shape], name="input_x"),
            tf.placeholder(y_type, [batch, *y_shape], name="input_y"))


def weights(name, shape, deviation=0.3):
    return tf.get_variable(name, shape, initializer=tf.random_normal_initializer(stddev=deviation))


def constants(name, shape, value=0.0):
    return tf.get_variable(name, shape, initializer=tf.constant_initializer(value))


def dense(x, name, units, activation=None):
    y = tf.nn.bias_add(tf.matmul(x, weights(f"{name}_w", [x.shape[-1], units])), constants(f"{name}_b", [units]))
    return activation(y) if activation else y


def click_loss(logits, labels):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(logits=logits, labels=labels))


def class_loss(logits, labels):
    labels = tf.cast(tf.squeeze(labels, 1), tf.int32)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(logits=logits, labels=labels))


def finish(logits, loss, optimizer, step=None, norm=None):
    """Names what is looked for, and adds the training step; gradients are clipped to `norm` together."""
    tf.identity(logits, name="logits")
    loss = tf.identity(loss, name="loss")
    pairs = optimizer.compute_gradients(loss)
    if norm:
        clipped, _ = tf.clip_by_global_norm([gradient for gradient, _ in pairs], norm)
        pairs = [(gradient, variable) for gradient, (_, variable) in zip(clipped, pairs)]
    return optimizer.apply_gradients(pairs, global_step=step, name="train_step")


def ids(fields, vocabulary):
    return np.minimum(random.zipf(1.3, [ROWS, fields]), vocabulary) - 1


def clicks(columns=1):
    return random.randint(0, 2, [ROWS, columns])


def normal(*shape):
    return random.standard_normal([ROWS, *shape])


# Sequences.


def lstm(x, units, steps):
    """The last output of an LSTM, each example as long as its first number says: rounds depend on data."""
    kernel, bias = weights("kernel", [x.shape[-1] + units, 4 * units]), constants("bias", [4 * units])
    lengths = tf.cast(x[:, 0, 0], tf.int32)
    taken = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
    zeros = tf.zeros([tf.shape(x)[0], units])

    def step(time, cell, output):
        gates = tf.matmul(tf.concat([taken.read(time), output], 1), kernel) + bias
        i, j, f, o = tf.split(gates, 4, axis=1)
        new_cell = tf.sigmoid(f + 1.0) * cell + tf.sigmoid(i) * tf.tanh(j)
        new_output = tf.sigmoid(o) * tf.tanh(new_cell)
        goes_on = tf.tile(tf.expand_dims(time < lengths, 1), [1, units])
        return time + 1, tf.where(goes_on, new_cell, cell), tf.where(goes_on, new_output, output)

    longest = tf.minimum(steps, tf.reduce_max(lengths))
    return tf.while_loop(
        lambda time, *_: time < longest, step, (0, zeros, zeros), maximum_iterations=steps)[2]


def recurrent(x, units, steps):
    """The mean of the states of a simple recurrent network, kept in an array."""
    w, u = weights("w", [x.shape[-1], units]), weights("u", [units, units])

    def step(time, state, states):
        state = tf.tanh(tf.matmul(x[:, time], w) + tf.matmul(state, u))
        return time + 1, state, states.write(time, state)

    start = (0, tf.zeros([tf.shape(x)[0], units]), tf.TensorArray(tf.float32, steps))
    return tf.reduce_mean(tf.while_loop(lambda time, *_: time < steps, step, start)[2].stack(), axis=0)


def sequence_network():
    x, y = inputs([6, 3])
    logits = dense(tf.concat([lstm(x, 4, 6), recurrent(x, 3, 6)], 1), "out", 1)
    finish(logits, tf.losses.mean_squared_error(y, logits), tf.train.AdamOptimizer(0.02), norm=1.0)
    data = normal(6, 3)
    data[:, 0, 0] = random.randint(1, 7, ROWS)
    return data, data[:, :, 1].sum(axis=1, keepdims=True)


@network(loops_v2=False)
def lstm_frames():
    """A loop of TensorFlow 1, whose number of rounds depends on data."""
    return sequence_network()


@network(resource=True)
def lstm_functions():
    """The same with a loop of TensorFlow 2."""
    return sequence_network()


@network(loops_v2=False)
def nested_loops():
    """A sum of powers, by a loop in a loop."""
    x, y = inputs([4])
    w = weights("w", [4, 4])

    def outer(i, total):
        _, power = tf.while_loop(lambda j, _: j < i, lambda j, p: (j + 1, tf.tanh(tf.matmul(p, w))), (0, x))
        return i + 1, total + power

    _, total = tf.while_loop(lambda i, _: tf.less(i, 4), outer, (0, tf.zeros_like(x)))
    logits = tf.reduce_sum(total, axis=1, keepdims=True)
    finish(logits, click_loss(logits, y), tf.train.GradientDescentOptimizer(0.05))
    return normal(4), clicks()


@network(classes=4)
def text_convolution():
    """Words as int32 ids, labels as int32 classes."""
    x, y = inputs([12], x_type=tf.int32, y_type=tf.int32)
    words = tf.nn.embedding_lookup(weights("words", [30, 6]), x)
    pooled = []
    for size in [2, 3]:
        found = tf.nn.conv1d(words, weights(f"filter{size}", [size, 6, 5]), 1, "VALID")
        pooled.append(tf.reduce_max(tf.nn.relu(found + constants(f"bias{size}", [5])), axis=1))
    logits = dense(tf.concat(pooled, 1), "out", 4)
    finish(logits, class_loss(logits, y), tf.train.AdagradOptimizer(0.1))
    return ids(12, 30), random.randint(0, 4, [ROWS, 1])


@network()
def attention():
    """Two heads of self-attention over words, the padded ones masked; layer normalization; gelu."""
    count, words, width, heads = 6, 20, 8, 2
    x, y = inputs([count], x_type=tf.int64)
    h = tf.nn.embedding_lookup(weights("words", [words, width]), x) + weights("places", [count, width])

    def normalized(t, name):
        mean, variance = tf.nn.moments(t, -1, keepdims=True)
        gain, shift = constants(f"{name}_gain", [width], 1.0), constants(f"{name}_shift", [width])
        return tf.nn.batch_normalization(t, mean, variance, shift, gain, 1e-6)

    def projected(t, name, units):
        return tf.tensordot(t, weights(name, [t.shape[-1], units]), 1)

    parts = [tf.reshape(t, [-1, count, heads, width // heads]) for t in tf.split(projected(h, "qkv", 3 * width), 3, -1)]
    q, k, v = [tf.transpose(t, [0, 2, 1, 3]) for t in parts]
    hidden = tf.cast(tf.equal(x, 0), tf.float32)[:, tf.newaxis, tf.newaxis, :]
    scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(width // heads) - 1e9 * hidden
    mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), v), [0, 2, 1, 3])
    h = normalized(h + projected(tf.reshape(mixed, [-1, count, width]), "out", width), "first")
    wide = projected(h, "wide", 12)
    wide = 0.5 * wide * (1 + tf.math.erf(wide / math.sqrt(2)))
    h = normalized(h + projected(wide, "narrow", width), "second")
    kept = tf.cast(x > 0, tf.float32)[..., tf.newaxis]
    logits = dense(tf.reduce_sum(h * kept, 1) / tf.maximum(tf.reduce_sum(kept, 1), 1.0), "logit", 1)
    finish(logits, tf.reduce_mean(tf.nn.weighted_cross_entropy_with_logits(y, logits, 2.0)), tf.train.AdamOptimizer(0.005))
    return ids(count, words), clicks()


# Click models.


@network()
def interest():
    """A deep interest network: an item attends to those seen before, padded with 0; prelu and dice."""
    seen = 5
    x, y = inputs([1 + seen])
    numbers = tf.cast(x, tf.int64)
    table = weights("items", [20, 4])
    item, history = tf.gather(table, numbers[:, 0]), tf.nn.embedding_lookup(table, numbers[:, 1:])
    query = tf.tile(item[:, tf.newaxis], [1, tf.shape(history)[1], 1])
    pairs = tf.reshape(tf.concat([query, history, query - history, query * history], -1), [-1, 16])
    scores = tf.reshape(dense(dense(pairs, "score1", 8, tf.sigmoid), "score2", 1), [-1, 1, seen])
    count = tf.reduce_sum(tf.cast(numbers[:, 1:] > 0, tf.int32), 1)
    mask = tf.expand_dims(tf.sequence_mask(count, seen), 1)
    scores = tf.nn.softmax(tf.where(mask, scores, tf.ones_like(scores) * (-2**32 + 1)) / 2.0)
    interest = tf.squeeze(tf.matmul(scores, history), 1)
    h = dense(tf.concat([interest, item, interest * item], -1), "deep", 8)
    h = tf.maximum(h, 0.0) + constants("prelu", [8], 0.25) * tf.minimum(h, 0.0)
    mean, variance = tf.nn.moments(h, [0])
    gate = tf.sigmoid(tf.nn.batch_normalization(h, mean, variance, None, None, 1e-9))
    h = constants("dice", [8]) * (1 - gate) * h + gate * h
    logits = dense(h, "logit", 1)
    finish(logits, click_loss(logits, y), tf.train.AdamOptimizer(0.01), norm=5.0)
    data = random.randint(1, 20, [ROWS, 1 + seen])
    data[:, 4:] *= random.randint(0, 2, [ROWS, 1])
    return data, clicks()


@network()
def two_tasks():
    """Two towers over one table, two labels, the second counted where the first is 1; clipped momentum."""
    x, y = inputs([4], [2])
    rows = tf.nn.embedding_lookup(weights("table", [25, 4]), tf.cast(x, tf.int32))
    flat = tf.reshape(rows, [-1, 16])
    first, second = [dense(dense(flat, f"{name}1", 6, tf.nn.leaky_relu), f"{name}2", 1) for name in ["click", "buy"]]
    clicked, bought = tf.split(y, 2, axis=1)
    joint = tf.sigmoid(first) * tf.sigmoid(second)
    loss = tf.losses.log_loss(clicked, tf.sigmoid(first)) + 0.5 * tf.losses.log_loss(clicked * bought, joint)
    finish(tf.concat([first, second], 1), loss, tf.train.MomentumOptimizer(0.05, 0.9), norm=0.5)
    return ids(4, 25), clicks(2)


@network()
def experts():
    """A mixture of experts for two labels, at a fixed batch size, with losses that weigh each other."""
    x, y = inputs([6], [2], batch=BATCH)
    made = tf.stack([dense(x, f"expert{i}", 5, tf.nn.relu) for i in range(3)], 1)
    mixed = [tf.einsum("be,bed->bd", dense(x, f"gate{i}", 3, tf.nn.softmax), made) for i in range(2)]
    logits = tf.concat([dense(h, f"task{i}", 1) for i, h in enumerate(mixed)], 1)
    losses = tf.unstack(tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=logits), 0))
    doubts = [constants(f"doubt{i}", []) for i in range(2)]
    loss = tf.add_n([tf.exp(-doubt) * loss + doubt for doubt, loss in zip(doubts, losses)])
    finish(logits, loss, tf.train.AdamOptimizer(0.01))
    return normal(6), clicks(2)


@network()
def wide_and_deep():
    """Ids hashed in the graph; FTRL for the wide part, Adagrad for the deep one."""
    x, y = inputs([5], x_type=tf.int64)
    buckets = tf.floormod(x * 2654435761 + tf.range(5, dtype=tf.int64) * 97, 40)
    wide = tf.reduce_sum(tf.nn.embedding_lookup(constants("wide", [40, 1]), buckets), 1)
    deep = tf.reshape(tf.nn.embedding_lookup(weights("deep", [40, 3]), buckets), [-1, 15])
    logits = wide + dense(dense(deep, "hidden", 6, tf.nn.elu), "logit", 1)
    tf.identity(logits, name="logits")
    loss = tf.identity(click_loss(logits, y), name="loss")
    variables = tf.trainable_variables()
    steps = [
        tf.train.FtrlOptimizer(0.1, l1_regularization_strength=0.01).minimize(loss, var_list=variables[:1]),
        tf.train.AdagradOptimizer(0.05).minimize(loss, var_list=variables[1:]),
    ]
    tf.group(*steps, name="train_step")
    return random.randint(0, 10**6, [ROWS, 5]), clicks()


@network(resource=True)
def sampled_softmax():
    """Words from their neighbours, with negative examples that are fed; the logits read the whole table."""
    x, y = inputs([5], x_type=tf.int64, y_type=tf.int64)
    vectors, w, b = weights("vectors", [30, 4]), weights("w", [30, 4]), constants("b", [30])
    word = tf.nn.embedding_lookup(vectors, x[:, 0])
    sampled = (x[0, 1:], tf.fill([tf.size(y), 1], 0.1), tf.fill([4], 0.2))
    loss = tf.nn.sampled_softmax_loss(w, b, y, word, 4, 30, sampled_values=sampled, remove_accidental_hits=False)
    finish(tf.matmul(word, w, transpose_b=True) + b, tf.reduce_mean(loss), tf.train.AdagradOptimizer(0.5))
    data = ids(5, 30)
    data[:, 1:] = [3, 8, 14, 21]
    return data, random.randint(0, 30, [ROWS, 1])


@network()
def two_towers():
    """Each example's own partner among all of the batch."""
    x, _ = inputs([6])
    left, right = [tf.nn.l2_normalize(dense(part, name, 4), 1) for part, name in zip(tf.split(x, 2, 1), ["left", "right"])]
    scores = tf.matmul(left, right, transpose_b=True) / 0.1
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=tf.range(tf.shape(scores)[0]), logits=scores)
    finish(tf.reduce_sum(left * right, 1, keepdims=True), tf.reduce_mean(loss), tf.train.AdamOptimizer(0.01))
    return normal(6), clicks()


# Images, batch statistics, branches.


@network(classes=3)
def residual():
    """Convolutions with skips; label smoothing; Nesterov's momentum whose rate falls in steps."""
    x, y = inputs([6, 6, 2])

    def convolution(h, name, channels, stride=1):
        h = tf.nn.conv2d(h, weights(name, [3, 3, h.shape[-1], channels]), [1, stride, stride, 1], "SAME")
        mean, variance = tf.nn.moments(h, [1, 2, 3], keep_dims=True)
        gain, shift = constants(f"{name}_gain", [channels], 1.0), constants(f"{name}_shift", [channels])
        return tf.nn.batch_normalization(h, mean, variance, shift, gain, 1e-5)

    h = tf.nn.relu(convolution(x, "first", 4))
    h = tf.nn.relu6(h + convolution(tf.nn.relu(convolution(h, "a", 4)), "b", 4))
    h = tf.nn.relu(convolution(h, "c", 6, 2) + tf.nn.conv2d(h, weights("skip", [1, 1, 4, 6]), [1, 2, 2, 1], "SAME"))
    h = tf.nn.avg_pool2d(h, 3, 3, "VALID")
    logits = dense(tf.reshape(h, [-1, h.shape[1:].num_elements()]), "out", 3)
    labels = tf.one_hot(tf.cast(y[:, 0], tf.int32), 3)
    step = tf.train.get_or_create_global_step()
    rate = tf.train.piecewise_constant(step, [5, 10], [0.1, 0.05, 0.01])
    loss = tf.losses.softmax_cross_entropy(labels, logits, label_smoothing=0.1)
    finish(logits, loss, tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True), step)
    return normal(6, 6, 2), random.randint(0, 3, [ROWS, 1])


@network(classes=3)
def batch_statistics():
    """Fused batch normalization in a branch; its moving averages are updated before each step."""
    x, y = inputs([5, 5, 2])
    gain, shift = constants("gain", [2], 1.0), constants("shift", [2])
    averages = [tf.Variable([value, value], trainable=False, name=name) for name, value in [("mean", 0.0), ("variance", 1.0)]]
    training = tf.placeholder_with_default(True, [], name="is_training")
    h, mean, variance = tf.cond(
        training,
        lambda: tf.nn.fused_batch_norm(x, gain, shift, epsilon=1e-3)[:3],
        lambda: tf.nn.fused_batch_norm(
            x, gain, shift, mean=averages[0], variance=averages[1], epsilon=1e-3, is_training=False)[:3])
    updates = [tf.assign_sub(a, 0.1 * (a - new)) for a, new in zip(averages, [mean, variance])]
    logits = dense(tf.reduce_mean(tf.tanh(h) * x, [1, 2]), "out", 3)
    with tf.control_dependencies(updates):
        finish(logits, class_loss(logits, y), tf.train.GradientDescentOptimizer(0.1))
    return normal(5, 5, 2), random.randint(0, 3, [ROWS, 1])


@network(loops_v2=False)
def branches():
    """Conditionals of TensorFlow 1 on data, in the network and in the loss."""
    branching_network()
    return normal(5), clicks()


@network(resource=True)
def branches_functions():
    """The same with conditionals of TensorFlow 2, whose gradients pass optional values."""
    branching_network()
    return normal(5), clicks()


def branching_network():
    x, y = inputs([5])
    h = dense(x, "hidden", 4, tf.tanh)
    h = tf.cond(tf.reduce_mean(x) > 0, lambda: h * 2.0, lambda: tf.square(h))
    logits = dense(h, "out", 1)
    loss = click_loss(logits, y)
    loss = tf.cond(tf.reduce_sum(y) > BATCH / 2, lambda: loss, lambda: 1.5 * loss)
    finish(logits, loss, tf.train.AdagradOptimizer(0.05), norm=0.3)


@network(resource=True)
def functions():
    """A network of `tf.function`s that call each other."""
    x, y = inputs([5])

    @tf2.function
    def activation(t):
        return tf.where(t > 0, t, tf.exp(t) - 1) * 1.0507

    @tf2.function
    def hidden(t, w, b):
        return activation(tf.matmul(t, w) + b)

    w, b = weights("w", [5, 6]), constants("b", [6])
    logits = dense(hidden(x, tf.convert_to_tensor(w), tf.convert_to_tensor(b)), "out", 1)
    finish(logits, click_loss(logits, y), tf.train.AdamOptimizer(0.02), norm=0.2)
    return normal(5), clicks()


# Other losses.


@network()
def autoencoder():
    """Squared errors of the input itself; centered RMSProp; moving averages of all parameters."""
    x, y = inputs([8])
    code = dense(dense(x, "in1", 6, tf.nn.softplus), "in2", 2)
    logits = dense(dense(code, "out1", 6, tf.nn.selu), "out2", 8, tf.sigmoid)
    loss = tf.reduce_mean(tf.square(logits - x)) + 1e-3 * tf.reduce_mean(tf.abs(code)) + 0.0 * tf.reduce_mean(y)
    tf.identity(logits, name="logits")
    step = tf.train.RMSPropOptimizer(0.005, centered=True).minimize(tf.identity(loss, name="loss"))
    with tf.control_dependencies([step]):
        tf.group(tf.train.ExponentialMovingAverage(0.99).apply(tf.trainable_variables()), name="train_step")
    return random.random_sample([ROWS, 8]), clicks()


@network()
def quantiles():
    """Three quantiles at once, sums of absolute weights, a rate that restarts."""
    x, y = inputs([4])
    logits = dense(dense(x, "hidden", 6, tf.nn.swish), "out", 3)
    shares = tf.constant([[0.1, 0.5, 0.9]])
    loss = tf.reduce_mean(tf.maximum(shares * (y - logits), (shares - 1) * (y - logits)))
    loss += 1e-3 * tf.add_n([tf.reduce_sum(tf.abs(v)) for v in tf.trainable_variables()])
    step = tf.train.get_or_create_global_step()
    finish(logits, loss, tf.train.GradientDescentOptimizer(tf.train.cosine_decay_restarts(0.05, step, 8)), step)
    data = normal(4)
    return data, 2 * data[:, :1] + 0.1 * normal(1)


@network()
def siamese():
    """Pairs that share a network, contrastive loss, a rate that falls along a line."""
    x, y = inputs([2, 5])

    def side(t):
        with tf.variable_scope("side", reuse=tf.AUTO_REUSE):
            return tf.nn.l2_normalize(dense(dense(t, "a", 6, tf.tanh), "b", 3), 1)

    left, right = [side(t) for t in tf.unstack(x, axis=1)]
    distance = tf.sqrt(tf.reduce_sum(tf.squared_difference(left, right), 1, keepdims=True) + 1e-8)
    loss = tf.reduce_mean(y * tf.square(distance) + (1 - y) * tf.square(tf.maximum(1.0 - distance, 0.0)))
    step = tf.train.get_or_create_global_step()
    finish(-distance, loss, tf.train.AdamOptimizer(tf.train.polynomial_decay(0.02, step, 15, 0.001)), step)
    return normal(2, 5), clicks()


# Writing.


def export(name, function, is_resource, loops_v2, classes):
    random.seed(7)
    (tf.enable_resource_variables if is_resource else tf.disable_resource_variables)()
    (tf.enable_control_flow_v2 if loops_v2 else tf.disable_control_flow_v2)()
    graph = tf.Graph()
    with graph.as_default(), tf.Session(graph=graph) as session:
        tf.set_random_seed(3)
        x, y = [array.astype(np.float32) for array in function()]
        start = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer(), name="ws_init")
        session.run(start)
        variables = tf.trainable_variables()
        tensors = {"x": x, "y": y}
        tensors |= {variable.op.name: value for variable, value in zip(variables, session.run(variables))}

        def run(fetch, step):
            rows = slice(step % BATCHES * BATCH, (step % BATCHES + 1) * BATCH)
            return session.run(fetch, {
                f"{node}:0": array[rows].astype(graph.get_tensor_by_name(f"{node}:0").dtype.as_numpy_dtype)
                for node, array in [("input_x", x), ("input_y", y)]})

        losses = []
        for step in range(STEPS):
            losses.append(run("loss:0", step))
            run("train_step", step)
        tensors |= {"losses": losses, "logits": run("logits:0", BATCHES - 1)}
    definition = tf.graph_util.extract_sub_graph(
        graph.as_graph_def(), ["input_x", "input_y", "logits", "loss", "train_step", "ws_init"])
    for node in definition.node:
        for attribute in [a for a in node.attr if a.startswith("_")]:
            del node.attr[attribute]
    names = [variable.op.name for variable in variables]
    settings = {
        "dense": names, "gradient": [f"d-{n}" for n in names], "batch_size": BATCH,
        "input_size": [BATCH, *x.shape[1:]], "output_size": [BATCH, *y.shape[1:]], "observe": ["loss"],
        "model_name": name, "pb_path": f"{name}.pb"}
    if classes:
        settings["class_num"] = classes
    shapes = {variable.op.name: variable.shape.as_list() for variable in variables}
    (FOLDER / f"{name}.json").write_text(json.dumps({"other": settings, "dense_shape": shapes}) + "\n")
    (FOLDER / f"{name}.pb").write_bytes(definition.SerializeToString(deterministic=True))
    safetensors_writer.save(FOLDER / f"{name}.safetensors", tensors, {"tensorflow": tf.__version__})
    print(f"{name}: {len(definition.node)} nodes, loss {losses[0]:.4f} to {losses[-1]:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    for name in parser.parse_args().names or NETWORKS:
        export(name, *NETWORKS[name])
