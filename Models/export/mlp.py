"""A perceptron with one hidden layer for 28×28 images of ten classes (MNIST, Fashion-MNIST)."""

import template
from template import tf

PIXELS, HIDDEN, CLASSES = 784, 500, 10


def network(x):
    hidden = template.dense(x, 1, PIXELS, HIDDEN, tf.nn.relu)
    return template.dense(hidden, 2, HIDDEN, CLASSES)


if __name__ == "__main__":
    options = template.parser(__doc__).parse_args()
    template.export("mlp", network, options, input_shape=[PIXELS], classes=CLASSES, counts_steps=True)
