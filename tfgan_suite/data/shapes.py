"""Procedural images of coloured, textured shapes: no file, no network, everything known.

A scene (shape, colour, texture, size, place, turn) is drawn once from the seed and its index and
can be painted in three styles. `day` is a bright sky with soft shadows, `night` a dark one in which
shapes glow. Painting is a fixed function of the scene, so each image of one style has exactly
one counterpart in the other, which is what a translation between them is measured against. `lines`
has a black outline on white paper, which shows neither colour nor texture.

Day and night differ in the light alone: hue stays, and everything that varies from scene
to scene is unevenly distributed (common and rare colours, mostly clear skies), so that a mapping
which swaps colours or reverses brightness does not simply fit the other domain. It is not a
guarantee: trained translators have been seen to swap blue and green, and clear and hazy skies.

With several objects in an image, each has a column to itself; warm colours are above, cool ones
below, so that a colour has places where it fits and others where it does not.

Shapes are signed distance functions; the share of a pixel that an edge covers follows from the
distance, which is what makes the images smooth at any size.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from tfgan_suite import hashing
from tfgan_suite.data import options, solids
from tfgan_suite.data.images import MAX_SIZE
from tfgan_suite.data.motion import MOTIONS, moved
from tfgan_suite.data.source import ArraySource, ClipSource, LazySource, Source
from tfgan_suite.errors import UserInputError
from tfgan_suite.fields import Field

SHAPES = ("circle", "square", "triangle", "diamond", "star", "cross", "ring", "crescent")
TEXTURES = ("plain", "striped", "dotted", "checkered")
SIZES = ("small", "large")
PLACES = (
    ("at the top left", "at the top", "at the top right"),
    ("on the left", "in the centre", "on the right"),
    ("at the bottom left", "at the bottom", "at the bottom right"),
)
COLOURS = {  # name: (red, green, blue), how often
    "red": ((0.88, 0.20, 0.20), 0.22),
    "blue": ((0.20, 0.38, 0.88), 0.18),
    "yellow": ((0.96, 0.80, 0.15), 0.15),
    "green": ((0.20, 0.66, 0.30), 0.13),
    "purple": ((0.56, 0.28, 0.78), 0.11),
    "orange": ((0.97, 0.53, 0.12), 0.09),
    "pink": ((0.95, 0.45, 0.70), 0.07),
    "teal": ((0.10, 0.65, 0.66), 0.05),
}
LABELS = {"shape": SHAPES, "colour": tuple(COLOURS), "texture": TEXTURES, "size": SIZES}
CAPTION_WORDS = tuple(
    sorted(
        {"a"}.union(
            *(text.split() for names in (SHAPES, TEXTURES, SIZES, COLOURS) for text in names),
            *(place.split() for row in PLACES for place in row),
        )
    )
)
"""The words of which captions of one shape are made."""

BACKGROUND, BODY, MARK = 0, 1, 2  # values of the part mask; a mark is a stripe, a dot, a field

_RADII = ((0.27, 0.33), (0.44, 0.54))  # small and large, in half image widths
_PERIOD = 0.6  # of a texture, in radii
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_CHUNK = 2**20  # pixels rendered at once
_SPLITS = {"train": 0, "test": 1}
_DRAWS = 11
_MOTION = 1  # what else a clip's key is for
_OBJECT = 2  # and that of further objects
_WARM = ("red", "yellow", "orange", "pink")


@dataclasses.dataclass(frozen=True)
class Style:
    """How a scene is lit. Colours are red, green, blue in [0, 1].

    Args:
        top: background at the upper edge.
        bottom: background at the lower edge.
        body: (share of white, brightness) of the shape.
        mark: the same for the texture on it.
        glow: how strongly the shape's colour shines on the background.
        shadow: how much the shape's shadow takes from the background.
        line: width of an outline that is painted instead of the whole shape, in half image widths;
            0: the whole shape.
    """

    top: tuple[float, float, float]
    bottom: tuple[float, float, float]
    body: tuple[float, float]
    mark: tuple[float, float]
    glow: float
    shadow: float
    line: float = 0.0


STYLES = {
    "day": Style(
        top=(0.64, 0.82, 0.95),
        bottom=(0.96, 0.90, 0.80),
        body=(0.0, 0.92),
        mark=(0.55, 1.0),
        glow=0.0,
        shadow=0.35,
    ),
    "night": Style(
        top=(0.19, 0.25, 0.45),
        bottom=(0.43, 0.35, 0.54),
        body=(0.12, 1.0),
        mark=(0.68, 1.0),
        glow=0.45,
        shadow=0.0,
    ),
    "lines": Style(
        top=(1.0, 1.0, 1.0),
        bottom=(1.0, 1.0, 1.0),
        body=(0.0, 0.0),
        mark=(0.0, 0.0),
        glow=0.0,
        shadow=0.0,
        line=0.08,
    ),
}


@dataclasses.dataclass(frozen=True)
class Scenes:
    """What `N` images show, as arrays of length `N`.

    Args:
        shape: int, index into `SHAPES`.
        colour: int, index into `COLOURS`.
        texture: int, index into `TEXTURES`.
        size: int, index into `SIZES`.
        row: int, 0 top to 2 bottom.
        column: int, 0 left to 2 right.
        x: centre of the shape, -1 left edge to 1 right edge.
        y: centre of the shape, -1 upper edge to 1 lower edge.
        radius: of the circle around the shape, in half image widths.
        turn: anticlockwise, in radians.
        haze: 0 clear to 1, darkens the background by up to 15 %.
    """

    shape: np.ndarray
    colour: np.ndarray
    texture: np.ndarray
    size: np.ndarray
    row: np.ndarray
    column: np.ndarray
    x: np.ndarray
    y: np.ndarray
    radius: np.ndarray
    turn: np.ndarray
    haze: np.ndarray

    def __len__(self):
        return len(self.shape)

    def __getitem__(self, chosen) -> "Scenes":
        fields = dataclasses.fields(self)
        return Scenes(**{field.name: getattr(self, field.name)[chosen] for field in fields})

    def captions(self, with_place: bool = True) -> np.ndarray:
        """English descriptions such as "a large red striped circle at the top left"."""
        colours = list(COLOURS)
        return np.array(
            [
                f"a {SIZES[self.size[i]]} {colours[self.colour[i]]} {TEXTURES[self.texture[i]]} "
                f"{SHAPES[self.shape[i]]}"
                + (f" {PLACES[self.row[i]][self.column[i]]}" if with_place else "")
                for i in range(len(self))
            ]
        )


def draw_scenes(key: int, indices: np.ndarray) -> Scenes:
    """Draws the scenes with the given indices; the same key and index give the same scene."""
    draws = hashing.uniform(key, tf.constant(indices, tf.int64), _DRAWS).numpy()
    shares = np.cumsum([share for _, share in COLOURS.values()])
    size = (draws[:, 3] * len(SIZES)).astype(np.int32)
    low, high = np.array(_RADII, np.float32)[size].T
    radius = low + (high - low) * draws[:, 4]
    row, column = (draws[:, 5:7] * 3).astype(np.int32).T
    jitter = 0.16 * (draws[:, 7:9] - 0.5)
    bound = 0.97 - radius
    return Scenes(
        shape=(draws[:, 0] * len(SHAPES)).astype(np.int32),
        colour=np.searchsorted(shares[:-1], draws[:, 1], side="right").astype(np.int32),
        texture=(draws[:, 2] * len(TEXTURES)).astype(np.int32),
        size=size,
        row=row,
        column=column,
        x=np.clip(0.43 * (column - 1) + jitter[:, 0], -bound, bound),
        y=np.clip(0.43 * (row - 1) + jitter[:, 1], -bound, bound),
        radius=radius,
        turn=0.5 * (draws[:, 9] - 0.5),
        haze=draws[:, 10] ** 2,
    )


def draw_objects(key: int, indices: np.ndarray, objects: int) -> list[Scenes]:
    """Draws scenes of several objects, each as the `Scenes` of one, all of one sky.

    Args:
        key, indices: as for `draw_scenes`.
        objects: 2 or 3.
    """
    warm = np.isin(list(COLOURS), _WARM)
    drawn = []
    for place in range(objects):
        scene = draw_scenes(hashing.key(key, _OBJECT, place), indices)
        column = (0, 2)[place] if objects == 2 else place
        row = np.where(warm[scene.colour], 0, 2)
        drawn.append(
            dataclasses.replace(
                scene,
                column=np.full_like(scene.column, column),
                row=row,
                # A third of what they jitter in a scene of their own.
                x=0.62 * (column - 1) + (scene.x - 0.43 * (scene.column - 1)) / 3,
                y=0.48 * (row - 1) + (scene.y - 0.43 * (scene.row - 1)) / 3,
                radius=0.8 * scene.radius,
                haze=drawn[0].haze if drawn else scene.haze,
            )
        )
    return drawn


def palette(style: Style) -> dict[str, list[tuple[float, float, float]]]:
    """Returns the colours that images of a style have, by name, as red, green, blue in [0, 1].

    Those of a name in `COLOURS` are the body's and the mark's; `"background"` has those between
    the upper and the lower edge, clear and in haze and shadow.
    """
    found = {
        "background": [
            tuple(light * _mix(np.float32(style.top), np.float32(style.bottom), np.float32(height)))
            for height in np.linspace(0, 1, 5)
            for light in (1.0, 0.85, 1.0 - 0.9 * style.shadow)
        ]
    }
    for name, (rgb, _) in COLOURS.items():
        parts = (_tint(np.float32(rgb), *part) for part in (style.body, style.mark))
        found[name] = [tuple(np.clip(part, 0, 1)) for part in parts]
    return {name: [tuple(map(float, rgb)) for rgb in colours] for name, colours in found.items()}


def render(scenes: Scenes | list[Scenes], style: Style, size: int, channels: int = 3) -> np.ndarray:
    """Paints scenes.

    Args:
        scenes: `N` scenes; a list of them is painted one over the other.
        style: one of `STYLES`, or your own.
        size: height and width in pixels, at least 8.
        channels: 3 for colour, 1 for its luma (BT.601).

    Returns:
        uint8 `[N, size, size, channels]`.
    """
    return _in_chunks(lambda part: _paint(part, style, size, channels), scenes, size)


def part_masks(scenes: Scenes | list[Scenes], size: int) -> np.ndarray:
    """Says which part covers most of each pixel, uint8 `[N, size, size, 1]`."""

    def masks(layers):
        found = BACKGROUND
        for part in layers:
            cover, mark, _ = _coverage(part, size)
            found = np.where(cover >= 0.5, np.where(mark >= 0.5, MARK, BODY), found)
        return found.astype(np.uint8)[..., None]

    return _in_chunks(masks, scenes, size)


def open_shapes(
    location: str,
    layout: str,
    split: str,
    main: Field,
    *,
    size: int = 32,
    channels: int = 3,
    num_examples: int | None = None,
    num_test: int | None = None,
    style: str = "day",
    a: str = "day",
    b: str = "night",
    label: str = "shape",
    objects: int = 1,
    num_frames: int = 16,
    motion: str = "straight",
    turn_at: int | None = None,
    cache_gib: float = 1.0,
    seed: int = 0,
) -> tuple[Source, ...]:
    """Opens source `shapes`: images with label, caption and part mask.

    Where clips are wanted, the shapes move (see `motion.moved`); volumes hold one solid each (see
    `solids`). Both have label and caption.

    Args:
        location: unused; the source has no place.
        layout: `"single"`: images in `style`. `"unpaired"`: two domains, styles `a` and `b`,
            of different scenes. `"paired"`: the same scenes in both styles.
        split: `"train"` (`num_examples` images) or `"test"` (`num_test` others).
        main: an `Image`, or the `Clip` or `Volume` that is wanted.
        size: height and width in pixels, or side in voxels, at least 8.
        channels: 3 for colour, 1 for grey.
        num_examples: training images (10,000 by default), clips or volumes (1,000), in each
            domain.
        num_test: held-out ones, in each domain; by default a tenth of the default above.
        style: `"day"`, `"night"` or `"lines"`.
        a: style of the first domain.
        b: style of the second domain.
        label: of images and clips, what the label says: `"shape"`, `"colour"`, `"texture"` or
            `"size"`. Of volumes it is the solid.
        objects: of images, how many one shows: 1, 2 or 3. Several have no label.
        num_frames: length of a clip. The frames of an example are cut from it.
        motion: of clips, `"straight"` or `"ambiguous"`.
        turn_at: number of the first frame that tells where an ambiguous motion goes on; by default
            half of `num_frames`. To predict what comes after k frames, set it to k, and
            `num_frames` to the frames of the model's `Clip`.
        cache_gib: examples are kept in memory when a domain needs no more than this many GiB;
            otherwise each is made whenever it is read.
        seed: another seed gives other scenes.
    """
    del location
    options.whole_number("size", size, 8, MAX_SIZE)
    options.one_of("channels", channels, (1, 3))
    options.whole_number("seed", seed, 0)
    limit = options.number("cache_gib", cache_gib, 0, 1e6) * 2**30
    few = main.kind in ("clip", "volume")
    num_examples = (1_000 if few else 10_000) if num_examples is None else num_examples
    num_test = (100 if few else 1_000) if num_test is None else num_test
    for name, value in {"num_examples": num_examples, "num_test": num_test}.items():
        options.whole_number(name, value, 1, 10_000_000)
    for name, value in {"style": style, "a": a, "b": b}.items():
        options.one_of(name, value, STYLES)
    options.one_of("label", label, LABELS)
    options.one_of("objects", objects, (1, 2, 3))
    if objects > 1 and main.kind in ("clip", "volume"):
        raise UserInputError(f"objects={objects} is for images; a {main.kind} shows one object.")
    options.whole_number("num_frames", num_frames, 2, 10_000)
    options.one_of("motion", motion, MOTIONS)
    turn_at = num_frames // 2 if turn_at is None else turn_at
    options.whole_number("turn_at", turn_at, 1, num_frames - 1)
    indices = np.arange(num_examples if split == "train" else num_test)

    def domain(style, stream):
        key = hashing.key(seed, _SPLITS[split], stream)
        name = f"shapes ({style})"
        if objects > 1:
            drawn = draw_objects(key, indices, objects)
            return _open_images(name, drawn, style, size, channels, None, limit)
        scenes = draw_scenes(key, indices)
        if main.kind != "clip":
            return _open_images(name, [scenes], style, size, channels, label, limit)

        def read(frames):
            clips, times = np.divmod(frames, num_frames)
            part = moved(
                scenes[clips], hashing.key(key, _MOTION), clips, times, motion, num_frames, turn_at
            )
            return {"image": render(part, STYLES[style], size, channels)}

        spec = {"image": tf.TensorSpec([size, size, channels], tf.uint8)}
        frames = _open_made(name, len(scenes) * num_frames, spec, read, limit)
        captions = _bytes(scenes.captions(with_place=False))
        columns = {"label": getattr(scenes, label), "caption": captions}
        lengths = np.full(len(scenes), num_frames)
        return ClipSource(name, frames, lengths, main.frames, len(LABELS[label]), columns)

    if main.kind == "volume":
        if layout != "single":
            raise UserInputError(f"source 'shapes' has no two domains of volumes for {layout!r}.")
        key = hashing.key(seed, _SPLITS[split], 0)
        return (_open_volumes(solids.draw_solids(key, indices), size, limit),)
    if layout == "single":
        return (domain(style, 0),)
    return domain(a, 0), domain(b, 1 if layout == "unpaired" else 0)


def _open_images(name, objects, style, size, channels, label, limit) -> Source:
    def read(indices):
        part = [scenes[indices] for scenes in objects]
        return {
            "image": render(part, STYLES[style], size, channels),
            "mask": part_masks(part, size),
        }

    spec = {
        "image": tf.TensorSpec([size, size, channels], tf.uint8),
        "mask": tf.TensorSpec([size, size, 1], tf.uint8),
    }
    captions = [" and ".join(words) for words in zip(*(o.captions() for o in objects), strict=True)]
    columns = {"caption": _bytes(np.array(captions))}
    if label is not None:
        columns["label"] = getattr(objects[0], label)
    classes = None if label is None else len(LABELS[label])
    source = _open_made(name, len(objects[0]), spec, read, limit, classes, columns)
    source.num_parts = MARK + 1
    return source


def _open_volumes(drawn, side, limit) -> Source:
    def read(indices):
        part = {name: values[indices] for name, values in drawn.items()}
        return {"volume": solids.occupancy(part, side)}

    spec = {"volume": tf.TensorSpec([side, side, side, 1], tf.uint8)}
    columns = {"label": drawn["solid"], "caption": _bytes(solids.captions(drawn))}
    num = len(drawn["solid"])
    return _open_made("shapes", num, spec, read, limit, len(solids.SOLIDS), columns)


def _open_made(name, num, spec, read, limit, num_classes=None, columns=None) -> Source:
    """Holds what `read` makes in memory when it needs no more bytes than `limit`."""
    if num * sum(np.prod(part.shape) for part in spec.values()) <= limit:
        fields = {**read(np.arange(num)), **(columns or {})}
        return ArraySource(name, fields, num_classes)
    return LazySource(name, num, spec, read, num_classes, columns)


def _bytes(captions):
    return captions.astype(bytes).astype(object)


def _in_chunks(function, scenes, size):
    layers = scenes if isinstance(scenes, list) else [scenes]
    step = max(1, _CHUNK // (size * size))
    starts = range(0, len(layers[0]), step)
    return np.concatenate(
        [function([layer[start : start + step] for layer in layers]) for start in starts]
    )


def _paint(layers, style, size, channels):
    height = _axis(size)[None, :, None, None] * 0.5 + 0.5
    image = _mix(np.float32(style.top), np.float32(style.bottom), height)
    image = image * (1 - 0.15 * layers[0].haze[:, None, None, None].astype(np.float32))
    for scenes in layers:
        image = _with_object(image, scenes, style, size)
    if channels == 1:
        image = (image @ _LUMA)[..., None]
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


def _with_object(image, scenes, style, size):
    cover, mark, distance = _coverage(scenes, size)
    base = np.array([rgb for rgb, _ in COLOURS.values()], np.float32)[scenes.colour]
    base = base[:, None, None, :]
    if style.shadow:
        shifted = dataclasses.replace(scenes, x=scenes.x + 0.06, y=scenes.y + 0.09)
        fall = np.exp(-np.maximum(_coverage(shifted, size)[2], 0) / 0.07)
        image = image * (1 - style.shadow * fall[..., None])
    if style.glow:
        fall = np.exp(-np.maximum(distance, 0) / 0.16)
        image = _mix(image, base, style.glow * fall[..., None])
    if style.line:
        cover = _share((np.abs(distance) - style.line / 2) * (size / 2))

    inside = _mix(_tint(base, *style.body), _tint(base, *style.mark), mark[..., None])
    return _mix(image, inside, cover[..., None])


def _coverage(scenes, size):
    """Shares of each pixel that shape and texture cover, and distance to the shape.

    Each is float32 `[N, size, size]`; distances are in half image widths, negative inside.
    """
    axis = _axis(size)
    x = axis[None, None, :] - scenes.x[:, None, None]
    y = scenes.y[:, None, None] - axis[None, :, None]  # up is positive, as shapes are described
    radius = scenes.radius[:, None, None]
    cos, sin = np.cos(scenes.turn)[:, None, None], np.sin(scenes.turn)[:, None, None]
    x, y = (cos * x + sin * y) / radius, (cos * y - sin * x) / radius
    x, y = x.astype(np.float32), y.astype(np.float32)

    distance = _by_kind(_DISTANCES, SHAPES, scenes.shape, x, y)
    mark = _by_kind(_MARKS, TEXTURES, scenes.texture, x, y, scenes.radius * size / 2)
    distance = distance * radius.astype(np.float32)
    return _share(distance * (size / 2)), mark, distance


def _by_kind(functions, names, kinds, x, y, scale=None):
    values = np.empty_like(x)
    for kind in np.unique(kinds):
        chosen = kinds == kind
        arguments = [x[chosen], y[chosen]]
        if scale is not None:
            arguments.append(scale[chosen, None, None].astype(np.float32))
        values[chosen] = functions[names[kind]](*arguments)
    return values


def _axis(size):
    """Pixel centres from -1 to 1."""
    return ((np.arange(size, dtype=np.float32) + 0.5) * 2 / size) - 1


def _share(pixels):
    """Share of a pixel inside an edge whose distance from the pixel's centre is `pixels`."""
    return np.clip(0.5 - pixels, 0, 1)


