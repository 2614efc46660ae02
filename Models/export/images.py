"""What the convolutional networks share: blocks, weight decay, and the loss and metric of sparse labels."""

import math

import template
from template import tf

WEIGHT_DECAY = 1e-4


def decayed(name, shape):
    """Weights whose half squared norm is added to the loss, times `WEIGHT_DECAY`.

    They start with a deviation of √(1 / inputs) (LeCun et al., 1998): with 0.1 throughout, the first steps diverge.
    """
    weights = template.weights(name, shape, deviation=math.sqrt(1 / math.prod(shape[:-1])))
    tf.losses.add_loss(
        WEIGHT_DECAY * tf.nn.l2_loss(weights), loss_collection=tf.GraphKeys.REGULARIZATION_LOSSES
    )
    return weights


def block(x, name, size, inputs, outputs):
    """A convolution, relu, and a pooling that halves height and width, rounded up."""
    x = tf.nn.conv2d(x, decayed(f"{name}_w", [size, size, inputs, outputs]), strides=[1, 1, 1, 1], padding="SAME")
    x = tf.nn.relu(tf.nn.bias_add(x, template.zeros(f"{name}_b", [outputs])))
    return tf.nn.max_pool(x, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="SAME")


def connected(x, name, inputs, outputs):
    """A dense layer with decayed weights."""
    return tf.matmul(x, decayed(f"{name}_w", [inputs, outputs])) + template.zeros(f"{name}_b", [outputs])


def head(x, inputs, classes):
    """Flattens, then a hidden layer of 512, half of it dropped out in training, and the logits."""
    hidden = tf.nn.relu(connected(tf.reshape(x, [-1, inputs]), "fc1", inputs, 512))
    return connected(tf.nn.dropout(hidden, rate=0.5), "fc2", 512, classes)


def sparse_loss(logits, labels):
    """The mean cross entropy with class numbers as labels."""
    classes = tf.cast(tf.squeeze(labels), tf.int32)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits))


def accuracy(logits, labels):
    """The share of examples whose largest logit is the label's."""
    classes = tf.cast(tf.squeeze(tf.reshape(labels, [1, -1])), tf.int64)
    return tf.reduce_mean(tf.cast(tf.equal(classes, tf.argmax(logits, axis=1)), tf.float32))


def export(name, network, options, classes):
    """Exports a network of [batch, 28, 28, 1] images to logits."""
    template.export(
        name, network, options, [28, 28, 1], classes=classes, loss=sparse_loss, metric=("accuracy", accuracy)
    )
