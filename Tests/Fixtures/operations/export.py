"""Makes operations.pb: what TensorFlow computes for operations at many shapes, axes, types and edge cases.

    python export.py

Every case is a small graph of its own, under the case's name: variables NAME/a, NAME/b, … are its floating-point
operands, placeholders NAME/i0, NAME/i1, … the others. NAME/y0, NAME/y1, … are the results, and NAME/loss, where there is
a gradient, the sum of all of them times fixed numbers. Constants beside them hold what was fed and what TensorFlow
found: NAME/feed/OPERAND, NAME/expected/y0, NAME/expected/d-a, …. Needs TensorFlow 2, as Models/export does.
"""

import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow.compat.v1 as tf  # noqa: E402

tf.disable_eager_execution()
tf.disable_resource_variables()

F = np.float32
random = np.random.default_rng(1)
CASES = {}


def real(*shape, low=-2.0, high=2.0):
    """Numbers with few digits, so that the fixture is easy to read and ties are rare."""
    return np.round(random.uniform(low, high, shape), 3).astype(F)


def case(name, function, *operands):
    """Adds a case; float32 and float64 operands are differentiated."""
    assert name not in CASES, name
    CASES[name] = (function, [np.asarray(operand) for operand in operands])


# Elementwise functions, at zeros and kinks too.

EVERYWHERE = np.array([[-3, -1, -0.5, 0], [0.25, 0.5, 1, 7]], F)
POSITIVE = np.array([[1e-3, 0.5, 1], [2, 7, 100]], F)
INSIDE = np.array([-0.9, -0.5, 0.25, 0.75], F)
for name, x in {
    "abs": EVERYWHERE, "sign": EVERYWHERE, "negative": EVERYWHERE, "exp": EVERYWHERE, "expm1": EVERYWHERE,
    "square": EVERYWHERE, "sigmoid": EVERYWHERE, "tanh": EVERYWHERE, "erf": EVERYWHERE, "erfc": EVERYWHERE,
    "floor": EVERYWHERE, "ceil": EVERYWHERE, "rint": EVERYWHERE, "round": EVERYWHERE, "sin": EVERYWHERE,
    "cos": EVERYWHERE, "tan": EVERYWHERE, "sinh": EVERYWHERE, "cosh": EVERYWHERE, "asinh": EVERYWHERE,
    "atan": EVERYWHERE, "log": POSITIVE, "log1p": POSITIVE, "sqrt": POSITIVE, "rsqrt": POSITIVE,
    "reciprocal": POSITIVE, "acosh": POSITIVE + 1, "asin": INSIDE, "acos": INSIDE, "atanh": INSIDE,
}.items():
    case(name, getattr(tf.math, name), x)
for name in ["relu", "relu6", "elu", "selu", "softplus", "softsign", "leaky_relu", "swish"]:
    case(name, getattr(tf.nn, name), EVERYWHERE)
SPECIAL = np.array([0, -1, np.nan, np.inf, -np.inf], F)
for name in ["is_nan", "is_inf", "is_finite", "sigmoid", "tanh"]:
    case(f"{name}_special", lambda x, f=getattr(tf.math, name): tf.stop_gradient(f(x)), SPECIAL)
case("double", lambda x: tf.tanh(x) * x, EVERYWHERE.astype(np.float64))
case("clip", lambda x: tf.clip_by_value(x, -0.5, 1.0), EVERYWHERE)
case("log_sigmoid", tf.math.log_sigmoid, EVERYWHERE)

# Two operands: broadcasting, ties, zeros, integers.

for name in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "squared_difference", "atan2"]:
    f = getattr(tf.math, name)
    case(f"{name}_row", f, real(2, 3), real(3))
    case(f"{name}_column", f, real(2, 1), real(3))
    case(f"{name}_scalar", f, real(2, 2), real())
    case(f"{name}_empty", f, real(0, 3), real(3))
for name in ["maximum", "minimum"]:
    case(f"{name}_ties", getattr(tf.math, name), F([1, 2, 0]), F([1, 0, 0]))
