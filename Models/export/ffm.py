"""A field-aware factorisation machine (Juan et al., RecSys 2016): each id has a vector for every other field.

The sum over pairs of fields is written with one transposition, so the graph has as many nodes for 8 fields as for 39.
`--unrolled` writes every pair out instead, two slices and a dot product each.
"""

import click
import numpy as np
import template
from template import tf

DIMENSION = 8


def compact(vectors, fields):
    """vectors[b, i, j] is what field i's id keeps for field j. [batch, 1]"""
    products = tf.reduce_sum(vectors * tf.transpose(vectors, [0, 2, 1, 3]), axis=3)
    each_pair_once = np.triu(np.ones([fields, fields], np.float32), k=1)
    return tf.reduce_sum(products * each_pair_once, axis=[1, 2])[:, tf.newaxis]


def unrolled(vectors, fields):
    """The same sum, pair by pair. [batch, 1]"""
    pairs = [
        tf.reduce_sum(vectors[:, i, j] * vectors[:, j, i], axis=1, keepdims=True)
        for i in range(fields)
        for j in range(i + 1, fields)
    ]
    return tf.add_n(pairs)


def network(ids, options):
    first_order = click.linear(ids, options)
    vectors = click.embeddings(ids, options, options.fields, DIMENSION)
    return first_order + (unrolled if options.unrolled else compact)(vectors, options.fields)


if __name__ == "__main__":
    parser = template.click_parser(__doc__)
    parser.add_argument("--unrolled", action="store_true", help="write every pair of fields out")
    click.export("ffm", network, parser.parse_args())
