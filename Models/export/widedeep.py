"""Wide and deep (Cheng et al., DLRS 2016): a linear model beside dense layers over all embeddings.

As in many exported graphs, the batch size is written into a reshape, so TensorFlow runs it at that size only.
"""

import click
import template
from template import tf

DIMENSION = 16


def network(ids, options):
    wide = tf.reduce_sum(tf.gather(template.weights("w", [options.rows, 1]), ids), axis=1)
    rows = tf.reshape(click.embeddings(ids, options, DIMENSION), [options.batch_size, -1])
    deep = click.tower(rows, [options.fields * DIMENSION, 256, 128, 64, 1], tf.tanh)
    return tf.tanh(deep) + wide


if __name__ == "__main__":
    click.export("widedeep", network, template.click_parser(__doc__).parse_args())
