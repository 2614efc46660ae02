"""Makes the golden fixtures under Tests/Fixtures with TensorFlow: run it through `make fixtures`.

mlp_small    a 20-16-5 perceptron: graph, config, data, starting values, and what TensorFlow computes from them
mlp_fashion  the losses of 500 steps of Models/mlp.json on Fashion-MNIST
reference    what TensorFlow computes with the nine networks of the reference, from starts and inputs that are computed

Each folder's README.md says what its files hold. The curves are also computed in double precision, by a few lines of
NumPy that share nothing with TensorFlow: the script stops if the two differ by more than rounding explains.
"""

import json
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "Tests" / "Fixtures"
sys.path.insert(0, str(ROOT / "Models" / "export"))

import numpy as np  # noqa: E402
import safetensors_writer  # noqa: E402
import template  # noqa: E402
import tensorflow as tf  # noqa: E402
import tensorflow_peer as peer  # noqa: E402

SEED = 1
MADE_BY = f"Made by `Scripts/make_fixtures.py` with TensorFlow {tf.__version__} and NumPy {np.__version__}, seed {SEED}."


def perceptron_losses(values, batches, rate):
    """The losses before each step of a two-layer perceptron, in double precision."""
    w1, b1, w2, b2 = (np.array(values[name], np.float64) for name in ["w1", "b1", "w2", "b2"])
    losses = []
    for x, y in batches:
        labels = y[:, 0].astype(int)
        hidden = np.maximum(x @ w1 + b1, 0)
        logits = hidden @ w2 + b2
        logits -= logits.max(axis=1, keepdims=True)
        log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        losses.append(-log_softmax[np.arange(len(x)), labels].mean())
        d_logits = np.exp(log_softmax)
        d_logits[np.arange(len(x)), labels] -= 1
        d_logits /= len(x)
        d_hidden = (d_logits @ w2.T) * (hidden > 0)
        w2 -= rate * (hidden.T @ d_logits)
        b2 -= rate * d_logits.sum(axis=0, keepdims=True)
        w1 -= rate * (x.T.astype(np.float64) @ d_hidden)
        b1 -= rate * d_hidden.sum(axis=0, keepdims=True)
    return np.array(losses)


def curve(graph, values, x, y, size, steps):
    """TensorFlow's losses before each step, and their largest relative difference from double precision."""
    graph.assign(values)
    losses = np.array([graph.step(*batch) for batch in peer.batches(x, y, size, steps)], np.float32)
    exact = perceptron_losses(values, peer.batches(x, y, size, steps), np.float32(graph.settings["learning_rate"]))
    difference = float(np.max(np.abs(losses - exact) / exact))
    print(f"  {steps} steps: loss {losses[0]:.4f} to {losses[-1]:.4f}, at most {difference:.1e} from double precision")
    if not difference < 1e-4:
        sys.exit("TensorFlow's curve differs from double precision by more than rounding explains")
    return losses, difference


def save(folder, arrays):
    """Writes arrays as .npy files named after their keys."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array, np.float32))


def fresh(name):
    """An empty folder for one fixture."""
    folder = FIXTURES / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    print(folder)
    return folder


def mlp_small():
    pixels, hidden, classes, rows, size = 20, 16, 5, 256, 32
    folder = fresh("mlp_small")
    options = template.parser("").parse_args(["--output", str(folder), "--batch-size", str(size)])

    def network(x):
        return template.dense(template.dense(x, 1, pixels, hidden, tf.nn.relu), 2, hidden, classes)

    template.export("mlp_small", network, options, [pixels], classes=classes, counts_steps=True)
    graph = peer.Graph(folder / "mlp_small.json")
    values = peer.uniform(graph.shapes, SEED, 1.0)

    # Labels that a perceptron can learn: the largest of a few random projections.
    x = peer.uniform({"x": [rows, pixels]}, SEED + 1, 2.0)["x"]
    projection = peer.uniform({"p": [pixels, classes]}, SEED + 2, 2.0)["p"]
    y = np.argmax(x @ projection, axis=1).astype(np.float32)[:, np.newaxis]
    batch = {"input_x": x[:size], "input_y": y[:size]}

    save(folder, {"x": x, "y": y, **values})
    graph.assign(values)
    fetches = ["logits", "loss", "accuracy", *graph.settings["gradient"]]
    save(folder, graph.run(fetches, batch))
    save(folder, {"losses20": [graph.step(*batch.values()) for _ in range(20)]})
    after = {f"{name}.after20": graph.run(f"{name}/read", {}) for name in values}
    save(folder, after | {"accuracy.after20": graph.run("accuracy", batch)})
    losses, difference = curve(graph, values, x, y, size, 500)
    save(folder, {"curve500": losses})
    (folder / "README.md").write_text(f"""# A small perceptron ({pixels}-{hidden}-{classes})

{MADE_BY}

| file | what it holds |
|---|---|
| `mlp_small.pb`, `mlp_small.json` | the graph and its config, learning rate 0.05 |
| `x`, `y` | {rows} examples: features [{rows}, {pixels}] and labels [{rows}, 1] |
| `w1`, `b1`, `w2`, `b2` | starting values |
| `logits`, `loss`, `accuracy`, `d-*` | what the graph answers to the first {size} examples, and the gradients of its loss |
| `losses20` | the loss on them before each of 20 training steps on them |
| `*.after20` | parameters and accuracy after these 20 steps |
| `curve500` | the loss before each of 500 steps from the starting values; step n takes rows 32 (n mod 8) to 32 (n mod 8) + 31 |

