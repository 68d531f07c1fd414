"""Given images: their points, morphs and holes; networks stay as they are."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.sparse.linalg
import tensorflow as tf

from tfgan_suite import editing, models, testing
from tfgan_suite.editing import SearchOptions
from tfgan_suite.editing.search import lbfgs
from tfgan_suite.errors import UserInputError


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_images_of_known_latents_are_found_again(gan, optimizer):
    images = gan.sample(range(1000, 1010))
    steps = 300 if optimizer == "adam" else 40
    seen = []
    options = SearchOptions(optimizer, steps=steps, progress=lambda *done: seen.append(done))
    found = editing.project(gan, images, options=options)
    assert (found.errors < 1e-3).sum() >= 8, found.errors
    assert found.values.shape == (10, 3)
    np.testing.assert_allclose(found.values.min(1), found.errors, atol=1e-5)
    assert seen[0] == (0, steps) and seen[-1] == (steps, steps)


def test_an_encoder_s_start_is_one_of_the_starts(gan):
    space = editing.find_space(gan)
    points = editing.points_of_seeds(gan, space, [1000])
    image = editing.decoded(gan, space, points, {})
    found = editing.project(gan, image, start=points, options=SearchOptions(steps=1, starts=1))
    assert found.errors[0] < 1e-10 and found.values.shape == (1, 2)
    with pytest.raises(UserInputError, match="start: expected latents of shape"):
        editing.project(gan, image, start=points[:, :2])
    with pytest.raises(UserInputError, match="start: expected 1 points"):
        editing.project(gan, image, start=np.repeat(points, 2, axis=0))


def test_bounded_points_of_a_search_stay_inside(make_gan):
    gan = make_gan()
    gan.latent_distribution = "hypercube"
    found = editing.project(gan, np.ones((1, 8, 8, 1)), options=SearchOptions(steps=50))
    assert found.points.min() >= 0 and found.points.max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("space", ["w", "w_plus", "z"])
def test_a_stylegan_is_projected_into_each_of_its_spaces(space):
    model = models.build({"name": "stylegan", "preset": "tiny"})
    w = editing.find_space(model, "w")
    target = editing.decoded(model, w, editing.points_of_seeds(model, w, [100]), {})
    options = SearchOptions(steps=30, starts=1)
    found = editing.project(model, np.clip(target, -1, 1), space=space, options=options)
    latents = editing.find_space(model, space)
    assert found.points.shape[1:] == latents.shape
    nearest = editing.decoded(
        model, latents, editing.points_of_seeds(model, latents, range(16)), {}
    )
    assert found.errors[0] < 0.9 * ((nearest - target) ** 2).mean((1, 2, 3)).min()


def test_features_count(gan):
    image = gan.sample([1005])
    network = tf.function(lambda images: tf.reduce_mean(images, axis=[1, 2]))
    plain, seen = (
        editing.project(gan, image, features=f, options=SearchOptions(steps=25))
        for f in (None, network)
    )
    assert seen.values.min() != plain.values.min()


def test_a_morph_begins_and_ends_with_the_images_and_moves_evenly(gan):
    first, second = gan.sample([1000, 1001])
    made = editing.morph(gan, first, second, frames=9, options=SearchOptions(steps=200))
    np.testing.assert_allclose(made.frames[[0, -1]], [first, second], atol=1e-5)

    def distances(end):
        return ((made.frames - end) ** 2).sum((1, 2, 3))

    assert spearman(distances(first)) > 0.9 and spearman(distances(second)) < -0.9
    plain = editing.morph(
        gan, first, second, frames=9, details=False, options=SearchOptions(steps=200)
    )
    np.testing.assert_allclose(plain.frames[0], plain.projection.reconstructions[0], atol=1e-5)
    with pytest.raises(UserInputError, match="two images have the shapes"):
        editing.morph(gan, first, second[:4])


def spearman(values):
    ranks = np.argsort(np.argsort(values))
    return np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]


def test_lbfgs_minimises_each_row_of_a_curved_valley():
    def valley(rows):
        x, y = rows[:, 0], rows[:, 1]
        gradient = [-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)]
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2, np.stack(gradient, axis=1)

    start = np.array([[-1.2, 1.0], [0.0, 0.0], [1.0, 1.0]])
    rows, values = lbfgs(valley, start, 80)
    np.testing.assert_allclose(rows, 1, atol=1e-4)
    assert values.max() < 1e-8
    np.testing.assert_array_equal(rows[2], start[2])


def test_weights_around_one_unknown_pixel():
    hole = np.zeros((1, 15, 15), bool)
    hole[0, 7, 7] = True
    weights = editing.context_weights(hole).numpy()[0]
    expected = np.zeros((15, 15))
    expected[4:11, 4:11] = 1 / 48
    expected[7, 7] = 0
    np.testing.assert_allclose(weights, expected, atol=1e-7)


def test_weights_at_the_edge_count_the_pixels_that_there_are():
    hole = np.zeros((1, 9, 9), bool)
    hole[0, 0, 0] = True
    weights = editing.context_weights(hole).numpy()[0]
    assert weights[0, 1] == pytest.approx(1 / (4 * 5 - 1)) and weights[4, 4] == 0


def test_poisson_blending_restores_constants_and_ramps():
    hole = np.zeros((1, 16, 16), bool)
    hole[0, 3:9, 5:14] = True
    hole[0, 12:, 12:] = True  # at the corner too
    ramp = (
        np.linspace(-1, 1, 16)[None, :, None, None] + np.linspace(0, 0.5, 16)[None, None, :, None]
    )
    ramp = np.repeat(ramp.astype(np.float32), 3, axis=-1)
    with_holes = np.where(hole[..., None], 0, ramp)
    np.testing.assert_allclose(editing.poisson_blend(with_holes, ramp + 0.7, hole), ramp, atol=1e-6)
    constant = np.full((1, 16, 16, 1), 0.3, np.float32)
    flat = editing.poisson_blend(np.where(hole[..., None], 0, constant), constant * 0, hole)
    np.testing.assert_allclose(flat, constant, atol=1e-6)
    whole = np.ones((1, 16, 16), bool)
    np.testing.assert_allclose(editing.poisson_blend(constant * 0, ramp, whole), ramp, atol=1e-6)


def test_blending_agrees_with_a_dense_solution():
    rng = np.random.default_rng(0)
    image, fill = rng.uniform(-1, 1, (2, 1, 7, 6, 1)).astype(np.float32)
    hole = rng.random((1, 7, 6)) < 0.5
    places = {place: i for i, place in enumerate(zip(*np.nonzero(hole[0]), strict=True))}
    matrix, right = np.zeros((len(places), len(places))), np.zeros(len(places))
    for (y, x), i in places.items():
        for ny, nx in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if not (0 <= ny < 7 and 0 <= nx < 6):
                continue
            matrix[i, i] += 1
            right[i] += fill[0, y, x, 0] - fill[0, ny, nx, 0]
            if (ny, nx) in places:
                matrix[i, places[ny, nx]] -= 1
            else:
                right[i] += image[0, ny, nx, 0]
    blended = editing.poisson_blend(image, fill, hole).numpy()[0, ..., 0]
    np.testing.assert_allclose(blended[hole[0]], np.linalg.solve(matrix, right), atol=1e-5)
    np.testing.assert_array_equal(blended[~hole[0]], image[0, ..., 0][~hole[0]])


def test_blending_of_many_holes_agrees_with_a_sparse_solution():
    """Holes of any shape, also at the edge, each with a seam of its own; several channels."""
    rng = np.random.default_rng(1)
    size = 24
    images, fills = rng.uniform(-1, 1, (2, 2, size, size, 3)).astype(np.float32)
    holes = scipy.ndimage.gaussian_filter(rng.normal(size=(2, size, size)), (0, 2, 2)) > 0
    blended = editing.poisson_blend(images, fills, holes).numpy()
    steps = scipy.sparse.diags([-np.ones(size), np.ones(size - 1)], [0, 1])
    steps = steps.tocsr()[:-1]
    same = scipy.sparse.identity(size)
    differences = scipy.sparse.vstack(
        [scipy.sparse.kron(steps, same), scipy.sparse.kron(same, steps)]
    )
    laplacian = (differences.T @ differences).tocsr()
    for image, fill, hole, found in zip(images, fills, holes, blended, strict=True):
        inside = hole.ravel()
        image, fill, found = (x.reshape(-1, 3).astype(float) for x in (image, fill, found))
        target = (laplacian @ fill)[inside] - laplacian[inside][:, ~inside] @ image[~inside]
        solved = scipy.sparse.linalg.spsolve(laplacian[inside][:, inside].tocsc(), target)
        np.testing.assert_allclose(found[inside], solved, atol=1e-5)
        np.testing.assert_array_equal(found[~inside], image[~inside])


def test_a_hole_is_filled_with_what_the_generator_makes_there(gan):
    image = gan.sample([1003])[0]
    hole = np.zeros((8, 8), bool)
    hole[2:6, 2:6] = True
    spoilt = np.where(hole[..., None], np.float32(1), image)
    made = editing.inpaint(gan, spoilt, hole)
    np.testing.assert_array_equal(made.image[~hole], image[~hole])
    grey = np.abs(image[hole] - image[~hole].mean()).mean()
    assert np.abs(made.image[hole] - image[hole]).mean() < grey / 3


@pytest.mark.parametrize(
    "hole, words",
    [
        (np.zeros((8, 8), bool), "none of the image"),
        (np.ones((8, 8), bool), "all of the image"),
        (np.ones((4, 8), bool), r"expected|image's size, \(8, 8\)"),
        (np.ones((8, 8)), "must be bool"),
    ],
)
def test_holes_that_do_not_fit_are_refused(gan, hole, words):
    with pytest.raises(UserInputError, match=words):
        editing.inpaint(gan, np.zeros((8, 8, 1)), hole)


@pytest.mark.parametrize("change", [{"seed": 2**63}, {"seed": -1}, {"starts": 10**6}])
def test_searches_that_cannot_be_are_refused(change):
    with pytest.raises(UserInputError, match="must be a whole number"):
        SearchOptions(**change)


def test_images_that_do_not_fit_are_refused(gan):
    for images, words in (
        (np.zeros((1, 9, 8, 1)), "expected images of shape"),
        (np.zeros((8, 8, 1)), "expected images of shape"),
        (np.full((1, 8, 8, 1), 255.0), r"expected values in \[-1, 1\]"),
    ):
        with pytest.raises(UserInputError, match=words):
            editing.project(gan, images)


def test_networks_are_bit_identical_after_any_edit():
    model = models.build({"name": "dcgan", "preset": "tiny"})
    model.compile()
    model.train_on_batch(testing.random_batch(model))
    before = testing.state_of(model)
    options = SearchOptions(steps=3, starts=1)
    first, second = np.clip(model.sample([1, 2]), -1, 1)
    editing.morph(model, first, second, frames=3, options=options)
    hole = np.zeros(first.shape[:2], bool)
    hole[4:8, 4:8] = True
    editing.inpaint(model, first, hole, options=SearchOptions("lbfgs", steps=2, starts=1))
    editing.brush(
        model,
        editing.points_of_seeds(model, editing.find_space(model), [1])[0],
        editing.Strokes(first, hole),
        options=options,
    )
    after = testing.state_of(model)
    assert before.keys() == after.keys()
    for name in before:
        for one, other in zip(before[name], after[name], strict=True):
            np.testing.assert_array_equal(one, other)
