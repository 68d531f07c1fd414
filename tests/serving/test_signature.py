import functools
import io
import struct
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_suite.data.images import PictureRules, read_picture
from tfgan_suite.serving import (
    Signature,
    check_ids,
    decode_images,
    encode_png,
    latents_from_seeds,
)


def test_latents_depend_on_their_own_seed_alone():
    seeds = np.array([5, -1, 2**62, 0, 5])
    together = latents_from_seeds(seeds, 8).numpy()
    for i, seed in enumerate(seeds):
        alone = latents_from_seeds(np.array([seed]), 8).numpy()[0]
        np.testing.assert_array_equal(together[i], alone)
    assert len(np.unique(together[:4], axis=0)) == 4


def test_latents_are_the_same_in_every_process_and_version():
    expected = [-0.67417276, -0.35869256, -1.8795817, -1.4728931]
    np.testing.assert_allclose(latents_from_seeds(np.array([7]), 4)[0], expected, rtol=1e-6)


def test_latents_have_the_distribution_they_say():
    normal = latents_from_seeds(np.arange(500), 100).numpy()
    assert abs(normal.mean()) < 0.02 and abs(normal.std() - 1) < 0.02
    uniform = latents_from_seeds(np.arange(500), 100, "uniform").numpy()
    assert uniform.min() >= -1 and uniform.max() < 1
    assert abs(uniform.mean()) < 0.02 and abs(uniform.std() - 1 / 3**0.5) < 0.02


