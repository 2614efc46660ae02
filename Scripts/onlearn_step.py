"""A training step of onlearn, as `onlearn bench step` measures it."""

import json
import subprocess
import sys


def measure(options, config, batch, steps, *more):
    """What it found; `options` say which binary to run, and how many threads it has."""
    command = [options.onlearn, "bench", "step", config, "--batch", batch, "--steps", steps]
    command = [str(part) for part in [*command, "--threads", options.threads, "--json", *more]]
    process = subprocess.run(command, text=True, capture_output=True)
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with exit code {process.returncode}: {process.stderr.strip()}")
    return json.loads(process.stdout)
