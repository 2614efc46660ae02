"""A neural factorisation machine (He and Chua, SIGIR 2017): pooled pairs of fields under dense layers."""

import click
import template
from template import tf

DIMENSION = 32


def network(ids, options):
    first_order = click.linear(ids, options)
    pooled = click.pooled_pairs(click.embeddings(ids, options, DIMENSION))
    return first_order + click.tower(pooled, [DIMENSION, 32, 16, 1], tf.nn.relu)


if __name__ == "__main__":
    click.export("nfm", network, template.click_parser(__doc__, learning_rate=0.02).parse_args())