case("pow", tf.pow, F([0.5, 2, 3, 1]), F([2, -1, 0.5, 0]))
case("div_no_nan", tf.math.divide_no_nan, F([1, 2, 0]), F([2, 0, 0]))
case("xlogy", tf.math.xlogy, F([0, 1, 2]), F([0.5, 2, 3]))
case("xdivy", tf.math.xdivy, F([0, 1, 2]), F([0.5, 2, 3]))
case("float_mod", tf.math.floormod, F([5.5, -5.5, 5.5]), F([2, 2, -2]))
for t in [np.int32, np.int64]:
    a, b = np.array([7, -7, 7, -7, 0], t), np.array([2, 2, -2, -2, 3], t)
    for name in ["floordiv", "floormod", "truncatediv", "truncatemod", "multiply", "maximum"]:
        case(f"{name}_{t.__name__}", getattr(tf, name), a, b)
    for name in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]:
        case(f"{name}_{t.__name__}", getattr(tf.math, name), a, b)
case("wraps", tf.add, np.array([2**31 - 1, -(2**31)], np.int32), np.array([1, -1], np.int32))
case("logic", lambda a, b: [tf.logical_and(a, b), tf.logical_or(a, b), tf.logical_xor(a, b), tf.logical_not(a)],
     np.array([True, True, False, False]), np.array([True, False, True, False]))
case("cast", lambda a, b: [tf.cast(a, tf.int32), tf.cast(a, tf.bool), tf.cast(b, tf.float32)],
     F([-1.7, 0, 2.9]), np.array([3, -4], np.int64))
case("where", tf.where_v2, np.array([[True], [False]]), real(2, 3), real(3))
case("select_rows", lambda c, a, b: tf.where(c, a, b), np.array([True, False]), real(2, 3), real(2, 3))
case("add_n", lambda a, b, c: tf.add_n([a, b, c]), real(2), real(2), real(2))

# Reductions: any axes, kept or not; ties, zeros, nothing to reduce.

for name in ["sum", "mean", "max", "min", "prod"]:
    f = getattr(tf, f"reduce_{name}")
    for mark, axis, keep in [
        ("all", None, False), ("first", 0, False), ("last_kept", -1, True), ("outer", [0, 2], False),
        ("outer_kept", [-1, 0], True), ("none", [], False),
    ]:
        case(f"{name}_{mark}", lambda x, f=f, a=axis, k=keep: f(x, axis=a, keepdims=k), real(2, 3, 2))
for name in ["max", "min"]:
    case(f"{name}_ties", lambda x, f=getattr(tf, f"reduce_{name}"): f(x, axis=1), F([[1, 3, 3, 1], [2, 2, 2, 2]]))
case("prod_zeros", lambda x: tf.reduce_prod(x, axis=1), F([[2, 0, 3], [0, 0, 3], [1, 2, 3]]))
case("sum_empty", lambda x: tf.reduce_sum(x, axis=0), real(0, 3))
case("sum_integers", lambda x: tf.reduce_sum(x, axis=-1), np.array([[1, -2], [3, 4]], np.int64))
for name in ["any", "all"]:
    case(name, lambda x, f=getattr(tf, f"reduce_{name}"): f(x, axis=1), np.array([[True, False], [True, True], [False] * 2]))
case("logsumexp", lambda x: tf.reduce_logsumexp(x, axis=1), F([[1, 2], [-50, 80], [0, 0]]))
case("variance", lambda x: tf.math.reduce_variance(x, axis=0), real(3, 2))
case("moments", lambda x: tf.nn.moments(x, [0, 1]), real(3, 2, 2))
case("argmax", lambda x: [tf.argmax(x, axis=1), tf.argmin(x, axis=0)], F([[1, 5, 5], [2, -1, 0]]))
case("l2_loss", tf.nn.l2_loss, real(2, 3))
case("cumsum", lambda x: [tf.cumsum(x, 1), tf.cumsum(x, 0, exclusive=True), tf.cumsum(x, -1, reverse=True)], real(2, 3))
case("cumprod", lambda x: [tf.math.cumprod(x, 1), tf.math.cumprod(x, 0, exclusive=True, reverse=True)], real(2, 3, low=1))

# Moving elements.

