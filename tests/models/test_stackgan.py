"""StackGAN by the checks of the paper: networks, losses, conditions, stages, Stage I of others."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import runs, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import matching_aware_terms, standard_normal_divergence
from tfgan_suite.models import GAN, CaptionEncoder, StackGAN
from tfgan_suite.models.stackgan import networks
from tfgan_suite.models.stackgan.stackgan import STAGES
from tfgan_suite.training.noise import DISTRIBUTIONS

ROOT = Path(__file__).parents[2]
WORDS = StackGAN.presets["tiny"]["vocabulary"]
STAGE_1 = ("augmentation_1", "generator_1", "discriminator_1")
STAGE_2 = ("augmentation_2", "generator_2", "discriminator_2")


def tiny(**arguments):
    return StackGAN(**{**StackGAN.presets["tiny"], **arguments})


def in_stage_2():
    """A model whose Stage I is over before the first step."""
    return tiny(stage_1="later", stage_1_images=0)


def values(model, names):
    """Returns all numbers of networks, of their averages and of the players' optimizers."""
    found = []
    for name in names:
        things = [getattr(model, name), getattr(model, f"{name}_average", None)]
        things.append(getattr(model, f"{name}_optimizer", None))
        found += [np.asarray(v) for thing in things if thing is not None for v in thing.variables]
    return found


def moved(before, after):
    return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


def louder(*networks):
    """Makes kernels as large as so few filters need for outputs to follow inputs."""
    for network in networks:
        for variable in network.trainable_variables:
            if variable.name == "kernel":
                variable.assign(10 * variable)


# === Networks ===


def test_the_authors_networks():
    count = testing.parameter_count
    assert count(networks.conditioning_augmentation) == 262_400
    assert count(networks.stage_1_generator) == 13_985_411
    assert count(networks.stage_2_generator) == 26_027_811
    assert count(networks.discriminator) == 4_029_889
    assert count(lambda: networks.discriminator(256)) == 48_603_585


def test_the_papers_shapes():
    one = networks.stage_1_generator(filters=8)
    assert one.get_layer("condition_and_latents").output.shape == (None, 228)
    assert one.get_layer("base").output.shape == (None, 4, 4, 64)
    assert one.output_shape == (None, 64, 64, 3)
    two = networks.stage_2_generator(filters=8)
    assert two.get_layer("features_and_text").output.shape == (None, 16, 16, 4 * 8 + 128)
    assert two.get_layer("relu_256").output.shape == (None, 256, 256, 2)
    assert two.output_shape == (None, 256, 256, 3)
    for size in (64, 256):
        judge = networks.discriminator(size, filters=8)
        assert judge.get_layer("features_and_text").output.shape == (None, 4, 4, 8 * 8 + 128)
        assert judge.output_shape == (None, 1)


