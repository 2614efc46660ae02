"""Logistic regression over hashed categorical fields."""

import click
import template
from template import tf


def network(ids, options):
    return tf.reduce_sum(click.embeddings(ids, options, 1), axis=1)


if __name__ == "__main__":
    click.export("lr", network, template.click_parser(__doc__).parse_args())