case("concat", lambda a, b: tf.concat([a, b], -1), real(2, 1), real(2, 3))
case("stack", lambda a, b: [tf.stack([a, b], 1), tf.stack([a, b], -1)], real(2, 2), real(2, 2))
case("unstack", lambda x: tf.unstack(x, axis=1), real(2, 3))
case("split", lambda x: tf.split(x, 2, axis=0) + tf.split(x, [1, -1, 1], axis=1), real(4, 3))
case("tile", lambda x: tf.tile(x, [2, 1, 3]), real(1, 2, 2))
case("pad", lambda x: [tf.pad(x, [[1, 0], [0, 2]]), tf.pad(x, [[0, 0], [1, 1]], constant_values=7)], real(2, 2))
case("mirror_pad", lambda x: [tf.pad(x, [[1, 1], [2, 0]], "REFLECT"), tf.pad(x, [[2, 0], [1, 1]], "SYMMETRIC")], real(2, 3))
case("reverse", lambda x: [tf.reverse(x, [0]), tf.reverse(x, [-1, 0])], real(2, 3))
case("roll", lambda x: [tf.roll(x, 1, 0), tf.roll(x, [-2, 4], [1, 0])], real(3, 4))
case("transpose", lambda x: [tf.transpose(x), tf.transpose(x, [1, 2, 0])], real(2, 3, 2))
case("reshape", lambda x: [tf.reshape(x, [-1, 2]), tf.reshape(x, [3, 1, 2, 1]), tf.expand_dims(x, -2)], real(2, 3))
case("squeeze", lambda x: [tf.squeeze(x), tf.squeeze(x, [-1])], real(1, 3, 1))
case("broadcast_to", lambda x: tf.broadcast_to(x, [2, 3, 2]), real(3, 1))
case("slices", lambda x: [
    tf.slice(x, [0, 1], [-1, 2]), x[1], x[:, -1], x[::-1, ::2], x[..., tf.newaxis, 1:3], x[-1:, :-1], x[0, tf.newaxis, 2],
    x[2:1]], real(3, 4))
case("gather", lambda x, i, j: [tf.gather(x, i), tf.gather(x, i, axis=1), tf.gather(x, j, axis=1, batch_dims=1)],
     real(3, 3, 2), np.array([[2, 0], [0, 0]], np.int32), np.array([[0, 1], [2, 2], [1, 0]], np.int64))
case("gather_nd", lambda x, i, j: [tf.gather_nd(x, i), tf.gather_nd(x, j)],
     real(3, 2, 2), np.array([[2, 1], [0, 0], [2, 1]], np.int32), np.array([[1]], np.int64))
case("scatter_nd", lambda i, x: tf.scatter_nd(i, x, [4, 2]), np.array([[1], [3], [1]], np.int32), real(3, 2))
case("segments", lambda x, i: [tf.math.unsorted_segment_sum(x, i, 4), tf.math.segment_sum(x, tf.constant([0, 0, 2, 2]))],
     real(4, 2), np.array([3, 0, -1, 3], np.int32))
case("one_hot", lambda i: [tf.one_hot(i, 3), tf.one_hot(i, 3, 5.0, -1.0, axis=0)], np.array([[0, 2], [-1, 3]], np.int64))
case("top_k", lambda x: tf.nn.top_k(x, 2), F([[1, 3, 2], [4, 4, 0]]))
case("band_part", lambda x: [tf.linalg.band_part(x, 1, 0), tf.linalg.band_part(x, -1, 1)], real(3, 4))
case("diag_part", tf.linalg.diag_part, real(2, 3, 3))
case("sequence_mask", lambda i: tf.sequence_mask(i, 4), np.array([0, 2, 5], np.int32))
case("space_depth", lambda x: [tf.nn.space_to_depth(x, 2), tf.nn.depth_to_space(x, 2)], real(1, 2, 4, 4))

# Products.

for a, b in [(False, False), (False, True), (True, False), (True, True)]:
    x, y = real(*((3, 2) if a else (2, 3))), real(*((4, 3) if b else (3, 4)))
    f = lambda x, y, a=a, b=b: tf.matmul(x, y, transpose_a=a, transpose_b=b)  # noqa: E731
    case(f"matmul_{int(a)}{int(b)}", f, x, y)
    case(f"batch_matmul_{int(a)}{int(b)}", f, np.stack([x, -x]), np.stack([y, y + 1]))
