import functools
import io
import struct
import subprocess
import sys
import time
import zlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgan_suite.data.images import ImageRules, read_image
from tfgan_suite.signatures import (
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


def open_image(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_png_has_the_levels_of_the_images(channels, mode):
    values = np.array([-2.0, -1.0, 0.0, 1.0, 3.0, 2 * 100 / 255 - 1], np.float32)
    images = np.tile(values.reshape(1, 2, 3, 1), (2, 1, 1, channels))
    for data in encode_png(images).numpy():
        image = open_image(data)
        assert image.mode == mode
        levels = np.asarray(image).reshape(2, 3, channels)
        np.testing.assert_array_equal(levels[..., 0], [[0, 0, 128], [255, 255, 100]])


def encode(image, kind):
    file = io.BytesIO()
    image.save(file, kind)
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


def decode(*images, size=12, channels=3):
    images = decoder(size, channels)(tf.constant(images, tf.string)).numpy()
    return (images + 1) * 127.5


def test_an_image_of_the_right_size_is_decoded_exactly():
    np.testing.assert_allclose(
        decode(encode(Image.fromarray(pixels()), "PNG"))[0], pixels(), atol=1e-3
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
        encode(grey, "JPEG"),
        encode(half_black.convert("LA"), "PNG"),
        encode(two_levels, "PNG"),
    )
    np.testing.assert_allclose(decoded[0], np.repeat(np.asarray(grey)[..., None], 3, -1), atol=1e-3)
    np.testing.assert_allclose(decoded[1], np.asarray(palette.convert("RGB")), atol=1e-3)
    np.testing.assert_allclose(decoded[2], 127, atol=1e-3)
    np.testing.assert_allclose(decoded[3], 40000 >> 8, atol=1e-3)
    np.testing.assert_allclose(decoded[4], np.asarray(flat), atol=2)
    assert np.ptp(decoded[5], axis=-1).max() < 1e-3
    np.testing.assert_allclose(decoded[6], 127, atol=1e-3)
    np.testing.assert_allclose(decoded[7][..., 0], np.asarray(two_levels) * 255.0, atol=1e-3)


def test_grey_output_and_smaller_size():
    data = encode(Image.new("RGB", (40, 30), (255, 0, 0)), "PNG")
    decoded = decode(data, size=8, channels=1)
    assert decoded.shape == (1, 8, 8, 1)
    np.testing.assert_allclose(decoded, 255 * 0.2989, atol=0.1)


def test_the_middle_square_of_a_wide_image_is_taken():
    wide = np.zeros((12, 36, 3), np.uint8)
    wide[:, 12:24] = pixels()
    np.testing.assert_allclose(decode(encode(Image.fromarray(wide), "PNG"))[0], pixels(), atol=1e-3)


@pytest.mark.parametrize("size", [8, 20])
@pytest.mark.parametrize("shape", [(40, 30), (8, 31), (7, 5), (64, 64)])
def test_images_are_read_as_in_training(shape, size, tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(pixels(shape=(4, 4, 4))).resize(shape, Image.Resampling.BICUBIC).save(path)
    for channels in (1, 3):
        trained = read_image(path, ImageRules(size=size, channels=channels))
        served = decode(path.read_bytes(), size=size, channels=channels)[0]
        # Pillow rounds to whole grey levels after each of its steps.
        np.testing.assert_allclose(served, trained, atol=2)


def test_a_shape_that_is_no_square_and_alpha():
    image = Image.new("RGBA", (40, 30), (255, 0, 255, 51))
    decoded = decode(encode(image, "PNG"), size=(6, 10), channels=4)
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


@pytest.mark.parametrize("huge", [huge_png, huge_jpeg])
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


BY_HEADER = [
    b"",
    b"no image",
    encode(Image.fromarray(pixels()), "PNG")[:8],
    *(encode(Image.fromarray(pixels()), kind) for kind in ("GIF", "WEBP", "BMP")),
]


def test_what_is_no_image_by_its_header_is_named_before_decoding():
    good = [encode(Image.fromarray(pixels()), kind) for kind in ("PNG", "JPEG")]
    rows = [data for pair in zip(BY_HEADER, good * 3, strict=True) for data in pair]
    words = r"cannot be read as a PNG or JPEG file; send.*rows.*\[0 2 4 6 8 10\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        decode(*rows)
    assert decode(*good).shape == (2, 12, 12, 3)


def png_with_texts(number):
    """A PNG file with compressed texts that unpack to 8 MB each."""
    text = b"a\0\0" + zlib.compress(bytes(7_900_000), 9)
    chunk = struct.pack(">I", len(text)) + b"zTXt" + text
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    data = encode(Image.fromarray(pixels()), "PNG")
    return data[:33] + chunk * number + data[33:]


def jpeg_with_scans(number):
    """A JPEG file of 4096 x 4096 pixels whose last scan is repeated."""
    file = io.BytesIO()
    Image.new("L", (4096, 4096)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * number + data[-2:]


@pytest.mark.parametrize(("make", "parts"), [(png_with_texts, 9), (jpeg_with_scans, 10_000)])
def test_what_takes_long_to_decode_is_refused_before(make, parts):
    costly = make(parts)
    good = encode(Image.fromarray(pixels()), "PNG")
    decode(good)
    start = time.process_time()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"too costly.*rows.*\[1\]"):
        decode(good, costly)
    assert time.process_time() - start < 0.2
    assert decode(png_with_texts(2)).shape == (1, 12, 12, 3)


@pytest.mark.parametrize(
    "data",
    [
        encode(Image.fromarray(pixels()), "PNG")[:200],
        changed(encode(Image.fromarray(pixels()), "PNG"), 150, 0xFF),
        encode(Image.fromarray(pixels()), "JPEG")[:20],
        b"\xff\xd8\xff" + bytes(100),
    ],
    ids=["short PNG", "damaged PNG", "short JPEG", "no JPEG"],
)
@pytest.mark.parametrize(("row", "name"), [(1, "1"), (66, "64_or_later")])
def test_content_that_cannot_be_decoded_is_named(data, row, name):
    good = encode(Image.fromarray(pixels()), "PNG")
    words = rf"image_bytes_row_{name}\b|image_bytes: cannot be read.*\[{row}\]"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        decode(*[good] * row, data)


_MEMORY = """
import io, resource, sys
import numpy as np
import tensorflow as tf
from PIL import Image
from tfgan_suite.signatures import decode_images

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


def test_the_largest_images_take_bounded_memory():
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


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38, -3e38, 2e6])
def test_values_out_of_range_are_refused_by_input_and_row(double, bad):
    images = np.zeros((4, 2, 2, 1), np.float32)
    np.testing.assert_array_equal(double(images=images + 1)["images"], images + 2)
    images[2, 1, 0, 0] = bad
    words = r"(?s)Input images: expected -1e\+06 to 1e\+06.*NaN.*rows.*\b2\b"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        double(images=images)


@pytest.mark.parametrize("is_graph", [False, True])
def test_inputs_of_unlike_numbers_of_rows_are_refused(is_graph):
    specs = {name: tf.TensorSpec([None], tf.float32) for name in "ab"}
    signature = Signature(lambda a, b: {"sum": a + b}, specs, "The sum.", lambda num_rows: {})
    if is_graph:
        signature = tf.function(signature)
    np.testing.assert_array_equal(signature(a=[1.0, 2.0], b=[3.0, 4.0])["sum"], [4, 6])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)a, b: .*as many rows.*2,? 1"):
        signature(a=[1.0, 2.0], b=[3.0])


def test_a_declared_range_has_room_for_rounding():
    signature = Signature(
        lambda x: {"y": x},
        {"x": tf.TensorSpec([None, 1], tf.float32)},
        "The same.",
        lambda num_rows: {"x": np.zeros((num_rows, 1), np.float32)},
        ranges={"x": (-1, 1)},
    )
    inside = np.float32([[-1], [1], [1.001], [np.float16(-1.001)]])
    np.testing.assert_array_equal(signature(x=inside)["y"], inside)
    for bad in (-1.1, 1.1, 255):
        with pytest.raises(tf.errors.InvalidArgumentError, match="Input x: expected -1 to 1"):
            signature(x=np.float32([[bad]]))


def test_half_precision_has_a_range_too():
    signature = Signature(
        lambda x: {"y": x},
        {"x": tf.TensorSpec([None, 1], tf.float16)},
        "The same.",
        lambda num_rows: {"x": np.zeros((num_rows, 1), np.float16)},
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="Input x: expected"):
        signature(x=np.float16([[np.inf]]))


def test_a_signature_takes_no_rows(double):
    assert double(images=np.zeros((0, 2, 2, 1), np.float32))["images"].shape == (0, 2, 2, 1)