Starting values and features come from SplitMix64 (see `Scripts/tensorflow_peer.py`): seed {SEED}, width 1 for the
parameters; seed {SEED + 1}, width 2 for the features. `curve500` is within {difference:.1e} (relative) of the same curve in double
precision.
""")


def mlp_fashion():
    folder = fresh("mlp_fashion")
    graph = peer.Graph(ROOT / "Models" / "mlp.json")
    values = peer.uniform(graph.shapes, SEED, 0.1)
    x, y = peer.fashion_mnist()
    losses, difference = curve(graph, values, x, y, 1024, 500)
    save(folder, {"losses500": losses})
    first = ", ".join(f"{value:.9g}" for value in values["w1"].ravel()[:4])
    (folder / "README.md").write_text(f"""# The learning curve of Models/mlp.json on Fashion-MNIST

{MADE_BY}

`losses500.npy` holds TensorFlow's loss before each of 500 training steps (plain gradient descent, rate 0.05).

- Start: all parameters in the config's order (`w1`, `b1`, `w2`, `b2`), row-major, from one stream of SplitMix64 with
  seed {SEED}: `value = ((bits >> 40) / 2^24 - 0.5) × 0.1` in Float. The first four values of `w1` are
  {first}.
- Batches: the 60,000 training images in file order, pixels divided by 255 in Float; 1,024 rows each, the 59th of a
  pass has 608. Step 59, counted from 0, starts again with row 0.

The curve is within {difference:.1e} (relative) of the same curve in double precision.
""")


def examples(settings, count):
    """Inputs and labels from SplitMix64, as the README of the fixture says."""
    shape, classes = settings["input_size"][1:], settings.get("class_num")
    bits = peer.splitmix64(SEED + 1, count * int(np.prod(shape))).reshape(count, -1)
    labels = peer.splitmix64(SEED + 2, count) % np.uint64(classes or 2)
    if classes:
        x = (bits >> np.uint64(40)).astype(np.float32) / np.float32(2**24)
    else:
        x = (np.arange(1, shape[0] + 1) << 10) | (bits % np.uint64(1024)).astype(np.int64)
    return x.reshape(count, *shape).astype(np.float32), labels.astype(np.float32)[:, np.newaxis]


def digest(gradient):
    """The sum of all elements, of their magnitudes and of their squares, and the largest magnitude."""
    values = gradient.astype(np.float64)
    return [values.sum(), np.abs(values).sum(), np.square(values).sum(), np.abs(values).max()]


def reference():
    steps = 20
    folder = fresh("reference")
    for name in ["lr", "fm", "ffm", "afm", "nfm", "widedeep", "mlp", "lenet", "vgg"]:
        path = ROOT / "Models" / f"{name}.json"
        graph = peer.Graph(path)
        values = peer.uniform(graph.shapes, SEED, 0.2)
        # TensorFlow runs widedeep's graph at the batch size that is written into it only.
        count = graph.settings["batch_size"] if name == "widedeep" else 16
        x, y = examples(graph.settings, count)
        feeds = {"input_x": x, "input_y": y}
        shapes = {
            node: [count, *graph.graph.get_tensor_by_name(f"{node}:0").shape.as_list()[1:]]
            for node in graph.random_nodes}
        for node, noise in peer.uniform(shapes, SEED + 3, 1.0).items():
            feeds[node] = noise + np.float32(0.5)
        observed = graph.settings["observe"]
        graph.assign(values)
        tensors = graph.run(["logits", *observed], feeds)
        for gradient in graph.settings["gradient"]:
            tensors[gradient] = digest(graph.run(gradient, feeds))
        losses = []
        for step in range(steps):
            losses.append(graph.run("loss", feeds))
            graph.session.run("train_step", {f"{node}:0": value for node, value in feeds.items()})
            if step == 0:
                learned = {parameter: graph.run(f"{parameter}/read", {}) for parameter in graph.parameters}
        tensors["losses"] = losses
        # Metrics start from nothing.
        graph = peer.Graph(path)
        graph.assign(learned)
        tensors |= {f"{metric}.after": value for metric, value in graph.run(observed, feeds).items()}
        safetensors_writer.save(folder / f"{name}.safetensors", tensors)
        print(f"  {name}: loss {losses[0]:.5f} to {losses[-1]:.5f}")
    (folder / "README.md").write_text(f"""# The nine networks of the reference

{MADE_BY}

`NAME.safetensors` holds what TensorFlow computes with `Models/NAME.pb` for 16 examples (widedeep: 1,024): `logits`; what the
model observes, before a step and (`.after`) after one, metrics fresh each time; of each gradient `d-P` the sum of its elements,
of their magnitudes and of their squares, and the largest magnitude; and `losses`, before each of {steps} steps on these
examples.

Everything else comes from SplitMix64 (see `Scripts/tensorflow_peer.py`), row-major: the parameters from seed {SEED}, width
0.2; inputs from seed {SEED + 1}, ids `(field + 1) << 10 | bits % 1024` or pixels `(bits >> 40) / 2^24`; labels `bits % classes`
from seed {SEED + 2}, with two classes for clicks; what dropout draws from seed {SEED + 3}, as the parameters with width 1, plus 0.5.
""")


mlp_small()
mlp_fashion()
reference()