case("matmul_shared", tf.matmul, real(2, 1, 2, 3), real(3, 3, 2))
case("matmul_empty", tf.matmul, real(2, 0), real(0, 3))
case("einsum", lambda x, y: [tf.einsum("bij,jk->bik", x, y), tf.einsum("bij->bi", x)], real(2, 2, 3), real(3, 2))
case("tensordot", lambda x, y: tf.tensordot(x, y, [[1, 2], [0, 1]]), real(2, 3, 2), real(3, 2, 2))

# Networks.

image = real(2, 5, 4, 2)
for mark, strides, padding, dilations in [
    ("same", 1, "SAME", 1), ("valid", 1, "VALID", 1), ("strided", [2, 1], "SAME", 1), ("dilated", 1, "SAME", 2),
    ("explicit", 1, [[0, 0], [2, 1], [0, 1], [0, 0]], 1),
]:
    case(f"conv2d_{mark}", lambda x, w, s=strides, p=padding, d=dilations: tf.nn.conv2d(x, w, s, p, dilations=d),
         image, real(3, 2, 2, 3))
case("conv2d_transpose", lambda d, w: tf.nn.conv2d_transpose(d, w, [1, 4, 6, 2], 2, "SAME"), real(1, 2, 3, 2), real(3, 3, 2, 2))
case("conv1d", lambda x, w: tf.nn.conv1d(x, w, 2, "SAME"), real(2, 5, 2), real(3, 2, 2))
case("depthwise", lambda x, w: tf.nn.depthwise_conv2d(x, w, [1, 2, 2, 1], "SAME"), image, real(3, 3, 2, 2))
for name in ["max_pool", "avg_pool"]:
    for size, stride, padding in [(2, 2, "VALID"), (3, 2, "SAME"), (2, 1, "SAME")]:
        case(f"{name}_{size}{stride}_{padding}", lambda x, f=getattr(tf.nn, f"{name}2d"), a=(size, stride, padding): f(x, *a), image)
case("max_pool_ties", lambda x: tf.nn.max_pool2d(x, 2, 2, "VALID"), np.ones([1, 4, 4, 1], F))
case("bias_add", lambda x, b: tf.nn.bias_add(x, b), image, real(2))
case("batch_norm", lambda x, a, b: tf.compat.v1.nn.fused_batch_norm(x, a, b, epsilon=0.01)[0], image, real(2), real(2))
case("batch_norm_fixed", lambda x, a, b: tf.compat.v1.nn.fused_batch_norm(
    x, a, b, mean=tf.constant([0.5, -1.0]), variance=tf.constant([2.0, 0.5]), epsilon=0.01, is_training=False)[0],
    image, real(2), real(2))
case("lrn", lambda x: tf.nn.lrn(x, 1, 1.5, 0.3, 0.6), real(1, 2, 2, 4))
for mark, arguments in {
    "plain": {}, "corners": {"align_corners": True}, "centres": {"half_pixel_centers": True}}.items():
    for name in ["nearest_neighbor", "bilinear"]:
        f = getattr(tf.raw_ops, f"Resize{name.title().replace('_', '')}")
        case(f"resize_{name}_{mark}", lambda x, f=f, a=arguments: f(images=x, size=[5, 7], **a), real(1, 3, 4, 1))
case("softmax", lambda x: [tf.nn.softmax(x), tf.nn.log_softmax(x), tf.nn.softmax(x, axis=0)], F([[1, 2, 3], [100, 0, -100]]))
case("softmax_loss", lambda x, y: tf.nn.softmax_cross_entropy_with_logits(logits=x, labels=y),
     F([[1, 2, 3], [100, 0, -100]]), F([[0.2, 0.3, 0.5], [0, 1, 0]]))
case("sparse_softmax_loss", lambda i, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=i, logits=x),
     np.array([2, 0], np.int32), F([[1, 2, 3], [100, 0, -100]]))
