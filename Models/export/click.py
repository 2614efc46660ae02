"""What the click models share: tables of embeddings, and the sums that factorisation machines are made of."""

import template
from template import tf


def export(name, network, options, **settings):
    """Exports a network of (ids [batch, fields], options) to one logit per example."""
    template.export(
        name, lambda x: network(tf.cast(x, tf.int32), options), options, [options.fields], **settings
    )


def linear(ids, options):
    """The first-order terms: a weight per id, summed, plus one bias. [batch, 1]"""
    w0 = template.weights("w0", [1, 1])
    w = template.weights("w", [options.rows, 1])
    return tf.reduce_sum(tf.gather(w, ids), axis=1) + w0


def embeddings(ids, options, *dimensions):
    """The rows of the table `v` that the ids name. [batch, fields, dimensions...]"""
    return tf.gather(template.weights("v", [options.rows, *dimensions]), ids)


def flat(rows, options, dimension):
    """The embeddings of one example side by side. [batch, fields × dimension]"""
    return tf.reshape(rows, [-1, options.fields * dimension])


def pooled_pairs(rows):
    """The sum over all pairs of fields of their products, by the sum of squares. [batch, dimension]"""
    return 0.5 * (tf.square(tf.reduce_sum(rows, axis=1)) - tf.reduce_sum(tf.square(rows), axis=1))


def tower(x, widths, activation, first=1):
    """Dense layers of these widths, the last one without activation; parameters are numbered from `first`."""
    for suffix, (inputs, outputs) in enumerate(zip(widths, widths[1:]), first):
        last = suffix - first == len(widths) - 2
        x = template.dense(x, suffix, inputs, outputs, None if last else activation)
    return x
