"""Starts servers that scripts measure."""

import re
import subprocess
import sys
import time


def serve(onlearn, log, *arguments, mark, cwd):
    """Starts a server that writes to `log`, and returns it with the address that it names there behind `mark`."""
    with open(log, "w") as output:
        process = subprocess.Popen([onlearn, *arguments], stdout=output, stderr=output, cwd=cwd)
    while not (found := re.search(mark + r"(\S+)", log.read_text())):
        if process.poll() is not None:
            sys.exit(log.read_text())
        time.sleep(0.05)
    return process, found[1]