case("sigmoid_loss", lambda x, y: tf.nn.sigmoid_cross_entropy_with_logits(logits=x, labels=y),
     F([-100, -1, 0, 2, 100]), F([0, 1, 1, 0, 1]))
case("l2_normalize", lambda x: tf.nn.l2_normalize(x, -1), real(2, 3))
case("global_norm", lambda a, b: tf.clip_by_global_norm([a, b], 1.0)[0], real(2, 3), real(2))
case("clip_by_norm", lambda a: [tf.clip_by_norm(a, 0.5), tf.clip_by_norm(a, 100.0), tf.clip_by_norm(a, 1.0, [1])], real(2, 3))
case("bucketize", lambda x: tf.raw_ops.Bucketize(input=x, boundaries=[-1.0, 0.0, 0.5]), EVERYWHERE)
case("reverse_sequence", lambda x, i: [tf.reverse_sequence(x, i, seq_axis=1), tf.reverse_sequence(
    tf.transpose(x, [1, 0, 2]), i, seq_axis=0, batch_axis=1)], real(3, 4, 2), np.array([0, 3, 4], np.int64))
case("matrix_diag", lambda x: [tf.linalg.diag(x), tf.raw_ops.MatrixDiag(diagonal=x)], real(2, 3))

# Where TensorFlow's kernels decide by themselves: gradients of zero where a slope is infinite.

ROOTS = F([0, 4, 0.25])
for name in ["sqrt", "rsqrt"]:
    f = getattr(tf.math, name)
    case(f"{name}_masked", lambda x, f=f: tf.where_v2(tf.equal(x, 0.0), tf.zeros_like(x), f(x)), ROOTS)
    case(f"{name}_of_zero", f, ROOTS)
    case(f"{name}_grad", lambda y, d, f=getattr(tf.raw_ops, f"{name.title()}Grad"): tf.stop_gradient(f(y=y, dy=d)),
         F([0, 0, 2, np.inf]), F([0, 1, 3, 0]))
case("root_squared", lambda x: tf.square(tf.sqrt(x)), ROOTS)

# Integers that graphs compute from constants, and those of types that programs do not have.

NARROW = [tf.uint8, tf.int8, tf.uint16, tf.int16, tf.uint32]


def known_integers():
    large = tf.constant(2**31 - 1) + tf.constant(1)
    narrowed = tf.cast(tf.constant(2**32 + 5, tf.int64), tf.int32)
    return [tf.cast(large, tf.int64), tf.less(large, 0), tf.floordiv(large, 2), tf.cast(narrowed, tf.int64),
            tf.cast(-tf.constant(-(2**31)), tf.int64), tf.cast(tf.reduce_prod(tf.constant([65536, 32768])), tf.int64)]


case("known_integers", known_integers)
case("known_narrow_casts", lambda: [
    tf.cast(tf.cast(tf.constant([200, 300, -1, 70000, -(2**31)]), t), tf.int64) for t in NARROW])
case("narrow_casts_int32", lambda i: [tf.cast(tf.cast(i, t), tf.int64) for t in NARROW],
     np.array([200, 300, -1, 70000, 2**31 - 1, -(2**31)], np.int32))
case("narrow_casts_int64", lambda i: [tf.cast(tf.cast(i, t), tf.int64) for t in NARROW],
     np.array([200, 300, -1, 2**40 + 5, -(2**33) - 3], np.int64))
case("narrow_casts_float", lambda x: [tf.cast(tf.cast(x, t), tf.int64) for t in NARROW], F([200.5, 300, -1.75, 70000]))

# No gradient where TensorFlow has none.

case("one_hot_numbers", lambda i, a, b: tf.one_hot(i, 3, a, b) + a, np.array([0, 2], np.int32), F(5), F(-1))
case("batch_norm_statistics", lambda x, a, b: tf.compat.v1.nn.fused_batch_norm(x, a, b, epsilon=0.01),
     F([1, 2, 4, -3, 0, 5, 2, 7]).reshape(1, 2, 2, 2), F([1, 2]), F([0, 3]))
case("cumprod_zeros", lambda x: [tf.math.cumprod(x, 1), tf.math.cumprod(x, 1, exclusive=True, reverse=True)],
     F([[2, 0, 3, 4], [0, 5, 0, 2]]))