def open_picture(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_png_has_the_levels_of_the_images(channels, mode):
    values = np.array([-2.0, -1.0, 0.0, 1.0, 3.0, 2 * 100 / 255 - 1], np.float32)
    images = np.tile(values.reshape(1, 2, 3, 1), (2, 1, 1, channels))
    for data in encode_png(images).numpy():
        picture = open_picture(data)
        assert picture.mode == mode
        levels = np.asarray(picture).reshape(2, 3, channels)
        np.testing.assert_array_equal(levels[..., 0], [[0, 0, 128], [255, 255, 100]])


def encode(picture, kind):
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def pixels(seed=0, shape=(12, 12, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@functools.cache
def decoder(size, channels):
    """Traced once for all the tests that take it."""
    return tf.function(
        lambda image_bytes: decode_images(image_bytes, size, channels),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


def decode(*pictures, size=12, channels=3):
    images = decoder(size, channels)(tf.constant(pictures, tf.string)).numpy()
    return (images + 1) * 127.5


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_a_picture_of_the_right_size_is_decoded_exactly(kind):
    np.testing.assert_allclose(
        decode(encode(Image.fromarray(pixels()), kind))[0], pixels(), atol=1e-3
    )


def test_all_modes_and_formats_in_one_batch():
    rgb = Image.fromarray(pixels())
    flat = Image.new("RGB", (12, 12), (200, 100, 50))
    half_black = Image.new("RGBA", (12, 12), (0, 0, 0, 128))
    sixteen_bits = Image.fromarray(np.full((12, 12), 40000, np.uint16))
    palette = rgb.quantize(16)
    grey = rgb.convert("L")
    two_levels = grey.convert("1")
    decoded = decode(
        encode(grey, "PNG"),
        encode(palette, "PNG"),
        encode(half_black, "PNG"),
        encode(sixteen_bits, "PNG"),
        encode(flat, "JPEG"),
        encode(flat, "GIF"),
        encode(grey, "JPEG"),
        encode(grey.point(lambda _: 77), "BMP"),
        encode(half_black.convert("LA"), "PNG"),
        encode(two_levels, "PNG"),
    )
    np.testing.assert_allclose(decoded[0], np.repeat(np.asarray(grey)[..., None], 3, -1), atol=1e-3)
    np.testing.assert_allclose(decoded[1], np.asarray(palette.convert("RGB")), atol=1e-3)
    np.testing.assert_allclose(decoded[2], 127, atol=1e-3)
    np.testing.assert_allclose(decoded[3], 40000 >> 8, atol=1e-3)
    np.testing.assert_allclose(decoded[4], np.asarray(flat), atol=2)
    np.testing.assert_allclose(decoded[5], np.asarray(flat), atol=1e-3)
    assert np.ptp(decoded[6], axis=-1).max() < 1e-3
    np.testing.assert_allclose(decoded[7], 77, atol=1e-3)
    np.testing.assert_allclose(decoded[8], 127, atol=1e-3)
    np.testing.assert_allclose(decoded[9][..., 0], np.asarray(two_levels) * 255.0, atol=1e-3)


def test_grey_output_and_smaller_size():
    data = encode(Image.new("RGB", (40, 30), (255, 0, 0)), "PNG")
    decoded = decode(data, size=8, channels=1)
    assert decoded.shape == (1, 8, 8, 1)
    np.testing.assert_allclose(decoded, 255 * 0.2989, atol=0.1)


def test_the_middle_square_of_a_wide_picture_is_taken():
    wide = np.zeros((12, 36, 3), np.uint8)
    wide[:, 12:24] = pixels()
    np.testing.assert_allclose(decode(encode(Image.fromarray(wide), "PNG"))[0], pixels(), atol=1e-3)


@pytest.mark.parametrize("size", [8, 20])
@pytest.mark.parametrize("shape", [(40, 30), (8, 31), (7, 5), (64, 64)])
def test_pictures_are_read_as_in_training(shape, size, tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(pixels(shape=(4, 4, 4))).resize(shape, Image.Resampling.BICUBIC).save(path)
    for channels in (1, 3):
        trained = read_picture(path, PictureRules(size=size, channels=channels))
        served = decode(path.read_bytes(), size=size, channels=channels)[0]
        # Pillow rounds to whole grey levels after each of its steps.
        np.testing.assert_allclose(served, trained, atol=2)


def test_a_shape_that_is_no_square_and_alpha():
    picture = Image.new("RGBA", (40, 30), (255, 0, 255, 51))
    decoded = decode(encode(picture, "PNG"), size=(6, 10), channels=4)
    assert decoded.shape == (1, 6, 10, 4)
    np.testing.assert_allclose(decoded[0, 3, 3], [255, 0, 255, 51], atol=1e-3)


def test_shrinking_is_antialiased():
    fine = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    decoded = decode(encode(Image.fromarray(fine), "PNG"), size=8)
    np.testing.assert_allclose(decoded, 127.5, atol=2)


def huge_png():
    header = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + b"\0" * 4


def huge_jpeg():
    data = encode(Image.fromarray(pixels()), "JPEG")
    frame = data.index(b"\xff\xc0") + 5
    return data[:frame] + struct.pack(">HH", 50_000, 50_000) + data[frame + 4 :]


def huge_bmp():
    return b"BM" + b"\0" * 16 + struct.pack("<ii", 50_000, -50_000) + b"\1\0\x18\0" + b"\0" * 24


def huge_gif():
    data = encode(Image.fromarray(pixels()), "GIF")
    return data[:6] + struct.pack("<HH", 50_000, 50_000) + data[10:]


def huge_webp():
    header = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + b"\x4f\xc3\0" * 2
    return b"RIFF" + struct.pack("<I", 22) + b"WEBP" + header


@pytest.mark.parametrize("huge", [huge_png, huge_jpeg, huge_bmp, huge_gif, huge_webp])
def test_a_huge_header_is_refused_before_decoding(huge):
    good = encode(Image.fromarray(pixels()), "PNG")
    decode(good)
    start = time.monotonic()
    words = r"Input image_bytes: too large.*rows.*\[1\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        decode(good, huge())
    assert time.monotonic() - start < 5


def changed(data, position, byte):
    return data[:position] + bytes([data[position] ^ byte]) + data[position + 1 :]


def gif_whose_frame_is_larger_than_its_screen():
    data = encode(Image.fromarray(pixels()), "GIF")
    start = 13 + 3 * 256  # Behind the table of colours.
    assert data[start : start + 1] == b","
    return data[: start + 5] + struct.pack("<HH", 50_000, 50_000) + data[start + 9 :]


def animated(kind):
    frames = [Image.fromarray(pixels(seed)) for seed in range(3)]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


BY_HEADER = [
    b"",
    b"no picture",
    encode(Image.fromarray(pixels()), "PNG")[:8],
    encode(Image.fromarray(pixels()), "GIF")[:10],
    encode(Image.fromarray(pixels()), "GIF")[:-100],
    gif_whose_frame_is_larger_than_its_screen(),
    encode(Image.fromarray(pixels()), "WEBP")[:20],
    animated("WEBP"),
]


def test_what_is_no_picture_by_its_header_is_named_before_decoding():
    good = [encode(Image.fromarray(pixels()), kind) for kind in ("PNG", "JPEG", "BMP", "GIF")]
    rows = [data for pair in zip(BY_HEADER, good * 2, strict=True) for data in pair]
    with pytest.raises(tf.errors.InvalidArgumentError, match="cannot be read") as error:
        decode(*rows)
    assert "rows (counted from 0)] [0 2 4 6 8 10 12 14]" in str(error.value)
    assert decode(*good, encode(Image.fromarray(pixels()), "WEBP")).shape == (5, 12, 12, 3)


@pytest.mark.parametrize(
    "data",
    [
        encode(Image.fromarray(pixels()), "PNG")[:200],
        changed(encode(Image.fromarray(pixels()), "PNG"), 150, 0xFF),
        encode(Image.fromarray(pixels()), "JPEG")[:20],
        b"\xff\xd8\xff" + bytes(100),
        encode(Image.fromarray(pixels()), "BMP")[:60],
        encode(Image.fromarray(pixels()), "WEBP")[:60],
    ],
    ids=["short PNG", "damaged PNG", "short JPEG", "no JPEG", "short BMP", "short WebP"],
)
@pytest.mark.parametrize(("row", "name"), [(1, "1"), (66, "64_or_later")])
def test_content_that_cannot_be_decoded_is_named(data, row, name):
    good = encode(Image.fromarray(pixels()), "PNG")
    words = rf"image_bytes_row_{name}\b|image_bytes: cannot be read.*\[{row}\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        decode(*[good] * row, data)


def test_of_an_animation_the_first_frame_is_taken():
    alone = encode(Image.fromarray(pixels(0)), "GIF")
    np.testing.assert_array_equal(*decode(animated("GIF"), alone))


_MEMORY = """
import io, resource, sys
import numpy as np
import tensorflow as tf
from PIL import Image
from tfgan_suite.serving import decode_images

decode = tf.function(
    lambda image_bytes: decode_images(image_bytes, 16), [tf.TensorSpec([None], tf.string)]
)
kind, mode, num_rows = sys.argv[1:]
file = io.BytesIO()
Image.new(mode, (4096, 4096)).save(file, kind)
decode(tf.constant([file.getvalue()[:100]][:0], tf.string))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decode(tf.constant([file.getvalue()] * int(num_rows)))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_the_largest_pictures_take_bounded_memory():
    # 67 MB when decoded, some times that while scaled; two rows are in work at a time.
    process = subprocess.run(
        [sys.executable, "-c", _MEMORY, "PNG", "RGBA", "3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(process.stdout) < 800


def test_ids_that_do_not_exist_are_refused_by_input_and_row():
    check = tf.function(lambda ids: check_ids("class_id", ids, 10))
    np.testing.assert_array_equal(check(tf.constant([0, 9])), [0, 9])
    words = r"Input class_id: expected 0 to 9.*rows.*\[1 3\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        check(tf.constant([0, -1, 9, 10]))


def test_no_rows_give_no_rows():
    latents = tf.function(lambda seed: latents_from_seeds(seed, 8))
    assert latents(tf.zeros([0], tf.int64)).shape == (0, 8)
    images = tf.function(lambda image_bytes: decode_images(image_bytes, 8))
    assert images(tf.zeros([0], tf.string)).shape == (0, 8, 8, 3)


@pytest.fixture(params=[False, True], ids=["eager", "graph"])
def double(request):
    signature = Signature(
        lambda images: {"images": images * 2},
        {"images": keras.InputSpec(shape=(None, 2, 2, 1), dtype="float32")},
        "Twice.",
        lambda num_rows: {"images": np.zeros((num_rows, 2, 2, 1), np.float32)},
    )
    if not request.param:
        return signature
    return tf.function(signature)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_number_are_refused_by_input_and_row(double, bad):
    images = np.zeros((4, 2, 2, 1), np.float32)
    np.testing.assert_array_equal(double(images=images + 1)["images"], images + 2)
    images[2, 1, 0, 0] = bad
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)images.*NaN.*2"):
        double(images=images)


def test_a_signature_takes_no_rows(double):
    assert double(images=np.zeros((0, 2, 2, 1), np.float32))["images"].shape == (0, 2, 2, 1)
