import io
import zipfile

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.networks import squeezenet


def test_the_parameters_are_the_papers():
    assert squeezenet().count_params() == 1_248_424
    assert squeezenet(outputs=("fire4", "fire9")).output_shape == [
        (None, 55, 55, 256),
        (None, 13, 13, 512),
    ]


def weights_of(model):
    named = {}
    for layer in model.layers:
        for part, value in zip(("kernel", "bias"), layer.get_weights(), strict=False):
            named[f"{layer.name}_{part}"] = value
    return named


def by_numpy(weights, image):
    """The network written out, places along the first two axes."""

    def convolution(x, layer, stride=1, pad=0):
        x = np.pad(x, ((pad, pad), (pad, pad), (0, 0)))
        kernel = weights[f"{layer}_kernel"]
        windows = sliding_window_view(x, kernel.shape[:2], (0, 1))[::stride, ::stride]
        return np.maximum(
            np.einsum("ijchw,hwco->ijo", windows, kernel) + weights[f"{layer}_bias"], 0
        )

    def pool(x):
        height, width = (-(-(side - 3) // 2) + 1 for side in x.shape[:2])
        return np.stack(
            [
                [x[2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max(axis=(0, 1)) for j in range(width)]
                for i in range(height)
            ]
        )

    x = (image[..., ::-1] + 1) * 127.5 - np.array([104, 117, 123])
    x = pool(convolution(x, "conv1", stride=2))
    for number in range(2, 10):
        squeezed = convolution(x, f"fire{number}_squeeze1x1")
        x = np.concatenate(
            [
                convolution(squeezed, f"fire{number}_expand1x1"),
                convolution(squeezed, f"fire{number}_expand3x3", pad=1),
            ],
            axis=-1,
        )
        if number in (4, 8):
            x = pool(x)
    return convolution(x, "conv_final").mean(axis=(0, 1))


@pytest.mark.parametrize("size", [35, 40])  # with windows that reach over the edge, and without
@pytest.mark.parametrize("any_size", [False, True])
def test_equals_the_network_written_out(size, any_size):
    model = squeezenet(image_size=None if any_size else size)
    image = np.random.default_rng(0).uniform(-1, 1, (size, size, 3))
    expected = by_numpy(weights_of(model), image)
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(
        model(image[None].astype("float32"))[0], expected, rtol=1e-4, atol=1e-5
    )


def test_outputs_in_front_of_their_relu():
    image = np.random.default_rng(0).uniform(-1, 1, (1, 35, 35, 3)).astype("float32")
    outputs = ("conv1", "fire3", "logits")
    activated, linear = (squeezenet(None, outputs, 35, behind) for behind in (True, False))
    linear.set_weights(activated.get_weights())
    for behind, before in zip(activated(image)[:2], linear(image)[:2], strict=True):
        assert np.min(before) < 0
        np.testing.assert_array_equal(np.maximum(before, 0), behind)
    assert np.min(linear(image)[2]) < 0


def test_weights_come_from_a_file(tmp_path):
    given = squeezenet(image_size=35)
    np.savez(tmp_path / "weights.npz", **weights_of(given))
    loaded = squeezenet(tmp_path / "weights.npz", image_size=35)
    image = np.ones((1, 35, 35, 3), "float32")
    np.testing.assert_array_equal(given(image), loaded(image))


def test_published_weights_tell_mirrored_images_from_others(real_data):
    """The mirror image of a drawing is nearer to it than another drawing is."""
    with zipfile.ZipFile(real_data / "openmoji_72.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.startswith("color/") and n.endswith("g"))
        files = [archive.read(name) for name in names[:: len(names) // 8][:8]]
    drawings = []
    for file in files:
        drawing = Image.open(io.BytesIO(file)).convert("RGBA")
        white = Image.new("RGBA", drawing.size, "white")
        drawings.append(Image.alpha_composite(white, drawing).convert("RGB").resize((227, 227)))
    images = np.stack(drawings).astype("float32") / 127.5 - 1
    model = squeezenet(real_data / "squeezenet_v10_imagenet.npz", outputs=("fire9",))
    own, mirrored = (np.asarray(model(x)).mean(axis=(1, 2)) for x in (images, images[:, :, ::-1]))
    distances = np.linalg.norm(own[:, None] - mirrored, axis=-1)
    assert (distances.argmin(axis=1) == np.arange(8)).all()


def test_wrong_files_and_layers_are_refused(tmp_path):
    with pytest.raises(UserInputError, match="fire99.*Did you mean 'fire9'"):
        squeezenet(outputs=("fire99",))
    with pytest.raises(UserInputError, match="no weights file"):
        squeezenet(tmp_path / "absent.npz")
    (tmp_path / "text.npz").write_text("not an archive")
    with pytest.raises(RunFailure, match="no readable npz"):
        squeezenet(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", conv1_kernel=np.zeros((3, 3, 3, 96)))
    with pytest.raises(
        UserInputError, match=r"conv1_kernel.*\(3, 3, 3, 96\), None.*\(7, 7, 3, 96\)"
    ):
        squeezenet(tmp_path / "other.npz")