@pytest.mark.parametrize("size, scale", [(8, 4), (16, 2), (32, 4)])
def test_stage_2_enlarges_twice_or_four_times(size, scale):
    network = networks.stage_2_generator(size, scale, filters=4, num_blocks=1)
    assert network.output_shape == (None, scale * size, scale * size, 3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sizes": (64, 64)}, "two or four times the first"),
        ({"sizes": (64, 16)}, "two or four times the first"),
        ({"sizes": (8, 64)}, "two or four times the first"),
        ({"sizes": (12, 48)}, r"both are of \[8, 16, 32, 64, 128, 256\].*Received: \(12, 48\)"),
        ({"sizes": (128, 512)}, "both are of"),
        ({"sizes": 64}, "Received: 64"),
        ({"sizes": ("8", "16")}, "Received"),
        ({"kl_reduction": "maen"}, "Did you mean 'mean'|one of"),
        ({"kl_weight": -1.0}, "kl_weight"),
        ({"epsilon_distribution": "norml"}, "Did you mean 'normal'"),
        ({"stage_1_images": -1}, "stage_1_images"),
        ({"stage_1_images": 0}, "without stage_1: .* untrained Stage I. Give stage_1 the .keras"),
        ({"condition_size": 0}, "condition_size"),
        ({"stage_1": "nowhere.keras"}, "stage_1=nowhere.keras cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(UserInputError, match=message):
        tiny(**arguments)


# === Conditioning augmentation ===


def test_the_divergence_from_the_standard_normal():
    def divergence(mean, log_deviation, reduction):
        return standard_normal_divergence(
            np.full((2, 128), mean, np.float32),
            np.full((2, 128), log_deviation, np.float32),
            reduction,
        ).numpy()

    for mean, log_deviation, of_a_dimension in [(0, 0, 0), (1, 0, 0.5), (0, 0.5, 0.3591)]:
        found = divergence(mean, log_deviation, "mean")
        np.testing.assert_allclose(found, np.full(2, of_a_dimension), atol=1e-4)
        np.testing.assert_allclose(divergence(mean, log_deviation, "sum"), 128 * found, rtol=1e-5)
    with pytest.raises(UserInputError, match="'avg'"):
        divergence(0, 0, "avg")


@pytest.mark.parametrize("which, other", [(0, 1), (1, 0)])
@pytest.mark.parametrize("leaky", [True, False])
def test_mean_and_deviation_are_of_disjoint_weights(which, other, leaky):
    """A port took the same slice of the dense layer for both."""
    network = networks.conditioning_augmentation(5, 3, leaky)
    layer = network.get_layer(["mean_dense", "log_deviation_dense"][which])
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    found = network(np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32))
    assert np.ptp(found[which]) == 0
    assert np.ptp(found[other], axis=0).min() > 0


def test_the_activation_of_the_authors_code_is_an_argument():
    embedding = np.ones((1, 5), np.float32)
    for leaky in (True, False):
        network = networks.conditioning_augmentation(5, 3, leaky)
        network.get_layer("mean_dense").set_weights([-np.ones((5, 3)), np.zeros(3)])
        np.testing.assert_allclose(network(embedding)[0], [[-1 if leaky else -5] * 3], rtol=1e-6)


def test_a_condition_has_the_mean_and_deviation_that_the_divergence_is_of():
    model = tiny(leaky_augmentation=False)
    for head, value in (("mean", 2.0), ("log_deviation", np.log(3.0))):
        layer = model.augmentation_1.get_layer(f"{head}_dense")
        layer.set_weights([np.zeros((5, 3)), np.full(3, value)])
    epsilon = np.random.default_rng(0).normal(size=(1000, 3)).astype(np.float32)
    text = np.zeros((1000, 5), np.float32)
    condition, mean, log_deviation = model.condition(model.augmentation_1, text, epsilon)
    np.testing.assert_allclose(condition, 2 + 3 * epsilon, rtol=1e-5)
    np.testing.assert_allclose(standard_normal_divergence(mean, log_deviation, "mean")[0], 4.901388)


def test_conditions_are_drawn_within_two_deviations():
    drawn = DISTRIBUTIONS["truncated_normal"]([100_000], tf.constant([0, 1], tf.int64)).numpy()
    assert np.abs(drawn).max() <= 2
    assert drawn.std() == pytest.approx(0.8796, abs=0.01)
    inputs = tiny().signatures()["from_embedding"].example(64)
    assert np.abs(inputs["epsilon_1"]).max() <= 2 < np.abs(inputs["latents"]).max()


def test_one_caption_and_one_latent_vector_give_images_that_differ():
    model = tiny(ema_half_life=None)
    louder(model.augmentation_1, model.generator_1)
    rng = np.random.default_rng(0)
    inputs = {
        "latents": np.zeros((16, 4)),
        "epsilon_1": rng.normal(size=(16, 3)),
        "epsilon_2": np.zeros((16, 3)),
        "embedding": np.ones((16, 5)),
    }
    inputs = {name: array.astype(np.float32) for name, array in inputs.items()}
    rough = model.images_of(inputs)["stage_1_images"].numpy()
    distances = np.abs(rough[:, None] - rough[None]).mean((2, 3, 4))
    assert distances[~np.eye(16, dtype=bool)].min() > 0
    np.testing.assert_array_equal(model(inputs), model(list(inputs.values())))
    with pytest.raises(UserInputError, match="Missing: .'embedding'."):
        model({name: inputs[name] for name in ("latents", "epsilon_1", "epsilon_2")})


# === Losses ===


def test_wrong_and_made_images_weigh_half():
    logits = [np.zeros(3, np.float32)] * 3
    terms = matching_aware_terms(*logits)
    half = np.log(2) / 2
    for name, weight in (("real", 2), ("fake", 1), ("wrong", 1)):
        np.testing.assert_allclose(terms[name], np.full(3, weight * half), rtol=1e-6)
    # Without the halves it would be 3 log 2.
    assert sum(t.numpy()[0] for t in terms.values()) == pytest.approx(1.386294)
    assert set(matching_aware_terms(*logits[:2])) == {"real", "fake"}


@pytest.mark.parametrize("stage, reduction, times", [(1, "mean", 1), (2, "sum", 3)])
def test_losses_without_opinion(stage, reduction, times):
    model = tiny(
        stage_1="later",
        stage_1_images=1000 * (stage == 1),
        kl_reduction=reduction,
        kl_weight=2.0,
        leaky_augmentation=False,
    )
    layer = getattr(model, f"discriminator_{stage}").get_layer("logits")
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    for head, value in (("mean", 1.0), ("log_deviation", 0.0)):
        layer = getattr(model, f"augmentation_{stage}").get_layer(f"{head}_dense")
        layer.set_weights([np.zeros((5, 3)), np.full(3, value)])
    model.compile(run_eagerly=True)
    logs = model.test_on_batch(testing.random_batch(model), return_dict=True)
    player = f"discriminator_{stage}"
    found = [logs[f"{player}/{name}"] for name in ("real", "wrong", "fake", "loss")]
    half = np.log(2) / 2
    np.testing.assert_allclose(found, [2 * half, half, half, 4 * half], rtol=1e-5)
    assert logs[f"generator_{stage}/adversarial"] == pytest.approx(2 * half, rel=1e-5)
    assert logs[f"generator_{stage}/kl"] == pytest.approx(2 * 0.5 * times, rel=1e-5)
    assert logs[f"generator_{stage}/deviation"] == pytest.approx(1.0)
    assert not any(f"_{3 - stage}/" in name for name in logs)


@pytest.mark.parametrize("stage", [1, 2])
def test_the_discriminator_sees_the_embedding_itself(stage):
    """A port gives it the mean of the condition."""
    model = tiny()
    game = model.games[stage - 1]
    judge = getattr(model, game.discriminator)
    assert judge.inputs[1].shape == (None, 5)  # a condition has 3
    assert judge.get_layer("text").kernel.shape == (5, 3)
    size, rng = model.sizes[stage - 1], np.random.default_rng(0)
    real, wrong = tf.unstack(tf.constant(rng.uniform(-1, 1, (2, 4, size, size, 3)), tf.float32))
    text = tf.constant(rng.normal(size=(4, 5)), tf.float32)
    noise = {name: tf.zeros([4, n]) for name, (n, _) in model._noise.items()}
    before = game.discriminator_loss(real, wrong, text, noise)
    louder(getattr(model, game.augmentation))
    after = game.discriminator_loss(real, wrong, text, noise)
    for name in ("real", "wrong"):
        np.testing.assert_array_equal(before.terms[name], after.terms[name])


def test_each_stage_learns_images_of_its_size():
    model = tiny()
    batch = testing.random_batch(model)
    seen = {}
    for game in model.games:

        def loss(real, wrong, text, noise, training=True, game=game):
            seen[game.size] = real.shape, wrong.shape, game.size
            return type(game).discriminator_loss(game, real, wrong, text, noise, training=training)

        game.discriminator_loss = loss
    model.compile(run_eagerly=True)
    for images in (0, model.arguments["stage_1_images"]):
        model.images_seen.assign(images)
        model.find_stage()
        model.train_on_batch(batch)
    for size in model.sizes:
        assert seen[size][0] == seen[size][1] == (8, size, size, 3)


# === Stages ===


@pytest.mark.parametrize(
    "eagerly, steps", [(True, 2), pytest.param(False, 10, marks=pytest.mark.slow)]
)
def test_stage_1_is_frozen_bit_for_bit_in_stage_2(eagerly, steps):
    """Weights, batch statistics, averages and slots."""
    model = tiny(stage_1_images=8)
    model.compile(run_eagerly=eagerly)
    untouched = values(model, STAGE_2)
    model.train_on_batch(testing.random_batch(model))
    assert not any(moved(untouched, values(model, STAGE_2)))
    frozen = values(model, (*STAGE_1, "text_encoder"))
    rough = model.sample(range(3), ["red"] * 3, stage=1)
    for seed in range(steps):
        model.train_on_batch(testing.random_batch(model, 8, seed))
    assert model.stage.name == STAGES[1]
    assert not any(moved(frozen, values(model, (*STAGE_1, "text_encoder"))))
    assert np.mean(moved(untouched, values(model, STAGE_2))) > 0.9
    np.testing.assert_array_equal(model.sample(range(3), ["red"] * 3, stage=1), rough)


def test_stage_2_learns_on_images_of_the_statistics_of_their_batch():
    """Of the averages, as they are served, but not in inference mode."""
    model = in_stage_2()
    text = tf.ones([4, 5])
    rng = np.random.default_rng(0)
    noise = {
        name: tf.constant(rng.normal(size=(4, n)).astype(np.float32))
        for name, (n, _) in model._noise.items()
    }
    seen = []
    generator_2 = model.generator_2
    model.generator_2 = lambda inputs, training: (
        seen.append(inputs[0]) or generator_2(inputs, training=training)
    )
    model.games[1].generator_loss(text, noise)
    condition, *_ = model.condition(model.augmentation_1_average, text, noise["epsilon_1"])
    expected = [
        model.generator_1_average([noise["latents"], condition], training=training)
        for training in (True, False)
    ]
    np.testing.assert_allclose(seen[0], expected[0], atol=1e-6)
    assert np.abs(seen[0] - expected[1]).max() > 1e-3


def test_a_resume_across_the_stages_is_exact(tmp_path):
    testing.check_resume_is_exact(lambda: tiny(stage_1_images=8), tmp_path, steps=1)


@pytest.mark.slow
def test_stage_2_is_saved_evaluated_and_published(tmp_path):
    testing.check_keras_file_round_trip(in_stage_2, tmp_path / "gan.keras")
    testing.check_evaluate_measures_only(in_stage_2)


@pytest.mark.slow
def test_replicas_agree_in_stage_2():
    testing.check_replicas_agree(in_stage_2)


@pytest.mark.slow
def test_accumulation_is_exact_in_stage_2():
    testing.check_accumulation_is_exact(in_stage_2)


@pytest.mark.slow
def test_stage_2_is_served(tmp_path):
    testing.check_servable(in_stage_2, tmp_path)


# === The Stage I of another model ===


@pytest.fixture(scope="module")
def trained():
    keras.utils.set_random_seed(0)
    model = tiny(stage_1_images=1000)
    model.compile(run_eagerly=True)
    model.train_on_batch(testing.random_batch(model))
    return model


@pytest.fixture(scope="module")
def path(trained, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("stage_1") / "one.keras")
    trained.save(path)
    return path


def test_stage_2_begins_with_the_stage_1_of_a_file(trained, path, tmp_path):
    # Its vocabulary and text encoder are taken over, and Stage II may be another.
    model = tiny(stage_1=path, vocabulary=(), sizes=(8, 32), stage_1_images=0, num_blocks=2)
    captions = ["a red circle", "BLUE square"]
    np.testing.assert_array_equal(
        model.sample([3, 4], captions, 1), trained.sample([3, 4], captions, 1)
    )
    model.save(tmp_path / "two.keras")
    again = keras.models.load_model(tmp_path / "two.keras")  # which needs the first file no more
    np.testing.assert_array_equal(again.sample([3], captions[:1]), model.sample([3], captions[:1]))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"vocabulary": [*WORDS[:-1], "triangle"]},
            "another vocabulary: it alone has 'square'; this model alone has 'triangle'",
        ),
        ({"vocabulary": WORDS[::-1]}, "another vocabulary: the same words in another order"),
        ({"vocabulary": WORDS, "max_words": 7}, "its max_words is 4, not 7"),
        ({"vocabulary": WORDS}, "another text encoder"),
        (
            {"vocabulary": (), "generator_filters": 8},
            "another Stage I, of .*'generator_filters': 4",
        ),
        (
            {"vocabulary": (), "latent_distribution": "uniform"},
            "another Stage I, of .*'latent_distribution': 'normal'",
        ),
    ],
)
def test_a_stage_1_that_does_not_fit_is_refused(path, arguments, message):
    with pytest.raises(UserInputError, match=message) as error:
        tiny(stage_1=path, **arguments)
    assert "\n" not in str(error.value)