# Numbers that are very small, very large, or none.

case("sinh_small", lambda x: tf.math.sinh(x) * 1e6, F([1e-7, -3e-7, 2e-6]))
for name, x in {"sinh": F([88, 89, -89]), "cosh": F([88, 89, -89]), "asinh": F([3e25, -3e25, 2e9, 5e8]),
                "acosh": F([3e25, 2e9, 5e8, 3])}.items():
    case(f"{name}_large", getattr(tf.math, name), x)
case("clip_crossed", lambda x: tf.stop_gradient(tf.raw_ops.ClipByValue(t=x, clip_value_min=1.0, clip_value_max=-1.0)),
     F([-2, 0, 2]))
case("bucketize_special", lambda x: tf.raw_ops.Bucketize(input=x, boundaries=[-1.0, 0.0, 0.5]), SPECIAL)
case("in_top_k_special", lambda x, i: tf.math.in_top_k(predictions=x, targets=i, k=2),
     F([[1, 2, 3], [1, 2, 3], [3, 2, 1], [np.nan, 1, 2], [1, np.inf, 2], [3, 2, -np.inf], [1, 2, 3]]),
     np.array([3, -1, 1, 2, 2, 0, 0], np.int32))


def constant(name, value):
    return tf.constant(value, name=name)


def build(name, function, operands, session_feeds):
    """Adds the case's graph; returns what to compute."""
    tensors, differentiable = [], []
    with tf.name_scope(name):
        for number, operand in enumerate(operands):
            if operand.dtype in (np.float32, np.float64):
                label = "abc"[len(differentiable)]
                tensor = tf.Variable(operand, name=label, trainable=False)
                differentiable.append((label, tensor))
            else:
                label = f"i{number}"
                tensor = tf.placeholder(operand.dtype, operand.shape, name=label)
                session_feeds[tensor] = operand
            constant(f"feed/{label}", operand)
            tensors.append(tf.convert_to_tensor(tensor))
        found = function(*tensors)
        found = list(found) if isinstance(found, (list, tuple)) else [found]
        results = {f"y{number}": tf.identity(y, name=f"y{number}") for number, y in enumerate(found)}
        terms = []
        for y in results.values():
            if y.dtype.is_floating and differentiable:
                weights = tf.cast(tf.range(tf.size(y)) % 5, y.dtype) - 1.5
                terms.append(tf.reduce_sum(tf.reshape(y, [-1]) * weights))
        if terms:
            loss = tf.add_n(terms, name="loss")
            gradients = tf.gradients(loss, [tensor for _, tensor in differentiable])
            for (label, _), gradient in zip(differentiable, gradients):
                if gradient is not None:
                    results[f"d-{label}"] = tf.convert_to_tensor(gradient)
    return results


def main():
    graph = tf.Graph()
    with graph.as_default():
        feeds = {}
        results = {name: build(name, *arguments, feeds) for name, arguments in CASES.items()}
        with tf.Session(graph=graph) as session:
            session.run(tf.global_variables_initializer())
            values = session.run(results, feeds)
        kept = []
        for name, found in values.items():
            with tf.name_scope(f"{name}/expected/"):
                kept += [constant(label, value).op.name for label, value in found.items()]
            kept += [results[name][label].op.name for label in found if label.startswith("y")]
            kept += [n.name for n in graph.as_graph_def().node if n.name.startswith(f"{name}/feed/")]
            if f"{name}/loss" in {n.name for n in graph.as_graph_def().node}:
                kept.append(f"{name}/loss")
        definition = tf.graph_util.extract_sub_graph(graph.as_graph_def(), kept)
    for node in definition.node:
        for attribute in [a for a in node.attr if a.startswith("_")]:
            del node.attr[attribute]
    path = pathlib.Path(__file__).resolve().parent / "operations.pb"
    path.write_bytes(definition.SerializeToString(deterministic=True))
    print(f"{len(CASES)} cases, {len(definition.node)} nodes, {path.stat().st_size} bytes, TensorFlow {tf.__version__}")


if __name__ == "__main__":
    main()
