"""What the peers of bench_peers.py share: inputs for a step, and a way to be told what to measure.

A peer is a process that holds one model and prints one JSON object when it is ready (or why it cannot run). Then it
reads lines `WHAT COUNT` from standard input, does WHAT that often, and answers each with the median time.
"""

import json
import statistics
import sys
import time

import numpy as np


def inputs(settings, batch):
    """Pixels and classes, or ids `field << 10 | value`, skewed within each field, and clicks."""
    random = np.random.RandomState(0)
    shape = settings["input_size"][1:]
    if settings.get("class_num"):
        labels = random.randint(0, settings["class_num"], size=(batch, 1))
        return random.rand(batch, *shape).astype(np.float32), labels.astype(np.float32)
    values = np.minimum(random.zipf(1.3, size=(batch, shape[0])), 1024) - 1
    ids = (np.arange(1, shape[0] + 1) << 10) | values
    return ids.astype(np.float32), (random.rand(batch, 1) < 0.25).astype(np.float32)


def times(work, count):
    """How long each of `count` calls takes, in ms."""
    result = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        result.append(1e3 * (time.perf_counter() - start))
    return result


def say(**facts):
    """Prints one JSON object."""
    print(json.dumps(facts), flush=True)


def serve(works, version):
    """Warms up the first of `works`, says how many of it fill a second, and measures what standard input asks for."""
    first = next(iter(works.values()))
    times(first, 2)
    once = statistics.median(times(first, 3))
    say(version=version, steps=int(min(max(1000 / once, 3), 500)))
    for line in sys.stdin:
        what, count = line.split()
        works[what]()
        say(median_ms=statistics.median(times(works[what], int(count))))
