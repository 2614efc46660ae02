"""Weights and optimizer state after steps of TensorFlow's own update kernels: optimizers.safetensors.

    python optimizers.py [--every-step] [FILE]

Made with TensorFlow 2.21.0, seed none: gradients are a pure function of step and element, computed alike by the
tests. For each case and form there are the tensors CASE/FORM/weights and CASE/FORM/SLOT, shape [steps, ...], where
FORM is dense or rows; the metadata has `steps`, `tensorflow` and each case's optimizer as `optimizer.CASE`.
"""

import json
import struct
import sys

import numpy as np
import tensorflow as tf

STEPS = 1000
CHECKPOINTS = [1, 2, 3, 10, 30, 100, 300, 1000]
DENSE_SHAPE = (9, 5)
TABLE_SHAPE = (12, 5)
MASK = (1 << 64) - 1
ops = tf.raw_ops


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def bits(step, index):
    return mix((step * 0x9E3779B97F4A7C15 + index) & MASK)


def values(step, count):
    return np.array([(bits(step, i) >> 40) * 2.0**-23 - 1 for i in range(count)], np.float32)


def dense_gradient(step):
    return values(step, int(np.prod(DENSE_SHAPE))).reshape(DENSE_SHAPE)


def row_gradient(step):
    rows = [r for r in range(TABLE_SHAPE[0]) if bits(step, 100_000 + r) & 3 == 0]
    return np.array(rows, np.int64), values(step, TABLE_SHAPE[0] * TABLE_SHAPE[1]).reshape(TABLE_SHAPE)[rows]


def start(shape):
    return values(1_000_000, int(np.prod(shape))).reshape(shape)


class Case:
    """An optimizer: its text, its slots and their first values, and one step in each form."""

    def __init__(self, text, slots, dense, rows, scalars=()):
        self.text, self.slots, self.dense, self.rows, self.scalars = text, slots, dense, rows, scalars


def f(x):
    return tf.constant(x, tf.float32)


def sgd(rate):
    def rows(w, s, i, g):
        w.scatter_sub(tf.IndexedSlices(f(rate) * g, i))

    return Case(
        f"sgd:rate={rate}", {}, lambda w, s, g: ops.ResourceApplyGradientDescent(var=w.handle, alpha=f(rate), delta=g),
        rows)


def momentum(rate, momentum, nesterov):
    def arguments(w, s):
        return dict(var=w.handle, accum=s["momentum"].handle, lr=f(rate), momentum=f(momentum), use_nesterov=nesterov)

    return Case(
        f"momentum:rate={rate},momentum={momentum},nesterov={int(nesterov)}", {"momentum": 0.0},
        lambda w, s, g: ops.ResourceApplyMomentum(grad=g, **arguments(w, s)),
        lambda w, s, i, g: ops.ResourceSparseApplyMomentum(grad=g, indices=i, **arguments(w, s)))


def adagrad(rate, initial, epsilon):
    def arguments(w, s):
        extra = {} if epsilon == 0 else {"epsilon": f(epsilon)}
        return dict(var=w.handle, accum=s["accumulator"].handle, lr=f(rate), **extra)

    dense = ops.ResourceApplyAdagrad if epsilon == 0 else ops.ResourceApplyAdagradV2
    rows = ops.ResourceSparseApplyAdagrad if epsilon == 0 else ops.ResourceSparseApplyAdagradV2
    return Case(
        f"adagrad:rate={rate},initial={initial},epsilon={epsilon}", {"accumulator": initial},
        lambda w, s, g: dense(grad=g, **arguments(w, s)),
        lambda w, s, i, g: rows(grad=g, indices=i, **arguments(w, s)))


def rmsprop(rate, decay, momentum, epsilon, centered):
    def arguments(w, s):
        extra = {"mg": s["mean"].handle} if centered else {}
        return dict(
            var=w.handle, ms=s["rms"].handle, mom=s["momentum"].handle, lr=f(rate), rho=f(decay), momentum=f(momentum),
            epsilon=f(epsilon), **extra)

    dense = ops.ResourceApplyCenteredRMSProp if centered else ops.ResourceApplyRMSProp
    rows = ops.ResourceSparseApplyCenteredRMSProp if centered else ops.ResourceSparseApplyRMSProp
    name = "centered_rmsprop" if centered else "rmsprop"
    slots = {"rms": 1.0, "momentum": 0.0}
    if centered:
        slots["mean"] = 0.0
    return Case(
        f"{name}:rate={rate},decay={decay},momentum={momentum},epsilon={epsilon}", slots,
        lambda w, s, g: dense(grad=g, **arguments(w, s)),
        lambda w, s, i, g: rows(grad=g, indices=i, **arguments(w, s)))


def adam_dense(rate, beta1, beta2, epsilon, nesterov=False):
    def dense(w, s, g):
        p1, p2 = s["beta1_power"], s["beta2_power"]
        ops.ResourceApplyAdam(
            var=w.handle, m=s["m"].handle, v=s["v"].handle, beta1_power=p1, beta2_power=p2, lr=f(rate),
            beta1=f(beta1), beta2=f(beta2), epsilon=f(epsilon), grad=g, use_nesterov=nesterov)
        p1.assign(p1 * f(beta1))
        p2.assign(p2 * f(beta2))

    return dense


