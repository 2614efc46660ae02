"""The peers that bench_peers.py compares with: where they live, and a process of each that measures when asked to.

Each has a virtual environment of its own, made when it is first needed.
"""

import json
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "Scripts"

def python(peer):
    """The Python of the peer's environment."""
    return ROOT / f".venv-{'peers' if peer == 'tensorflow' else peer}" / "bin" / "python"


def prepare(peer):
    """Makes the peer's environment unless it is there and up to date."""
    requirements = SCRIPTS / f"requirements-{peer}.txt"
    environment = python(peer).parent.parent
    ready = environment / "ready"
    if ready.exists() and ready.read_text() == requirements.read_text():
        return
    print(f"== preparing {environment.name}: {peer}, to compare with (about 1 GB)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [python(peer), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", requirements], check=True)
    ready.write_text(requirements.read_text())


class PeerProcess:
    """A process that holds one model, warmed up, and measures when asked to.

    It may take `memory` GiB, so that a model that needs more is told and not the machine brought down.
    """

    def __init__(self, peer, config, batch, options):
        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (options.memory << 30, options.memory << 30))

        command = [python(peer), SCRIPTS / f"bench_{peer}.py", config, batch, options.threads, options.onlearn]
        self.memory = options.memory
        self.process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, preexec_fn=limit)
        self.facts = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            return {"error": f"ended with status {self.process.wait()}, given {self.memory} GiB"}
        return json.loads(line)

    def measure(self, what, count):
        """The median time of one `what` in ms."""
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()
        return self.answer()["median_ms"]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
