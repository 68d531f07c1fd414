"""One self-contained HTML page of what was found: no script, no resource from elsewhere.

The page is built as a tree of elements, so that every text and attribute is escaped.
"""

import base64
import io
from collections.abc import Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from tfgan_suite.dissection.units import Dissection, Subject, bar, features_and_masks
from tfgan_suite.drawing import ImageGrid

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem;
       color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border-bottom: 1px solid #aaa; padding: .2rem .8rem .2rem 0; text-align: right; }
th:first-child, td:first-child { text-align: left; }
ul.units { list-style: none; padding: 0; display: grid; gap: 1rem;
           grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); }
ul.units li { border: 1px solid #767676; border-radius: .4rem; padding: .6rem; }
h3 { margin: 0 0 .4rem; font-size: 1rem; }
img { max-width: 100%; height: auto; image-rendering: pixelated; }
figure { margin: 1rem 0; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 1rem; margin: .4rem 0 0;
     max-width: 32rem; }
dt { color: #4a4a4a; } dd { margin: 0; text-align: right; }
svg { max-width: 100%; height: auto; }
"""
_DIM = 0.25  # brightness of an image outside of a unit's region
_INKS = ("#0b5394", "#a64d00", "#5a2d82", "#38761d")


class Curve(NamedTuple):
    """A line of a chart.

    Attributes:
        name: of the line.
        x, y: numbers.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


class Section(NamedTuple):
    """A part of the page about an intervention.

    Attributes:
        title: heading.
        text: what was done and found.
        images: `(caption, images [N, H, W, C] in [-1, 1])` pairs.
        curves: of one chart.
        axes: names of the chart's axes.
    """

    title: str
    text: str
    images: Sequence[tuple[str, np.ndarray]] = ()
    curves: Sequence[Curve] = ()
    axes: tuple[str, str] = ("", "")


def render_page(
    title: str,
    facts: dict[str, Any],
    dissection: Dissection,
    strips: dict[int, np.ndarray],
    effects: np.ndarray | None = None,
    sections: Sequence[Section] = (),
) -> str:
    """Returns the page.

    Args:
        title: its heading.
        facts: what was dissected and how, by name.
        dissection: what was found.
        strips: of each unit that is shown, its top images, `[T, H, W, C]` in [-1, 1].
        effects: float `[U]`, the causal effect of each unit on its best concept; NaN: not measured.
        sections: about interventions.
    """
    html = ElementTree.Element("html", lang="en")
    head = _add(html, "head")
    _add(head, "meta", charset="utf-8")
    _add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    _add(head, "title", title)
    _add(head, "link", rel="icon", href="data:,")
    _add(head, "style", _STYLE)
    main = _add(_add(html, "body"), "main")
    _add(main, "h1", title)
    _definitions(main, facts)
    for section in sections:
        _section(main, section)
    _concepts(main, dissection)
    _units(main, dissection, strips, effects)
    return "<!doctype html>\n" + ElementTree.tostring(html, encoding="unicode", method="html")


def top_images(
    subject: Subject, dissection: Dissection, units, progress: bool = False
) -> dict[int, np.ndarray]:
    """Returns the images in which units are most active, dimmed where they are below threshold.

    Args:
        subject: what was dissected.
        dissection: what was found.
        units: ints.
        progress: whether to show a bar.

    Returns:
        By unit `[T, H, W, C]` in [-1, 1].
    """
    wanted = {}
    for unit in units:
        for rank, number in enumerate(dissection.top[unit]):
            wanted.setdefault(int(number), []).append((int(unit), rank))
    strips = {int(unit): [None] * dissection.top.shape[1] for unit in units}

    def images_and_features(inputs):
        return subject.opened.compute(inputs)[0], features_and_masks(subject, inputs)[0]

    compute = subject.compiled("top", images_and_features)
    with bar("top images", len(wanted), progress) as shown_bar:
        for numbers, inputs in subject.batches(sorted(wanted), shown_bar):
            images, features = (part.numpy() for part in compute(inputs))
            for row, number in enumerate(numbers):
                for unit, rank in wanted[int(number)]:
                    inside = features[row, ..., unit] > dissection.thresholds.values[unit]
                    light = np.where(inside, 1.0, _DIM)[..., None]
                    strips[unit][rank] = (images[row] + 1) * light - 1
    return {unit: np.stack(parts) for unit, parts in strips.items()}


def _add(parent, tag, text=None, **attributes):
    attributes = {name.rstrip("_").replace("_", "-"): str(v) for name, v in attributes.items()}
    element = ElementTree.SubElement(parent, tag, attributes)
    if text is not None:
        element.text = str(text)
    return element


def _definitions(parent, pairs):
    listing = _add(parent, "dl")
    for name, value in pairs.items():
        _add(listing, "dt", name)
        _add(listing, "dd", _text(value))


def _text(value):
    if isinstance(value, float | np.floating):
        return f"{value:.3f}" if abs(value) >= 0.1 else f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int | np.integer) else str(value)


def _concepts(main, dissection):
    _add(main, "h2", "Concepts")
    headings = ("concept", "share of pixels", "units that detect it", "best unit", "its IoU")
    rows = []
    for index, concept in enumerate(dissection.concepts):
        column = dissection.iou[:, index]
        count = int(np.sum(dissection.detects & (dissection.best == index)))
        share = float(dissection.concept_shares[index])
        rows.append((concept, share, count, int(column.argmax()), float(column.max())))
    _table(main, "What the images show, and which units agree with it", headings, rows)


def _table(parent, caption, headings, rows):
    table = _add(parent, "table")
    _add(table, "caption", caption)
    line = _add(_add(table, "thead"), "tr")
    for heading in headings:
        _add(line, "th", heading, scope="col")
    body = _add(table, "tbody")
    for first, *rest in rows:
        line = _add(body, "tr")
        _add(line, "th", _text(first), scope="row")
        for value in rest:
            _add(line, "td", _text(value))


def _units(main, dissection, strips, effects):
    _add(main, "h2", "Units")
    _add(
        main,
        "p",
        f"{int(dissection.detects.sum())} of {len(dissection.iou)} units detect a concept "
        "(IoU above 0.05, information-quality ratio above 0.01). Each is shown with the images in "
        "which it is most active, bright where it is above its threshold; those that detect a "
        "concept come first, the best of them at the top.",
    )
    listing = _add(main, "ul", class_="units")
    for unit in (unit for unit in dissection.order.tolist() if unit in strips):
        concept = dissection.concepts[dissection.best[unit]]
        detects = bool(dissection.detects[unit])
        item = _add(listing, "li")
        _add(item, "h3", f"Unit {unit}: {concept if detects else 'no concept'}")
        count = len(strips[unit])
        described = f"The {count} images in which unit {unit} is most active"
        _image(item, strips[unit], described, columns=count)
        values = {
            **({} if detects else {"agrees best with": concept}),
            "IoU": float(dissection.best_iou[unit]),
            "information-quality ratio": float(
                dissection.thresholds.quality[unit, dissection.best[unit]]
            ),
            "threshold": float(dissection.thresholds.values[unit]),
            "share of pixels above it": float(dissection.active[unit]),
        }
        if effects is not None and np.isfinite(effects[unit]):
            values["causal effect on the concept"] = float(effects[unit])
        _definitions(item, values)


def _section(main, section):
    _add(main, "h2", section.title)
    _add(main, "p", section.text)
    for caption, images in section.images:
        figure = _add(main, "figure")
        _image(figure, images, caption, columns=min(len(images), 16))
        _add(figure, "figcaption", caption)
    if section.curves:
        _chart(main, section)


def _image(parent, images, description, columns):
    buffer = io.BytesIO()
    ImageGrid(np.asarray(images, np.float32), columns).render().save(buffer, "PNG", optimize=True)
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    _add(parent, "img", src=source, alt=description)


def _chart(main, section):
    """Lines, and the same numbers as a table."""
    width, height, left, above, bottom = 640, 320, 60, 30, 45
    xs = np.concatenate([np.asarray(curve.x, float) for curve in section.curves])
    ys = np.concatenate([np.asarray(curve.y, float) for curve in section.curves])
    floor = height - bottom
    right, top = max(xs.max(), 1e-9), max(ys.max(), 1e-9)

    def place(x, y):
        across = left + (width - left - 15) * np.sqrt(x / right)
        return f"{across:.1f},{above + (floor - above) * (1 - y / top):.1f}"

    figure = _add(main, "figure")
    label = f"{section.axes[1]} by {section.axes[0]}; the numbers are in the table below."
    chart = _add(figure, "svg", viewBox=f"0 0 {width} {height}", role="img", aria_label=label)
    chart.set("width", str(width))
    _add(chart, "path", d=f"M{left},{above} V{floor} H{width - 15}", stroke="#333", fill="none")
    for name, x, y, anchor in (
        (f"{section.axes[0]}, on a square-root scale", width / 2, height - 12, "middle"),
        (section.axes[1], left - 5, 16, "start"),
        (f"{top:.2g}", left - 5, above + 5, "end"),
        ("0", left - 5, floor, "end"),
        (f"{right:g}", width - 15, floor + 16, "end"),
    ):
        _add(chart, "text", name, x=x, y=y, text_anchor=anchor, font_size=13)
    for index, curve in enumerate(section.curves):
        ink = _INKS[index % len(_INKS)]
        points = " ".join(place(x, y) for x, y in zip(curve.x, curve.y, strict=True))
        dashes = ("none", "6 4", "2 3", "9 3 2 3")[index % 4]
        line = _add(chart, "polyline", points=points, fill="none", stroke=ink, stroke_width=2)
        line.set("stroke-dasharray", dashes)
        _add(chart, "text", curve.name, x=width - 20, y=48 + 18 * index, fill=ink,
             text_anchor="end", font_size=13)  # fmt: skip
    headings = (section.axes[0], *(curve.name for curve in section.curves))
    rows = [
        (x, *(float(curve.y[place]) for curve in section.curves))
        for place, x in enumerate(section.curves[0].x)
    ]
    _table(main, section.axes[1], headings, rows)
