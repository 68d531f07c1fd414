import numpy as np
import pytest
from PIL import Image

from tfgan_suite.drawing import Clips, ImageGrid, Points, write_drawing, write_film
from tfgan_suite.errors import UserInputError


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_images_lie_row_by_row_and_keep_their_values(tmp_path, channels, mode):
    samples = np.full([5, 32, 32, channels], -1.0)
    samples[3] = 1.0
    samples[4] = 7.0  # clipped
    write_drawing(tmp_path / "grid.png", ImageGrid(samples, columns=3))
    image = Image.open(tmp_path / "grid.png")
    assert image.mode == mode
    cell, gap = 64, 2  # 32 pixels are enlarged twice
    assert image.size == (3 * (cell + gap) + gap, 2 * (cell + gap) + gap)
    pixels = np.asarray(image).reshape(image.height, image.width, -1)
    middles = [
        pixels[gap + cell // 2 + row * (cell + gap), gap + cell // 2 + column * (cell + gap), 0]
        for row in range(2)
        for column in range(3)
    ]
    assert middles == [0, 0, 0, 255, 255, 255]
    assert [p.name for p in tmp_path.iterdir()] == ["grid.png"]


def test_points_appear_where_they_are(tmp_path):
    points = np.tile([[1.0, 0.0]], [50, 1])
    modes = np.array([[1.0, 0.0], [-1.0, 0.0]])
    write_drawing(tmp_path / "points.png", Points(points, modes))
    pixels = np.asarray(Image.open(tmp_path / "points.png")).astype(int)
    blue = pixels[..., 2] - pixels[..., 0] > 60
    rows, columns = np.nonzero(blue)
    assert abs(rows.mean() - 320) < 3 and columns.min() > 450


def test_other_shapes_are_refused():
    with pytest.raises(UserInputError, match=r"\(4, 8, 8, 2\)"):
        ImageGrid(np.zeros([4, 8, 8, 2]))
    with pytest.raises(UserInputError, match=r"\(4, 3\)"):
        Points(np.zeros([4, 3]))
    with pytest.raises(UserInputError, match=r"\(4, 8, 8, 3\).*expected clips"):
        Clips(np.zeros([4, 8, 8, 3]))


def test_clips_are_strips_and_play():
    """Clip n at time t has the grey level 20 n + 60 t."""
    levels = 20 * np.arange(4)[:, None] + 60 * np.arange(3)
    clips = np.tile(levels[..., None, None, None] / 127.5 - 1, (64, 64, 1))
    drawing = Clips(clips, columns=2)
    strip = np.asarray(drawing.render())
    middles = [34, 100, 166, 236, 302, 368]  # a wider gap between two clips of a row
    assert strip.shape == (134, 402)
    assert (strip[34, middles] == levels[:2].reshape(-1)).all()
    assert (strip[100, middles] == levels[2:].reshape(-1)).all()
    for time, frame in enumerate(drawing.frames()):
        pixels = np.asarray(frame)
        assert pixels.shape == (134, 134)
        found = pixels[np.ix_([34, 100], [34, 100])].reshape(-1)
        assert (found == levels[:, time]).all()


def test_a_film_shows_its_frames_at_one_size(tmp_path):
    small, large = (Image.new("RGB", (n, n), color) for n, color in ((4, "red"), (8, "blue")))
    write_film(tmp_path / "film.gif", [small, large], milliseconds=100)
    film = Image.open(tmp_path / "film.gif")
    assert film.n_frames == 2 and film.size == (8, 8)
    for frame, (color, duration) in enumerate((((255, 0, 0), 100), ((0, 0, 255), 400))):
        film.seek(frame)
        assert film.convert("RGB").getpixel((7, 7)) == color
        assert film.info["duration"] == duration
