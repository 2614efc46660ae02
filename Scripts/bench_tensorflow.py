"""TensorFlow's side of bench_peers.py, see measured_peer.py: holds one graph and does `train_step` or `loop` with it.

    bench_tensorflow.py CONFIG BATCH THREADS
"""

import sys

import measured_peer
import tensorflow_peer as peer


def main():
    config, batch, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    graph = peer.Graph(config, threads)
    session, settings = graph.session, graph.settings
    x, y = measured_peer.inputs(settings, batch)
    feeds = {"input_x:0": x, "input_y:0": y}
    weights = {f"{name}:0": session.run(f"{name}/read:0") for name in graph.parameters}
    gradients = [f"{name}:0" for name in settings["gradient"]]
    observed = [f"{name}:0" for name in settings["observe"]]

    def train_step():
        session.run("train_step", feeds)

    def loop():
        everything = feeds | weights
        for weight, gradient in zip(weights.values(), session.run(gradients, everything)):
            weight -= settings["learning_rate"] * gradient
        session.run("ws_init")
        session.run(observed, everything)

    try:
        measured_peer.serve({"train_step": train_step, "loop": loop}, f"TensorFlow {peer.tf.__version__}")
    except peer.tf.errors.OpError as error:
        measured_peer.say(error=str(error).splitlines()[0][:100])


if __name__ == "__main__":
    main()
