"""The deep and cross network, version 2 (Wang et al., WWW 2021): cross layers with full matrices beside dense ones."""

import click
import template
from template import tf

DIMENSION, CROSS_LAYERS = 16, 2


def network(ids, options):
    inputs = options.fields * DIMENSION
    x0 = click.flat(click.embeddings(ids, options, DIMENSION), options, DIMENSION)
    cross = x0
    for layer in range(1, CROSS_LAYERS + 1):
        cross = x0 * template.dense(cross, f"_cross{layer}", inputs, inputs) + cross
    deep = template.dense(x0, 1, inputs, 256, tf.nn.relu)
    deep = template.dense(deep, 2, 256, 128, tf.nn.relu)
    return template.dense(tf.concat([cross, deep], axis=1), 3, inputs + 128, 1)


if __name__ == "__main__":
    click.export("dcn", network, template.click_parser(__doc__).parse_args())
