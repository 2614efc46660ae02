"""Panels with lines, as SVG. Needs nothing but Python."""

import html
import math

WIDTH, HEIGHT = 320, 230
LEFT, RIGHT, TOP, BOTTOM = 50, 18, 34, 40
GRID, TEXT, FAINT = "#e5e7eb", "#111827", "#6b7280"


class Axis:
    """The places of values between `start` and `end`, where `low` and `high` are; logarithmic unless `low` is zero."""

    def __init__(self, low, high, start, end):
        self.scale = math.log if low > 0 else float
        self.low, self.high = self.scale(low), self.scale(high)
        self.start, self.end = start, end

    def place(self, value):
        return self.start + (self.scale(value) - self.low) / (self.high - self.low) * (self.end - self.start)


def decades(values):
    """The powers of ten around the values."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    return [10**power for power in range(low, max(math.ceil(math.log10(max(values)) - 1e-9), low + 1) + 1)]


def duration(milliseconds):
    """A time with its unit, such as `10 µs`."""
    for limit, unit in [(1e-3, "ns"), (1, "µs"), (1e3, "ms")]:
        if milliseconds < limit * (1 - 1e-9):
            return f"{milliseconds / limit * 1000:.4g} {unit}"
    return f"{milliseconds / 1e3:.4g} s"


def text(x, y, content, anchor="middle", size=10, color=TEXT, weight="normal"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" '
        f'fill="{color}">{html.escape(content)}</text>'
    )


def panel(title, lines, x_ticks, y_ticks, x_label, values_above=False, width=WIDTH):
    """Lines with axes and title, at the origin.

    lines     pairs of a color and points (x, milliseconds)
    x_ticks   pairs of a value and what is written there
    y_ticks   milliseconds; from zero on the axis is linear, else logarithmic
    """
    xs = Axis(x_ticks[0][0], x_ticks[-1][0], LEFT + 8, width - RIGHT)
    ys = Axis(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = [text(LEFT, 18, title, "start", 13, weight="bold")]
    parts.append(text((LEFT + width) / 2, HEIGHT - 6, x_label, color=FAINT))
    for tick in y_ticks:
        y = ys.place(tick)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{width - RIGHT + 6}" stroke="{GRID}"/>')
        parts.append(text(LEFT - 5, y + 3.5, duration(tick) if tick else "0", "end", color=FAINT))
    for value, label in x_ticks:
        parts.append(text(xs.place(value), HEIGHT - BOTTOM + 15, label, color=FAINT))
    for color, points in lines:
        places = [(xs.place(x), ys.place(y)) for x, y in points]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in places]
        if values_above:
            parts += [text(x, y - 9, duration(value), size=11) for (x, y), (_, value) in zip(places, points)]
    return "".join(parts)


def picture(panels, legend=(), columns=3, width=WIDTH):
    """The whole picture: panels side by side, and what the colors mean."""
    columns = min(columns, len(panels))
    lines = -(-len(panels) // columns)
    whole, height = columns * width + 12, lines * HEIGHT + 12 + 26 * bool(legend)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {height}" width="{whole}" height="{height}" '
        'font-family="system-ui, sans-serif">',
        f'<rect width="{whole}" height="{height}" fill="white"/>',
    ]
    x = LEFT
    for color, name in legend:
        parts.append(f'<circle cx="{x + 4}" cy="17" r="4" fill="{color}"/>{text(x + 13, 21, name, "start", 12)}')
        x += 34 + 6.6 * len(name)
    for index, content in enumerate(panels):
        place = f"{index % columns * width} {index // columns * HEIGHT + 26 * bool(legend) + 4}"
        parts.append(f'<g transform="translate({place})">{content}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"
