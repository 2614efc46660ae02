"""What figures were measured on."""

import datetime
import os
import pathlib
import platform
import subprocess


def facts(threads, runs, blas_core, peer=""):
    """The machine, the versions, and how it was measured."""
    return {
        "date": str(datetime.date.today()), "processor": processor(), "cores": os.cpu_count(), "threads": threads,
        "runs": runs, "openblas": blas_core, "swift": swift_version(), "peer": peer,
    }


def processor():
    """The machine's processor by name."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def swift_version():
    process = subprocess.run(["swift", "--version"], text=True, capture_output=True)
    words = process.stdout.split("(")[0].split()
    return f"Swift {words[-1]}" if words else "unknown Swift"


def sentence(rows):
    """What all rows that have these facts were measured on."""
    def values(key):
        return [value for value in dict.fromkeys(row["on"][key] for row in rows) if value]

    def text(key, last="and"):
        *most, end = values(key) or ["none"]
        return f"{', '.join(map(str, most))} {last} {end}" if most else str(end)

    def span(key):
        first, *_, last = sorted(values(key)) * 2
        return f"{first} to {last}" if first != last else str(first)

    sides = " on each side" if values("peer") else ""
    peer = f"; {text('peer')}" if values("peer") else ""
    return (
        f"Measured {span('date')}: {text('processor')}, {text('cores', 'or')} cores, "
        f"{text('threads', 'or')} threads{sides}; "
        f"{text('swift')}, OpenBLAS for {text('openblas')}{peer}; medians of {span('runs')} interleaved runs."
    )
