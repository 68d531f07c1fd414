"""Each rule of `tfgan_suite.data.images` against values worked out by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from tfgan_suite.data.images import ImageRules, from_arrays, read_image, to_uint8
from tfgan_suite.errors import RunFailure, UserInputError

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
# BT.601 luma in Pillow's integer arithmetic
LUMA = {RED: 76, GREEN: 150, BLUE: 29}


def _read(tmp_path, image, rules, name="image.png", **save):
    image.save(tmp_path / name, **save)
    return read_image(tmp_path / name, rules)


def test_grey_is_repeated(tmp_path):
    image = Image.fromarray(np.array([[0, 100], [200, 255]], np.uint8))
    pixels = _read(tmp_path, image, ImageRules(size=2, channels=3))
    assert pixels.shape == (2, 2, 3) and pixels.dtype == np.uint8
    for channel in range(3):
        np.testing.assert_array_equal(pixels[..., channel], [[0, 100], [200, 255]])


def test_colour_becomes_luma(tmp_path):
    image = Image.fromarray(np.array([[RED, GREEN, BLUE]], np.uint8))
    pixels = _read(tmp_path, image, ImageRules(channels=1))
    np.testing.assert_array_equal(pixels[..., 0], [[LUMA[RED], LUMA[GREEN], LUMA[BLUE]]])


def test_channels_none_keeps_grey_and_colour(tmp_path):
    grey, colour = Image.new("L", (3, 2), 9), Image.new("RGB", (3, 2), RED)
    assert _read(tmp_path, grey, ImageRules()).shape == (2, 3, 1)
    assert _read(tmp_path, colour, ImageRules()).shape == (2, 3, 3)


@pytest.mark.parametrize(
    "background, half_red",
    [("white", (255, 127, 127)), ("black", (128, 0, 0)), ((0, 0, 255), (128, 0, 127))],
)
def test_rgba_is_composited(tmp_path, background, half_red):
    # alpha 128 of 255: 128/255 of the colour and 127/255 of the background
    image = Image.fromarray(np.array([[(255, 0, 0, 128), (0, 9, 0, 255)]], np.uint8))
    pixels = _read(tmp_path, image, ImageRules(channels=3, background=background))
    np.testing.assert_array_equal(pixels, [[half_red, (0, 9, 0)]])


def test_hidden_colour_does_not_show(tmp_path):
    image = Image.new("RGBA", (2, 2), (255, 0, 255, 0))
    pixels = _read(tmp_path, image, ImageRules(channels=3, background="#102030"))
    assert (pixels == (0x10, 0x20, 0x30)).all()


def test_grey_with_alpha(tmp_path):
    image = Image.merge("LA", [Image.new("L", (2, 1), 0), Image.new("L", (2, 1), 128)])
    np.testing.assert_array_equal(
        _read(tmp_path, image, ImageRules(channels=1))[..., 0], [[127, 127]]
    )
    np.testing.assert_array_equal(
        _read(tmp_path, image, ImageRules(channels=3, background="red")),
        [[(127, 0, 0), (127, 0, 0)]],
    )


def test_palette(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    pixels = _read(tmp_path, image, ImageRules(channels=3))
    np.testing.assert_array_equal(pixels, [[RED, BLUE]])
    transparent = _read(tmp_path, image, ImageRules(channels=3), transparency=1)
    np.testing.assert_array_equal(transparent, [[RED, (255, 255, 255)]])


def test_transparent_colour_of_rgb(tmp_path):
    image = Image.fromarray(np.array([[RED, BLUE]], np.uint8))
    pixels = _read(tmp_path, image, ImageRules(channels=3), transparency=BLUE)
    np.testing.assert_array_equal(pixels, [[RED, (255, 255, 255)]])


def test_sixteen_bit_grey(tmp_path):
    # 300 / 257 = 1.17, 32768 / 257 = 127.5 rounds to the even 128
    image = Image.fromarray(np.array([[0, 257, 300, 32768, 65535]], np.uint16))
    pixels = _read(tmp_path, image, ImageRules(channels=1))
    np.testing.assert_array_equal(pixels[..., 0], [[0, 1, 1, 128, 255]])


def test_cmyk(tmp_path):
    inks = np.array([[(0, 255, 255, 0), (0, 0, 0, 255), (0, 0, 0, 0)]], np.uint8)
    image = Image.frombytes("CMYK", (3, 1), inks.tobytes())
    pixels = _read(tmp_path, image, ImageRules(channels=3), name="image.tif")
    np.testing.assert_array_equal(pixels, [[RED, (0, 0, 0), (255, 255, 255)]])


def test_black_and_white(tmp_path):
    image = Image.fromarray(np.array([[True, False]]))
    assert image.mode == "1"
    pixels = _read(tmp_path, image, ImageRules(channels=1))
    np.testing.assert_array_equal(pixels[..., 0], [[255, 0]])


@pytest.mark.parametrize(
    "orientation, expected",
    [
        (1, [[1, 2, 3], [4, 5, 6]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (6, [[4, 1], [5, 2], [6, 3]]),  # the camera's top is the right side
        (8, [[3, 6], [2, 5], [1, 4]]),
    ],
)
def test_exif_orientation(tmp_path, orientation, expected):
    image = Image.fromarray(np.array([[1, 2, 3], [4, 5, 6]], np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = _read(tmp_path, image, ImageRules(channels=1), exif=exif)
    np.testing.assert_array_equal(pixels[..., 0], expected)


def test_fit_of_a_wide_image(tmp_path):
    # 8 x 4: two columns red, four green, two blue
    row = np.array([RED] * 2 + [GREEN] * 4 + [BLUE] * 2, np.uint8)
    image = Image.fromarray(np.tile(row, (4, 1, 1)))

    def read(**rules):
        return _read(tmp_path, image, ImageRules(channels=3, **rules))

    assert (read(size=4, fit="crop") == GREEN).all()
    padded = read(size=8, fit="pad", background="black")
    assert (padded[[0, 1, 6, 7]] == 0).all()
    np.testing.assert_array_equal(padded[2:6], np.tile(row, (4, 1, 1)))
    stretched = read(size=4, fit="stretch")
    assert stretched.shape == (4, 4, 3)
    assert stretched[0, 0].argmax() == 0 and stretched[0, 3].argmax() == 2


def test_pad_of_grey_uses_the_luma_of_the_background(tmp_path):
    image = Image.new("L", (2, 4), 7)
    pixels = _read(tmp_path, image, ImageRules(4, channels=1, fit="pad", background="red"))
    np.testing.assert_array_equal(pixels[0, :, 0], [76, 7, 7, 76])


def test_reduction_is_antialiased(tmp_path):
    # Without antialiasing every output pixel would fall between the two white columns: all 255.
    row = np.array([0, 255, 255, 0] * 8, np.uint8)
    image = Image.fromarray(np.tile(row, (32, 1)))
    pixels = _read(tmp_path, image, ImageRules(size=8, channels=1))
    assert np.abs(pixels[:, 2:-2].astype(int) - 127.5).max() < 16


def test_animation_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (2, 2), RED), Image.new("RGB", (2, 2), BLUE)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    assert (read_image(tmp_path / "film.gif", ImageRules(channels=3)) == RED).all()


def test_float_image_is_refused(tmp_path):
    Image.fromarray(np.ones([2, 2], np.float32)).save(tmp_path / "depth.tif")
    with pytest.raises(RunFailure, match=r"depth\.tif.*float pixels"):
        read_image(tmp_path / "depth.tif", ImageRules())


def test_text_is_refused_by_name(tmp_path):
    (tmp_path / "letter.png").write_text("Dear Sir")
    with pytest.raises(RunFailure, match=r"letter\.png: not a readable image"):
        read_image(tmp_path / "letter.png", ImageRules())


def test_truncated_file_is_refused_by_name(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "half.jpg")
    data = (tmp_path / "half.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(RunFailure, match=r"half\.jpg: not a readable image"):
        read_image(tmp_path / "half.jpg", ImageRules())


@pytest.mark.parametrize("bound", [50, 90])  # Pillow itself warns from 1 x and refuses from 2 x
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_decompression_bomb_is_refused(tmp_path, monkeypatch, bound):
    Image.new("L", (11, 11)).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", bound)
    with pytest.raises(RunFailure, match=rf"bomb\.png.*more than {bound} pixels"):
        read_image(tmp_path / "bomb.png", ImageRules())


@pytest.mark.parametrize(
    "array, expected",
    [
        (np.array([0, 7, 255], np.uint8), [0, 7, 255]),
        (np.array([0, 257, 65535], np.uint16), [0, 1, 255]),
        (np.array([False, True]), [0, 255]),
        (np.array([0.0, 0.5, 1.0], np.float32), [0, 128, 255]),
        (np.array([-1.0, 0.0, 1.0]), [0, 128, 255]),
    ],
)
def test_to_uint8(array, expected):
    np.testing.assert_array_equal(to_uint8(array, "x"), expected)


@pytest.mark.parametrize("array", [np.array([0.0, 255.0]), np.array([np.nan]), np.array([3])])
def test_to_uint8_refuses(array):
    with pytest.raises(UserInputError, match="^x has"):
        to_uint8(array, "x")


def test_from_arrays_of_four_channels_are_rgba():
    array = np.full([2, 3, 3, 4], (255, 0, 0, 0), np.uint8)
    assert (from_arrays(array, ImageRules(channels=3), "x") == 255).all()


@pytest.mark.parametrize(
    "rules, message",
    [
        ({"channels": 4}, "channels must be one of"),
        ({"size": 0}, "size must be a whole number of at least 1"),
        ({"fit": "corp"}, "Did you mean 'crop'"),
        ({"background": "whit"}, "is no colour"),
        ({"background": (0, 0, 300)}, "from 0 to 255"),
        ({"background": 5}, "a colour or three numbers"),
        ({"size": 10**9}, "up to 16,384"),
    ],
)
def test_bad_rules(rules, message):
    with pytest.raises(UserInputError, match=message):
        ImageRules(**rules)


@pytest.mark.parametrize("shape", [(2, 0, 4), (2, 4, 0, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_arrays_without_pixels_are_refused(shape, dtype):
    with pytest.raises(UserInputError, match="^x has shape .*no pixel"):
        from_arrays(np.zeros(shape, dtype), ImageRules(size=4), "x")


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(1, 500), (500, 1)])
def test_a_line_becomes_a_square(fit, shape):
    array = np.full([1, *shape], 7, np.uint8)
    square = from_arrays(array, ImageRules(4, 1, fit, "black"), "x")
    assert square.shape == (1, 4, 4, 1) and square.max() == 7


def test_formats_that_start_other_programs_stay_closed(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "letter.png", format="EPS")
    with pytest.raises(RunFailure, match=r"letter\.png: not a readable image .it is none of BMP"):
        read_image(tmp_path / "letter.png", ImageRules())


def _encoded():
    """Small files of every format, with the variants that take paths of their own."""
    random = np.random.default_rng(0)
    colour = Image.fromarray(random.integers(0, 256, (9, 11, 3), np.uint8))
    alpha = Image.fromarray(random.integers(0, 256, (9, 11, 4), np.uint8))
    deep = Image.fromarray(random.integers(0, 65536, (9, 11)).astype(np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    film = {"save_all": True, "append_images": [colour.rotate(90)]}
    variants = [
        (colour, "PNG", {"exif": turned}),
        (colour.convert("P"), "PNG", {"transparency": 1}),
        (alpha, "PNG", {}),
        (deep, "PNG", {}),
        (colour, "JPEG", {"exif": turned}),
        (colour, "JPEG", {"progressive": True}),
        (colour.convert("CMYK"), "JPEG", {}),
        (colour, "GIF", film),
        (colour, "BMP", {}),
        (colour.convert("P"), "BMP", {}),
        (colour, "WEBP", film),
        (alpha, "WEBP", {"lossless": True}),
        (colour, "TIFF", {"compression": "tiff_lzw"}),
        (colour, "PPM", {}),
        (colour.convert("P"), "TGA", {"compression": "tga_rle"}),
    ]
    for image, format, settings in variants:
        file = io.BytesIO()
        image.save(file, format, **settings)
        yield file.getvalue()


@pytest.mark.filterwarnings("ignore")
def test_mutated_files_are_read_or_refused_by_name(tmp_path):
    random = np.random.default_rng(0)
    path, refused = tmp_path / "mutated.png", 0
    for whole in _encoded():
        path.write_bytes(whole)
        assert read_image(path, ImageRules(size=4, channels=3)).shape == (4, 4, 3)
        for _ in range(20):
            data = bytearray(whole)
            place = random.integers(min(len(data), random.choice([40, len(data)])))
            noise = random.integers(0, 256, random.integers(1, 9), dtype=np.uint8).tobytes()
            match random.integers(4):
                case 0:
                    data[place] = noise[0]
                case 1:
                    data[place] = random.choice([0, 1, 127, 128, 255])
                case 2:
                    data[place:place] = noise
                case 3:
                    del data[place:]
            path.write_bytes(data)
            try:
                assert read_image(path, ImageRules(size=4, channels=3)).shape == (4, 4, 3)
            except RunFailure as error:
                refused += 1
                assert "mutated.png" in str(error)
    assert refused > 100
