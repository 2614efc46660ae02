"""Writes what bench_peers.py --json measured into a page, and draws it: run it through `make bench-report`.

    report_steps.py ROWS.json --page Documentation/Performance.md --plot Documentation/images/steps.svg
"""

import argparse
import json
import pathlib

import plot_steps
import reports
import step_tables


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path)
    parser.add_argument("--plot", type=pathlib.Path)
    options = parser.parse_args()
    rows = json.loads(options.rows.read_text())
    text = step_tables.tables(rows)
    if options.page:
        reports.replace(options.page, "steps", text)
    else:
        print(text)
    if options.plot:
        options.plot.write_text(plot_steps.plot(rows))


if __name__ == "__main__":
    main()
