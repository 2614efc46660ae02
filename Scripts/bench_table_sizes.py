"""Measures a training step of fm with tables of 2^14 to 2^24 rows, of which a batch touches as many each time.

    bench_table_sizes.py [--json FIGURES.json] [--page PAGE.md] [--plot PLOT.svg]     (or make bench-table-sizes)

The sizes take turns. fm is exported for each of them with TensorFlow, in the environment of bench_peers.py.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import measured_machine
import onlearn_step
import peers
import reports
import svg_charts

POWERS = [14, 16, 18, 20, 22, 24]


def export(power, folder):
    """The config of fm with tables of 2^power rows."""
    output = folder / str(power)
    script = peers.ROOT / "Models" / "export" / "fm.py"
    command = [peers.python("tensorflow"), script, "--rows", str(2**power), "--output", output]
    subprocess.run(command, check=True, capture_output=True)
    return output / "fm.json"


def rows(options):
    """A row per size."""
    peers.prepare("tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        configs = {power: export(power, pathlib.Path(folder)) for power in POWERS}
        found = {power: [] for power in POWERS}
        for _ in range(options.runs):
            for power, config in configs.items():
                found[power].append(onlearn_step.measure(
                    options, config, options.batch, options.steps, "--touched-rows", options.touched_rows))
    return [
        {
            "rows": 2**power, "ms": float(f"{statistics.median(run['median_ms'] for run in runs):.4g}"),
            "batch": options.batch, "rows_touched": runs[0]["rows_touched"], "bytes_touched": runs[0]["bytes_touched"],
            "peak_mib": runs[0]["peak_mib"],
            "on": measured_machine.facts(options.threads, options.runs, runs[0]["blas_core"]),
        }
        for power, runs in found.items()
    ]


def table(rows):
    """The figures as Markdown."""
    lines = [
        measured_machine.sentence(rows),
        "",
        "| rows of each table | MiB of the process | rows touched | bytes read and written | ms | by 2^14 rows |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        lines.append(
            f"| 2^{row['rows'].bit_length() - 1} | {row['peak_mib']:.0f} | {row['rows_touched']:,} | "
            f"{row['bytes_touched']:,} | {row['ms']:.3g} | {row['ms'] / rows[0]['ms']:.2f} |")
    return "\n".join(lines)


def plot(rows):
    """The picture of the figures: time on a linear axis from zero."""
    highest = max(row["ms"] for row in rows)
    step = next(step for step in [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] if step * 6 > highest * 1.25)
    ticks = [round(step * index, 3) for index in range(int(highest * 1.25 / step) + 2)]
    panel = svg_charts.panel(
        f"A step of fm that touches {rows[0]['rows_touched'] // 2:,} rows of each table",
        [("#c2410c", [(row["rows"], row["ms"]) for row in rows])],
        [(row["rows"], f"{row['rows']:,}") for row in rows], ticks, "rows of the table", values_above=True, width=560)
    return svg_charts.picture([panel], columns=1, width=560)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--touched-rows", type=int, default=8192, help="distinct rows that a batch looks up")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file, or with --redraw read them")
    parser.add_argument("--redraw", action="store_true", help="measure nothing")
    parser.add_argument("--page", type=pathlib.Path, help="write the table into this page")
    parser.add_argument("--plot", type=pathlib.Path, help="draw the times to this SVG file")
    parser.add_argument("--onlearn", type=pathlib.Path, default=peers.ROOT / ".build" / "release" / "onlearn")
    options = parser.parse_args()
    figures = json.loads(options.json.read_text()) if options.redraw else rows(options)
    if options.json:
        reports.write_rows(options.json, figures)
    if options.page:
        reports.replace(options.page, "table sizes", table(figures))
    if options.plot:
        options.plot.write_text(plot(figures))
    print(table(figures))


if __name__ == "__main__":
    main()