def _mix(first, second, share):
    return first + (second - first) * share


def _tint(colour, white, brightness):
    return brightness * _mix(colour, np.float32(1), np.float32(white))


# Signed distances in the unit circle, negative inside. Outside they are exact, for shadow and glow.


def _edge(x, y, start, end):
    """Distance to a segment; negative on its left, seen from `start`."""
    (ax, ay), (bx, by) = start, end
    ex, ey = bx - ax, by - ay
    share = np.clip(((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey), 0, 1)
    length = np.hypot(x - ax - share * ex, y - ay - share * ey)
    return np.where((x - ax) * ey - (y - ay) * ex > 0, length, -length)


def _polygon(x, y, corners, inner=None):
    """Regular polygon, or star whose inner corners lie at radius `inner`, one corner on top."""
    half = np.pi / corners
    inner = np.cos(half) if inner is None else inner
    angle, length = np.arctan2(x, y), np.hypot(x, y)
    angle = np.abs(angle - 2 * half * np.round(angle / (2 * half)))  # from the nearest corner
    end = inner * np.cos(half), inner * np.sin(half)
    return _edge(length * np.cos(angle), length * np.sin(angle), (1.0, 0.0), end)


def _box(x, y, width, height):
    x, y = np.abs(x) - width, np.abs(y) - height
    return np.hypot(np.maximum(x, 0), np.maximum(y, 0)) + np.minimum(np.maximum(x, y), 0)


def _crescent(x, y, centre=0.5, bite=0.82):
    """The unit circle without a circle of radius `bite` around (`centre`, 0)."""
    y = np.abs(y)
    tip_x = (1 + centre**2 - bite**2) / (2 * centre)
    tip_y = np.sqrt(1 - tip_x**2)
    outer = np.hypot(x, y) - 1
    inner = bite - np.hypot(x - centre, y)
    # Past the tip, as seen from its centre, an arc is no longer there: the tip is nearest.
    to_tip = np.hypot(x - tip_x, y - tip_y)
    past_outer = x * tip_y > y * tip_x
    past_inner = (x - centre) * tip_y > y * (tip_x - centre)
    outside = np.where(outer > 0, np.where(past_outer, to_tip, outer), 0)
    outside = np.maximum(outside, np.where(inner > 0, np.where(past_inner, to_tip, inner), 0))
    return np.where(np.maximum(outer, inner) > 0, outside, np.maximum(outer, inner))


_DISTANCES = {
    "circle": lambda x, y: np.hypot(x, y) - 0.92,
    "square": lambda x, y: _box(x, y, 0.8, 0.8),
    "triangle": lambda x, y: _polygon(x, y, corners=3),
    "diamond": lambda x, y: _edge(np.abs(x), np.abs(y), (0.72, 0.0), (0.0, 1.0)),
    "star": lambda x, y: _polygon(x, y, corners=5, inner=0.42),
    "cross": lambda x, y: np.minimum(_box(x, y, 0.3, 0.92), _box(x, y, 0.92, 0.3)),
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.7) - 0.26,
    "crescent": _crescent,
}


def _wave(x, scale):
    """Bands of width and spacing `_PERIOD / 2`, as covered shares; one band is centred on 0."""
    from_band = np.abs(x - _PERIOD * np.round(x / _PERIOD)) - _PERIOD / 4
    return _share(from_band * scale)


def _checkered(x, y, scale):
    columns, rows = _wave(x + _PERIOD / 4, scale), _wave(y + _PERIOD / 4, scale)
    return columns + rows - 2 * columns * rows


def _dotted(x, y, scale):
    x, y = (value - _PERIOD * np.round(value / _PERIOD) for value in (x, y))
    return _share((np.hypot(x, y) - 0.32 * _PERIOD) * scale)


_MARKS = {
    "plain": lambda x, y, scale: np.zeros_like(x),
    "striped": lambda x, y, scale: _wave(y, scale),
    "dotted": _dotted,
    "checkered": _checkered,
}