def adam(rate, beta1, beta2, epsilon, nesterov=False):
    def rows(w, s, i, g):
        # What tf.compat.v1.train.AdamOptimizer builds for IndexedSlices.
        p1, p2, m, v = s["beta1_power"], s["beta2_power"], s["m"], s["v"]
        lr = f(rate) * tf.sqrt(1 - p2) / (1 - p1)
        m.assign(m * f(beta1))
        m.scatter_add(tf.IndexedSlices(g * (1 - f(beta1)), i))
        v.assign(v * f(beta2))
        v.scatter_add(tf.IndexedSlices((g * g) * (1 - f(beta2)), i))
        w.assign_sub(lr * m / (tf.sqrt(v) + f(epsilon)))
        p1.assign(p1 * f(beta1))
        p2.assign(p2 * f(beta2))

    return Case(
        f"adam:rate={rate},beta1={beta1},beta2={beta2},epsilon={epsilon},nesterov={int(nesterov)}", {"m": 0.0, "v": 0.0},
        adam_dense(rate, beta1, beta2, epsilon, nesterov), None if nesterov else rows,
        {"beta1_power": beta1, "beta2_power": beta2})


def lazy_adam(rate, beta1, beta2, epsilon):
    step = adam_dense(rate, beta1, beta2, epsilon)

    def rows(w, s, i, g):
        # Each row is a variable of its own under ApplyAdam.
        for k, row in enumerate(i):
            one = {name: tf.Variable(s[name][row]) for name in s}
            weights = tf.Variable(w[row])
            step(weights, one, g[k])
            for target, value in [(w, weights)] + [(s[name], one[name]) for name in s]:
                target.scatter_update(tf.IndexedSlices(value[None], [row]))

    return Case(
        f"lazy_adam:rate={rate},beta1={beta1},beta2={beta2},epsilon={epsilon}", {"m": 0.0, "v": 0.0}, step, rows,
        {"beta1_power": beta1, "beta2_power": beta2})


def ftrl(rate, power, initial, l1, l2, shrinkage):
    def arguments(w, s):
        extra = {} if shrinkage == 0 else {"l2_shrinkage": f(shrinkage)}
        return dict(
            var=w.handle, accum=s["accumulator"].handle, linear=s["linear"].handle, lr=f(rate), l1=f(l1), l2=f(l2),
            lr_power=f(power), **extra)

    dense = ops.ResourceApplyFtrl if shrinkage == 0 else ops.ResourceApplyFtrlV2
    rows = ops.ResourceSparseApplyFtrl if shrinkage == 0 else ops.ResourceSparseApplyFtrlV2
    return Case(
        f"ftrl:rate={rate},power={power},initial={initial},l1={l1},l2={l2},shrinkage={shrinkage}",
        {"accumulator": initial, "linear": 0.0},
        lambda w, s, g: dense(grad=g, **arguments(w, s)),
        lambda w, s, i, g: rows(grad=g, indices=i, **arguments(w, s)))


CASES = {
    "sgd": sgd(0.05),
    "momentum": momentum(0.05, 0.9, False),
    "nesterov": momentum(0.05, 0.9, True),
    "adagrad": adagrad(0.05, 0.1, 0),
    "adagrad-v2": adagrad(0.05, 0.1, 1e-3),
    "rmsprop": rmsprop(0.01, 0.9, 0.0, 1e-10, False),
    "rmsprop-momentum": rmsprop(0.01, 0.9, 0.5, 1e-3, False),
    "centered-rmsprop": rmsprop(0.01, 0.9, 0.5, 1e-3, True),
    "adam": adam(0.01, 0.9, 0.999, 1e-8),
    "nadam": adam(0.01, 0.9, 0.999, 1e-8, True),
    "lazy-adam": lazy_adam(0.01, 0.9, 0.999, 1e-8),
    "ftrl": ftrl(0.05, -0.5, 0.1, 0.0, 0.0, 0),
    "ftrl-l1-l2": ftrl(0.05, -0.5, 0.1, 1.0, 0.5, 0),
    "ftrl-power": ftrl(0.05, -0.3, 0.1, 0.5, 0.1, 0),
    "ftrl-v2": ftrl(0.05, -0.5, 0.1, 0.5, 0.1, 0.01),
}


def run(case, form, checkpoints):
    shape = DENSE_SHAPE if form == "dense" else TABLE_SHAPE
    per_row = case.text.startswith("lazy_adam") and form == "rows"
    weights = tf.Variable(start(shape))
    slots = {name: tf.Variable(np.full(shape, value, np.float32)) for name, value in case.slots.items()}
    for name, value in dict(case.scalars).items():
        slots[name] = tf.Variable(np.full(shape[:1] if per_row else (), value, np.float32))
    history = {"weights": [], **{name: [] for name in slots}}
    for step in range(1, STEPS + 1):
        if form == "dense":
            case.dense(weights, slots, tf.constant(dense_gradient(step)))
        else:
            rows, gradient = row_gradient(step)
            case.rows(weights, slots, tf.constant(rows), tf.constant(gradient))
        if step in checkpoints:
            history["weights"].append(weights.numpy())
            for name in slots:
                history[name].append(slots[name].numpy())
    return {name: np.stack(values) for name, values in history.items()}


def save(path, tensors, metadata):
    header, offset = {"__metadata__": metadata}, 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array, np.float32).tobytes())


def main():
    arguments = [a for a in sys.argv[1:] if a != "--every-step"]
    checkpoints = list(range(1, STEPS + 1)) if "--every-step" in sys.argv else CHECKPOINTS
    tensors, metadata = {}, {"tensorflow": tf.__version__, "steps": " ".join(map(str, checkpoints))}
    for name, case in CASES.items():
        metadata[f"optimizer.{name}"] = case.text
        for form in ["dense", "rows"]:
            if getattr(case, form) is None:
                continue
            for slot, array in run(case, form, checkpoints).items():
                tensors[f"{name}/{form}/{slot}"] = array
            print(name, form, flush=True)
    save(arguments[0] if arguments else "optimizers.safetensors", tensors, metadata)


if __name__ == "__main__":
    main()