def test_another_model_is_no_stage_1(tmp_path):
    tiny().save(tmp_path / "new.keras")
    with pytest.raises(UserInputError, match="new.keras is untrained: it has seen no image"):
        tiny(stage_1=str(tmp_path / "new.keras"), vocabulary=())
    GAN(**GAN.presets["tiny"]).save(tmp_path / "gan.keras")
    with pytest.raises(UserInputError, match="is a GAN; expected a StackGAN"):
        tiny(stage_1=str(tmp_path / "gan.keras"))


# === Runs ===


def run_config(**model):
    config = runs.default_config()
    words = "a small large red blue yellow green purple orange pink teal circle square".split()
    config.model = {
        "name": "stackgan",
        "preset": "tiny",
        "vocabulary": words,
        "max_words": 12,
        **model,
    }
    config.data = {"source": "shapes", "num_examples": 32}
    config.update({"batch_size": 8, "images": 32, "sample_every": 16, "num_samples": 2})
    config.update({"log_every": 16, "checkpoint_every": 16, "jit_compile": False})
    return config


@pytest.mark.slow
def test_both_stages_are_one_run_and_stage_1_may_be_of_another(tmp_path):
    """A Stage I of another vocabulary is one line and exit code 2."""
    first = runs.train(run_config(stage_1_images=16), tmp_path / "one")
    lines = (tmp_path / "one/metrics.jsonl").read_text().splitlines()
    assert len(lines) == 2
    assert "generator_1/kl" in lines[0] and "generator_2/kl" not in lines[0]
    assert "generator_2/kl" in lines[1] and "generator_1/kl" not in lines[1]
    second = runs.train(
        run_config(stage_1=str(tmp_path / "one"), vocabulary=[], stage_1_images=0),
        tmp_path / "two",
    )
    rough = [model.sample([5], ["a red circle"], stage=1) for model in (first, second)]
    np.testing.assert_array_equal(*rough)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "launch.train",
            "--config=launch/configs/stackgan_shapes.py",
            f"--workdir={tmp_path / 'three'}",
            f"--config.model.stage_1={tmp_path / 'one'}",
            "--config.model.caption_encoder=None",
            "--config.model.vocabulary=('red','blue')",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "reads captions by another vocabulary: it alone has 'a'" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "three").exists()


