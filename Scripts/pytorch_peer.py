"""Four of the bundled models in eager PyTorch, with the parameters, the loss and the optimizer of the exported graphs.

Parameters go by the names and shapes of the model's config; only filters are stored as PyTorch wants them. Images and
filters lie in memory with their channels last, as in the graphs, which is PyTorch's faster way on a processor, too.
"""

import math

import torch
from torch.nn import functional

WEIGHT_DECAY = 1e-4
"""Of the weights of convolutional networks; `sgd` applies it, so that it costs no pass of its own."""


def half_dropped(x):
    return functional.dropout(x, 0.5)


def mlp(p, x, drop):
    hidden = torch.addmm(p["b1"], x, p["w1"]).relu()
    return torch.addmm(p["b2"], hidden, p["w2"])


def fm(p, x, drop):
    ids = x.long()
    rows = functional.embedding(ids, p["v"], sparse=True)
    first_order = functional.embedding(ids, p["w"], sparse=True).sum(1) + p["w0"]
    pairs = 0.5 * (rows.sum(1).square() - rows.square().sum(1))
    return first_order + pairs.sum(-1, keepdim=True)


def convolutional(*names):
    """A network of convolutions, each followed by relu and a pooling that halves, and two dense layers."""

    def network(p, x, drop):
        x = x.permute(0, 3, 1, 2)
        for name in names:
            x = functional.conv2d(x, p[f"{name}_w"], p[f"{name}_b"], padding="same")
            x = functional.max_pool2d(x.relu(), 2, ceil_mode=True)
        x = x.permute(0, 2, 3, 1).flatten(1)
        hidden = torch.addmm(p["fc1_b"], x, p["fc1_w"]).relu()
        return torch.addmm(p["fc2_b"], drop(hidden), p["fc2_w"])

    return network


NETWORKS = {
    "mlp": mlp,
    "fm": fm,
    "lenet": convolutional("conv1", "conv2"),
    "vgg": convolutional("conv1", "conv2", "conv3"),
}


class Network:
    """A model with parameters of its own, and its optimizer."""

    def __init__(self, name, settings, values):
        """`values` are NumPy arrays by the names of the config."""
        self.network = NETWORKS[name]
        self.classes = settings.get("class_num")
        self.parameters = {}
        for name, value in values.items():
            tensor = torch.tensor(value)
            if tensor.dim() == 4:
                tensor = tensor.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
            self.parameters[name] = tensor.requires_grad_()
        decayed = [p for name, p in self.parameters.items() if self.is_decayed(name)]
        others = [p for name, p in self.parameters.items() if not self.is_decayed(name)]
        groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}] if decayed else []
        self.optimizer = torch.optim.SGD([*groups, {"params": others}], lr=settings["learning_rate"])

    @staticmethod
    def is_decayed(name):
        return name.endswith("_w")

    def penalty(self):
        """What the graph's loss has for the decay of weights, which `step` leaves to the optimizer."""
        weights = [p for name, p in self.parameters.items() if self.is_decayed(name)]
        return sum(0.5 * WEIGHT_DECAY * float(p.detach().square().sum()) for p in weights)

    def step(self, x, y, drop=half_dropped):
        """One training step; returns the loss before it, without the penalty."""
        logits = self.network(self.parameters, x, drop)
        if self.classes:
            loss = functional.cross_entropy(logits, y.flatten().long())
        else:
            loss = functional.binary_cross_entropy_with_logits(logits, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def starting_values(shapes, random):
    """Values for the parameters of these shapes, about as large as trained ones."""
    def deviation(shape):
        return 1 / math.sqrt(math.prod(shape[:-1])) if len(shape) > 1 and shape[-1] > 1 else 0.01

    return {name: (random.standard_normal(shape) * deviation(shape)).astype("float32") for name, shape in shapes.items()}
