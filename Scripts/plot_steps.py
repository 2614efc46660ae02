"""Draws step times against the batch size, from the rows that `bench_peers.py --json` writes, as SVG.

    plot_steps.py ROWS.json PLOT.svg    (or bench_peers.py --plot PLOT.svg)

One panel per model, both axes logarithmic, a line per side. Needs nothing but Python.
"""

import html
import json
import math
import pathlib
import sys

SIDES = {"onlearn": "#c2410c", "train_step": "#1d4ed8", "loop": "#6b7280"}
NAMES = {"onlearn": "onlearn", "train_step": "TensorFlow train_step", "loop": "TensorFlow loop"}
WIDTH, HEIGHT, COLUMNS = 300, 220, 3
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 28, 34


class Axis:
    """A logarithmic axis over the values, whose ends are powers of `base`, drawn between two places."""

    def __init__(self, values, base, start, end):
        self.base = base
        self.low = math.floor(math.log(min(values), base) + 1e-9)
        self.high = max(math.ceil(math.log(max(values), base) - 1e-9), self.low + 1)
        self.start, self.end = start, end

    def place(self, value):
        part = (math.log(value, self.base) - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self):
        return [self.base**power for power in range(self.low, self.high + 1)]


def text(x, y, content, anchor="middle", size=10):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{html.escape(content)}</text>'


def panel(model, rows):
    """One model's lines, with axes and title, at the origin."""
    times = [row[side] for row in rows for side in SIDES if side in row]
    batches = Axis([row["batch"] for row in rows], 4, LEFT, WIDTH - RIGHT)
    milliseconds = Axis(times, 10, HEIGHT - BOTTOM, TOP)
    parts = [text(WIDTH / 2, 16, model, size=13), text(WIDTH / 2, HEIGHT - 4, "examples per step")]
    for tick in milliseconds.ticks():
        y = milliseconds.place(tick)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e5e7eb"/>')
        parts.append(text(LEFT - 4, y + 3, f"{tick:g} ms", "end"))
    for tick in batches.ticks():
        parts.append(text(batches.place(tick), HEIGHT - BOTTOM + 14, f"{tick:g}"))
    for side, color in SIDES.items():
        points = [(batches.place(row["batch"]), milliseconds.place(row[side])) for row in rows if side in row]
        if not points:
            continue
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in points]
    return "".join(parts)


def plot(rows):
    """The whole picture."""
    models = {}
    for row in sorted(rows, key=lambda row: row["batch"]):
        models.setdefault(row["model"], []).append(row)
    columns = min(COLUMNS, len(models))
    lines = -(-len(models) // columns)
    width, height = max(columns * WIDTH, 420), lines * HEIGHT + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for index, (model, own) in enumerate(models.items()):
        x, y = index % columns * WIDTH, index // columns * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{panel(model, own)}</g>')
    for index, (side, color) in enumerate(SIDES.items()):
        x = 16 + 140 * index
        parts.append(f'<circle cx="{x}" cy="{height - 12}" r="4" fill="{color}"/>')
        parts.append(text(x + 8, height - 8, NAMES[side], "start", 11))
    return "\n".join([*parts, "</svg>"]) + "\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    source, target = map(pathlib.Path, sys.argv[1:])
    try:
        rows = json.loads(source.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"{source}: {error}")
    rows = [row for row in rows if any(side in row for side in SIDES)]
    if not rows:
        sys.exit(f"{source}: no row has a time")
    target.write_text(plot(rows))


if __name__ == "__main__":
    main()