def test_the_caption_encoder_of_a_file_is_read(tmp_path):
    encoder = CaptionEncoder(**CaptionEncoder.presets["tiny"])
    encoder.save(tmp_path / "encoder.keras")
    model = tiny(vocabulary=(), caption_encoder=str(tmp_path / "encoder.keras"))
    captions = [" ".join(model.arguments["vocabulary"][:2])]
    np.testing.assert_array_equal(model.embed(captions), encoder.embed(captions))


# === Answers ===


@pytest.mark.parametrize(
    "caption, reason",
    [
        ("", "received none"),
        ("nothing known", "not one word"),
        ("a a a a a", "longer than 4 words"),
    ],
)
def test_captions_that_say_nothing_or_too_much_are_refused_by_row(caption, reason):
    model = tiny()
    for name in ("serving_default", "png"):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match=rf"(?s)caption.*{reason}.*\D1\]?$"
        ):
            model.signatures()[name](seed=np.arange(3), caption=tf.constant(["red", caption, "a"]))
    with pytest.raises(UserInputError, match=reason):
        model.sample(range(3), ["red", caption, "a"])


def test_samples_are_those_of_caption_and_seed_in_both_stages():
    model = tiny(ema_half_life=None)
    louder(*(getattr(model, name) for name in (*STAGE_1[:2], *STAGE_2[:2])))
    captions = ["a red circle", "blue square", "a red circle"]
    signature = model.signatures()["serving_default"]
    answers = signature(seed=np.array([5, 5, 6]), caption=tf.constant(captions))
    for stage, name in ((1, "stage_1_images"), (2, "images")):
        images = model.sample([5, 5, 6], captions, stage)
        np.testing.assert_allclose(answers[name], images, atol=1e-6)
        np.testing.assert_allclose(
            model.sample([5], ["a RED circle."], stage), images[:1], atol=1e-6
        )
        assert min(np.abs(images[0] - other).max() for other in images[1:]) > 1e-4
    png = model.signatures()["png"](seed=np.array([5, 5, 6]), caption=tf.constant(captions))
    sizes = [
        tf.io.decode_png(png[name][0]).shape[0] for name in ("stage_1_image_bytes", "image_bytes")
    ]
    assert sizes == [8, 16]
    with pytest.raises(UserInputError, match="stage must be one of 1, 2"):
        model.sample([5], ["red"], stage=3)


def test_stage_2_follows_the_rough_image_and_the_caption():
    model = tiny(ema_half_life=None)
    louder(model.generator_2)
    rng = np.random.default_rng(0)
    rough = rng.uniform(-1, 1, (2, 8, 8, 3)).astype(np.float32)
    condition = rng.normal(size=(2, 3)).astype(np.float32)
    made = model.generator_2([rough, condition])
    assert np.abs(made - model.generator_2([rough[::-1], condition])).max() > 1e-5
    assert np.abs(made - model.generator_2([rough, condition + 1])).max() > 1e-5


@pytest.mark.parametrize("stage, columns", [(1, 4), (2, 7)])
def test_a_drawing_has_both_stages_as_soon_as_there_are_two(stage, columns):
    model = tiny(stage_1="later", stage_1_images=1000 * (stage == 1))
    grid = model.draw(2, examples=testing.random_batch(model, 4))
    assert grid.columns == columns
    assert grid.images.shape == (2 * columns, 16, 16, 3)
