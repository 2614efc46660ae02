"""LeNet-5's successor with two 5×5 convolutions, for 28×28 images of ten classes (MNIST)."""

import images
import template

CLASSES = 10


def network(x):
    x = images.block(x, "conv1", 5, 1, 32)
    x = images.block(x, "conv2", 5, 32, 64)
    return images.head(x, 7 * 7 * 64, CLASSES)


if __name__ == "__main__":
    images.export("lenet", network, template.parser(__doc__).parse_args(), CLASSES)
