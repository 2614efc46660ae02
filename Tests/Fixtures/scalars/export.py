"""Makes values.txt: what TensorFlow computes for Doubles and integers, one case per line.

    python export.py

A line is a type, a function, its operands and its results. Needs TensorFlow 2.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

raw = tf.raw_ops
INF, NAN = float("inf"), float("nan")

UNARY = {
    "negate": tf.negative, "absolute": tf.abs, "sign": tf.sign, "exp": tf.exp, "expm1": tf.math.expm1,
    "log": tf.math.log, "log1p": tf.math.log1p, "squareRoot": tf.sqrt, "reciprocalSquareRoot": tf.math.rsqrt,
    "reciprocal": tf.math.reciprocal, "square": tf.square, "sigmoid": tf.sigmoid, "tanh": tf.tanh,
    "relu": tf.nn.relu, "relu6": tf.nn.relu6, "elu": tf.nn.elu, "selu": tf.nn.selu, "softplus": tf.nn.softplus,
    "softsign": tf.nn.softsign, "erf": tf.math.erf, "erfc": tf.math.erfc, "floor": tf.floor, "ceil": tf.math.ceil,
    "round": tf.round, "sin": tf.sin, "cos": tf.cos,
}
BINARY = {
    "add": raw.AddV2, "subtract": raw.Sub, "multiply": raw.Mul, "divide": raw.Div, "divideOrZero": raw.DivNoNan,
    "maximum": raw.Maximum, "minimum": raw.Minimum, "power": raw.Pow, "squaredDifference": raw.SquaredDifference,
    "floorDivide": raw.FloorDiv, "floorModulo": raw.FloorMod, "truncateDivide": raw.TruncateDiv,
    "truncateModulo": raw.TruncateMod, "atan2": lambda x, y: raw.Atan2(y=x, x=y),
    "reluGradient": lambda x, y: raw.ReluGrad(gradients=x, features=y),
    "sigmoidGradient": lambda x, y: raw.SigmoidGrad(y=x, dy=y),
    "tanhGradient": lambda x, y: raw.TanhGrad(y=x, dy=y),
    "relu6Gradient": lambda x, y: raw.Relu6Grad(gradients=x, features=y),
    "eluGradient": lambda x, y: raw.EluGrad(gradients=x, outputs=y),
    "seluGradient": lambda x, y: raw.SeluGrad(gradients=x, outputs=y),
    "softplusGradient": lambda x, y: raw.SoftplusGrad(gradients=x, features=y),
}
INTEGER_UNARY = ["negate", "absolute", "sign", "square", "relu", "relu6"]
INTEGER_BINARY = [
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "squaredDifference", "floorDivide", "floorModulo",
    "truncateDivide", "truncateModulo", "reluGradient", "relu6Gradient",
]

ARGUMENTS = [0, 0.001, -0.001, 0.5, -0.5, 1, -1, 2.5, -2.5, 3.5, 7, -7.25, 40, -40, INF, -INF, NAN]
PAIRS = [
    (7.5, 2), (-7.5, 2), (7.5, -2), (-7.5, -2), (6, 3), (-6, 3), (0, 5), (-0.0, 5), (0, -5), (1, 0), (-1, 0), (1, -0.0),
    (0, 0), (0, -0.0), (-2, 0.5), (-2, 3), (0.25, -0.75), (0.25, 6), (0.25, 7), (INF, 2), (2, INF), (-2, INF),
    (2, -INF), (NAN, 1), (1, NAN),
]
LOGITS = [[1, -2.5, 0.75, 3], [0, 0, 0, 0], [1000, -1000, 999, 0.5], [-700, -710, -705, -700.25]]
LABELS = [[0.1, 0.2, 0.3, 0.4], [1, 0, 0, 0], [0.25, 0, 0.75, 0], [0.5, 0.5, 0.5, 0]]
CLASSES = [3, 0, 2, 1]

cases = []


def note(kind, function, *columns):
    """Adds a line for each case; a column has a number or a row of numbers of each."""
    rows = [np.concatenate([np.atleast_1d(value) for value in row]) for row in zip(*columns)]
    cases.extend(" ".join([kind, function, *(str(value) for value in row.tolist())]) for row in rows)


def of_doubles():
    x = tf.constant(ARGUMENTS, tf.float64)
    a, b = (tf.constant(column, tf.float64) for column in zip(*PAIRS))
    for name, function in UNARY.items():
        y = function(x).numpy()
        if name == "erf":
            # TensorFlow 2.21 has NaN at the infinities, for Doubles only.
            y = np.where(np.isinf(x), np.sign(x), y)
        note("float64", name, x.numpy(), y)
    for name, function in BINARY.items():
        note("float64", name, a.numpy(), b.numpy(), function(x=a, y=b).numpy())
    logits, labels = tf.constant(LOGITS, tf.float64), tf.constant(LABELS, tf.float64)
    note("float64", "softmax", logits.numpy(), tf.nn.softmax(logits).numpy())
    note("float64", "logSoftmax", logits.numpy(), tf.nn.log_softmax(logits).numpy())
    dense = raw.SoftmaxCrossEntropyWithLogits(features=logits, labels=labels)
    note("float64", "crossEntropy", logits.numpy(), labels.numpy(), dense.loss.numpy(), dense.backprop.numpy())
    sparse = raw.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=CLASSES)
    note(
        "float64", "sparseCrossEntropy", logits.numpy(), np.array(CLASSES, np.float64), sparse.loss.numpy(),
        sparse.backprop.numpy())


def of_integers(dtype):
    least, most = dtype.min, dtype.max
    x = tf.constant([0, 1, -1, 5, 6, 7, -7, 50_000, most, least, least + 1], dtype)
    # TensorFlow ends with a signal when the least integer is divided by -1.
    pairs = [
        (7, 2), (-7, 2), (7, -2), (-7, -2), (6, 3), (-6, 3), (0, -5), (5, 6), (-5, 7), (most, 2), (least, 2),
        (most, -2), (least, -2), (most, most), (least, most), (most, least), (least, least), (3, least), (-3, most),
    ]
    bits = 8 * dtype.size
    powers = [
        (2, 0), (0, 0), (0, 3), (-1, 5), (-2, 3), (3, 4), (7, 30), (-3, 41), (2, bits - 1), (2, bits), (least, 2),
        (most, 2), (most, 3),
    ]
    for name in INTEGER_UNARY:
        note(dtype.name, name, x.numpy(), UNARY[name](x).numpy())
    for name in INTEGER_BINARY + ["power"]:
        a, b = (tf.constant(column, dtype) for column in zip(*(powers if name == "power" else pairs)))
        note(dtype.name, name, a.numpy(), b.numpy(), BINARY[name](x=a, y=b).numpy())


if __name__ == "__main__":
    of_doubles()
    of_integers(tf.int32)
    of_integers(tf.int64)
    path = pathlib.Path(__file__).resolve().parent / "values.txt"
    path.write_text("\n".join(cases) + "\n")
    print(f"{len(cases)} cases, TensorFlow {tf.__version__}")
