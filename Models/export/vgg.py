"""A small VGG network with three 3×3 convolutions, for 28×28 images of 27 classes (EMNIST letters, from 1)."""

import images
import template

CLASSES = 27


def network(x):
    x = images.block(x, "conv1", 3, 1, 64)
    x = images.block(x, "conv2", 3, 64, 128)
    x = images.block(x, "conv3", 3, 128, 256)
    return images.head(x, 4 * 4 * 256, CLASSES)


if __name__ == "__main__":
    images.export("vgg", network, template.parser(__doc__).parse_args(), CLASSES)
