"""Measured figures in files, and in pages of the documentation."""

import json
import sys


def write_rows(path, rows):
    """Keeps rows in a file, a line for each, so that what changes can be seen."""
    path.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")


def replace(page, name, text):
    """Replaces the page's lines between `<!-- NAME -->` and `<!-- end of NAME -->`."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        sys.exit(f"{page}: no lines {begin} and {end} to write between")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")
