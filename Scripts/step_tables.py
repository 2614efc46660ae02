"""Step times as Markdown tables, from the rows that bench_peers.py measures."""

import math

import measured_machine

MODELS = ["mlp", "lr", "fm", "nfm", "widedeep", "afm", "ffm", "lenet", "vgg"]
"""The order of the tables; other models follow."""

NAMES = {"train_step": "TensorFlow `train_step`", "loop": "TensorFlow loop", "eager": "PyTorch eager"}
SIDES = {"tensorflow": ["train_step", "loop"], "pytorch": ["eager"]}
"""What is measured of each peer."""
MEANS = {"geometric mean": [], "without ffm": ["ffm"], "without ffm and widedeep": ["ffm", "widedeep"]}
"""Which models a mean leaves out: ffm is exported in a form of our own that TensorFlow can run, and the graph of widedeep,
which has the batch size written into it, is exported anew for each size."""


def place(model):
    """What to sort models by."""
    return (MODELS.index(model) if model in MODELS else len(MODELS), model)


def in_order(rows):
    return sorted(rows, key=lambda row: (list(SIDES).index(row["peer"]), row["batch"], place(row["model"])))


def tables(rows):
    """All tables, and what they were measured on."""
    rows = in_order(rows)
    parts = [measured_machine.sentence(rows)]
    for peer, sides in SIDES.items():
        own = [row for row in rows if row["peer"] == peer]
        batches = list(dict.fromkeys(row["batch"] for row in own))
        if len(batches) > 1:
            parts.append(overview(own, sides[0]))
        for batch in batches:
            caption = f"{batch} example{'s' if batch > 1 else ''} per step"
            parts.append(table([row for row in own if row["batch"] == batch], sides, caption))
    return "\n\n".join(parts)


def overview(rows, side):
    """How many times as fast onlearn is: a line per model, a column per batch size."""
    batches = sorted({row["batch"] for row in rows})
    ratios = {(row["model"], row["batch"]): ratio(row, side) for row in rows}
    models = sorted({row["model"] for row in rows}, key=place)
    lines = [
        f"Times as fast as {NAMES[side]}, by examples per step:",
        "",
        "| model | " + " | ".join(map(str, batches)) + " |",
        "|---|" + "--:|" * len(batches),
    ]
    def line(name, values):
        return f"| {name} | " + " | ".join(number(value) for value in values) + " |"

    lines += [line(model, [ratios.get((model, batch)) for batch in batches]) for model in models]
    for name, left_out in MEANS.items():
        kept = [model for model in models if model not in left_out]
        if len(kept) == len(models) - len(left_out):
            means = [geometric_mean([ratios.get((model, batch)) for model in kept]) for batch in batches]
            lines.append(line(name, means))
    return "\n".join(lines)


def table(rows, sides, caption):
    """The times with one batch size."""
    sides = [side for side in sides if any(side in row for row in rows)]
    notes = [note(row) for row in rows]
    header = ["model", "onlearn, ms", "MiB", *(part for side in sides for part in [f"{NAMES[side]}, ms", "ratio"])]
    lines = [
        f"{caption}:",
        "",
        "| " + " | ".join(header + [""] * any(notes)) + " |",
        "|---|" + "--:|" * (len(header) - 1) + "---|" * any(notes),
    ]
    for row, remark in zip(rows, notes):
        cells = [row["model"], number(row["onlearn"]), number(row["peak_mib"])]
        cells += [cell for side in sides for cell in [number(row.get(side)), number(ratio(row, side))]]
        lines.append("| " + " | ".join(cells + [remark] * any(notes)) + " |")
    means = [geometric_mean([ratio(row, side) for row in rows]) for side in sides]
    if len(rows) > 1 and any(means):
        cells = ["geometric mean", "", "", *(cell for mean in means for cell in ["", number(mean)])]
        lines.append("| " + " | ".join(cells + [""] * any(notes)) + " |")
    return "\n".join(lines)


def note(row):
    """What a reader must know of a row: why a cell is empty, and what is not as in the other rows."""
    parts = [f"with {row['examples']} examples"] if "examples" in row else []
    return ", ".join(parts + [row["note"]] * bool(row["note"]))


def ratio(row, side):
    return row[side] / row["onlearn"] if side in row else None


def geometric_mean(values):
    logarithms = [math.log(value) for value in values if value]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def number(value):
    """Three digits, or nothing."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
