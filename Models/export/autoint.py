"""AutoInt (Song et al., CIKM 2019): layers of multi-head self-attention over the embeddings of the fields."""

import click
import template
from template import tf

DIMENSION, HEADS, HEAD_WIDTH, LAYERS = 16, 2, 16, 2


def attention(x, layer, options, inputs):
    """Each field gathers from the others, once per head. [batch, fields, HEADS × HEAD_WIDTH]"""
    outputs = HEADS * HEAD_WIDTH

    def project(name):
        projected = tf.matmul(tf.reshape(x, [-1, inputs]), template.weights(f"{name}{layer}", [inputs, outputs]))
        heads = tf.reshape(projected, [-1, options.fields, HEADS, HEAD_WIDTH])
        return tf.transpose(heads, [0, 2, 1, 3])

    query, key, value = project("query"), project("key"), project("value")
    scores = tf.nn.softmax(tf.matmul(query, key, transpose_b=True) / HEAD_WIDTH**0.5)
    heads = tf.transpose(tf.matmul(scores, value), [0, 2, 1, 3])
    residual = tf.matmul(tf.reshape(x, [-1, inputs]), template.weights(f"residual{layer}", [inputs, outputs]))
    shape = [-1, options.fields, outputs]
    return tf.nn.relu(tf.reshape(heads, shape) + tf.reshape(residual, shape))


def network(ids, options):
    x, width = click.embeddings(ids, options, DIMENSION), DIMENSION
    for layer in range(1, LAYERS + 1):
        x, width = attention(x, layer, options, width), HEADS * HEAD_WIDTH
    return template.dense(click.flat(x, options, width), 1, options.fields * width, 1)


if __name__ == "__main__":
    click.export("autoint", network, template.click_parser(__doc__).parse_args())
