"""Draws step times against the batch size, a panel per model: see report_steps.py."""

import step_tables
import svg_charts

COLORS = {"onlearn": "#c2410c", "train_step": "#1d4ed8", "loop": "#9ca3af", "eager": "#047857"}


def plot(rows):
    """The picture of the rows of bench_peers.py."""
    points = {}
    for row in step_tables.in_order(rows):
        sides = points.setdefault(row["model"], {side: {} for side in COLORS})
        for side in COLORS:
            if side in row:
                # onlearn has a time beside each peer; the first one is drawn.
                sides[side].setdefault(row.get("examples", row["batch"]), row[side])
    batches = sorted({row["batch"] for row in rows})
    panels = [panel(model, points[model], batches) for model in sorted(points, key=step_tables.place)]
    drawn = [side for side in COLORS if any(sides[side] for sides in points.values())]
    names = {"onlearn": "onlearn", **{side: name.replace("`", "") for side, name in step_tables.NAMES.items()}}
    return svg_charts.picture(panels, [(COLORS[side], names[side]) for side in drawn])


def panel(model, sides, batches):
    lines = [(COLORS[side], sorted(times.items())) for side, times in sides.items() if times]
    # What matters most is drawn last.
    return svg_charts.panel(
        model, lines[::-1], [(batch, str(batch)) for batch in batches],
        svg_charts.decades([time for _, points in lines for _, time in points]), "examples per step")
