"""Exports every bundled model: Models/*.pb and *.json, and the eight-field ones in Models/movielens."""

import pathlib
import subprocess
import sys

MODELS = pathlib.Path(__file__).resolve().parent.parent / "Models"
CLICK = ["lr", "fm", "ffm", "afm", "nfm", "widedeep", "deepfm"]
BUNDLED = [*CLICK, "dcn", "autoint", "mlp", "lenet", "vgg"]


def run(script, *arguments):
    """Runs one export script; stops at its first error."""
    command = [sys.executable, MODELS / "export" / f"{script}.py", *arguments]
    process = subprocess.run(command, text=True, capture_output=True)
    if process.returncode != 0:
        sys.exit(f"{process.stderr}\n{script}.py failed with exit code {process.returncode}")
    print(process.stdout, end="", flush=True)


for name in BUNDLED:
    run(name)
for name in CLICK:
    run(name, "--fields", "8", "--output", MODELS / "movielens")
