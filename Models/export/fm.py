"""A factorisation machine (Rendle, ICDM 2010): first-order terms and the dot products of all pairs of fields."""

import click
import template
from template import tf

DIMENSION = 16


def network(ids, options):
    first_order = click.linear(ids, options)
    pairs = click.pooled_pairs(click.embeddings(ids, options, DIMENSION))
    return first_order + tf.reduce_sum(pairs, axis=-1, keepdims=True)


if __name__ == "__main__":
    click.export("fm", network, template.click_parser(__doc__).parse_args())
