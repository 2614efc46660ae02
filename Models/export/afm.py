"""An attentional factorisation machine (Xiao et al., IJCAI 2017): pairs of fields, weighted by what they contain."""

import click
import numpy as np
import template
from template import tf

DIMENSION = 32


def network(ids, options):
    first_order = click.linear(ids, options)
    rows = click.embeddings(ids, options, DIMENSION)
    first, second = np.triu_indices(options.fields, k=1)
    pairs = tf.gather(rows, first.astype(np.int32), axis=1) * tf.gather(rows, second.astype(np.int32), axis=1)

    att_w1 = template.weights("att_w1", [DIMENSION, DIMENSION])
    att_b1 = template.zeros("att_b1", [1, DIMENSION])
    att_w2 = template.weights("att_w2", [DIMENSION, 1])
    att_b2 = template.zeros("att_b2", [1, DIMENSION])
    hidden = tf.nn.relu(tf.matmul(pairs, att_w1) + att_b1)
    attention = tf.nn.softmax(tf.matmul(hidden, att_w2) + att_b2, axis=1)
    pooled = tf.reduce_sum(attention * pairs, axis=1)

    return first_order + click.tower(pooled, [DIMENSION, 32, 16, 1], tf.nn.relu)


if __name__ == "__main__":
    click.export("afm", network, template.click_parser(__doc__).parse_args())
