"""DeepFM (Guo et al., IJCAI 2017): a factorisation machine and dense layers on the same embeddings."""

import click
import template
from template import tf

DIMENSION = 16


def network(ids, options):
    first_order = click.linear(ids, options)
    rows = click.embeddings(ids, options, DIMENSION)
    pairs = tf.reduce_sum(click.pooled_pairs(rows), axis=-1, keepdims=True)
    inputs = options.fields * DIMENSION
    deep = click.tower(click.flat(rows, options, DIMENSION), [inputs, 256, 128, 1], tf.nn.relu)
    return first_order + pairs + deep


if __name__ == "__main__":
    click.export("deepfm", network, template.click_parser(__doc__).parse_args())
