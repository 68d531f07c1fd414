"""Values of the paper and its code that TextToImageGAN and CaptionEncoder have to hold."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfgan_suite import data, publishing, testing
from tfgan_suite.errors import UserInputError
from tfgan_suite.losses import joint_embedding_hinge
from tfgan_suite.models import CaptionEncoder, TextToImageGAN
from tfgan_suite.models.caption_encoder.negatives import neighbours, with_one_word_of
from tfgan_suite.models.text_to_image import networks
from tfgan_suite.models.text_to_image.text_to_image import ALGORITHMS, between_neighbours
from tfgan_suite.networks import char_cnn_rnn
from tfgan_suite.runs.workdir import Workdir
from tfgan_suite.signatures import Characters, Words, words_of
from tfgan_suite.training import Checkpoints

WORDS = ["a", "large", "small", "red", "blue", "circle", "square"]


def tiny(**arguments):
    return TextToImageGAN(**{**TextToImageGAN.presets["tiny"], **arguments})


def tiny_encoder(**arguments):
    return CaptionEncoder(**{**CaptionEncoder.presets["tiny"], **arguments})


@keras.saving.register_keras_serializable("tests")
class CountLetters(keras.layers.Layer):
    """Captions as how often they have each of three letters."""

    def call(self, captions):
        letters = tf.strings.unicode_split(captions, "UTF-8")
        counts = [tf.reduce_sum(tf.cast(letters == c, tf.float32), axis=1) for c in "abc"]
        return tf.stack(counts, axis=1)

    def compute_output_spec(self, captions):
        return keras.KerasTensor((captions.shape[0], 3), "float32")


# === Words ===


def test_captions_are_read_by_the_vocabulary():
    words = Words(WORDS, max_words=4)
    captions = tf.constant(["A  LARGE,red circle!", "green blue", "", "a b c d e f"])
    found = words(captions).numpy()
    np.testing.assert_array_equal(found, [[1, 2, 4, 6], [0, 5, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]])
    assert words(tf.zeros([0], tf.string)).shape == (0, 4)
    assert words_of(["Ärger, it's", b"two  it's"]) == ["it's", "two", "ärger"]


@pytest.mark.parametrize(
    "caption, reason",
    [
        ("", "received none"),
        ("  ?!", "received none"),
        ("nothing known", "not one word of the vocabulary"),
        ("a red red red circle", "longer than 4 words"),
        ("a" * 100_000, "longer than 4 words"),
        (b"\xff\xfe", "received none|not one word"),
    ],
)
def test_a_caption_that_says_nothing_or_too_much_is_refused_by_row(caption, reason):
    model = tiny()
    good = {"seed": np.arange(3, dtype=np.int64), "caption": np.array(["red", "blue", "a"])}
    signature = model.signatures()["serving_default"]
    bad = np.array(["red", caption, "a"], object)
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"(?s)caption.*({reason}).*\D1\]?$"):
        signature(**{**good, "caption": tf.constant(bad)})
    with pytest.raises(UserInputError, match=reason):
        model.sample(range(3), bad)
    batch = testing.random_batch(model)
    batch["caption"][1] = caption
    model.compile()
    with pytest.raises(UserInputError, match=rf"caption of example 1 .*({reason})"):
        model.fit(batch, batch_size=8, verbose=0)


@pytest.mark.parametrize(
    "vocabulary, message",
    [
        ([], "at least one"),
        ("red", "a list of words"),
        (["red", "dark red"], "'dark red', which is read as"),
        (["Red"], "lower case"),
        (["red", "red"], "twice"),
    ],
)
def test_a_vocabulary_is_distinct_words(vocabulary, message):
    with pytest.raises(UserInputError, match=message):
        tiny(vocabulary=vocabulary)


# === Networks and losses ===


def test_the_papers_networks():
    generator = networks.generator()
    assert generator.get_layer("latents_and_text").output.shape == (None, 228)
    assert generator.get_layer("base").output.shape == (None, 4, 4, 1024)
    assert generator.output_shape == (None, 64, 64, 3)
    discriminator = networks.discriminator()
    assert discriminator.get_layer("features_and_text").output.shape == (None, 4, 4, 640)
    assert discriminator.output_shape == (None, 1)


def without_opinion(model):
    layer = model.discriminator.get_layer("logits")
    layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    return model


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_losses_without_opinion(algorithm):
    model = without_opinion(tiny(algorithm=algorithm))
    model.compile(run_eagerly=True)
    logs = model.test_on_batch(testing.random_batch(model), return_dict=True)
    terms = {name: logs.get(f"discriminator/{name}", 0) for name in ("real", "wrong", "fake")}
    half = np.log(2) / 2
    expected = [2 * half, half, half] if "cls" in algorithm else [2 * half, 0, 2 * half]
    np.testing.assert_allclose(list(terms.values()), expected, rtol=1e-5)
    np.testing.assert_allclose(logs["generator/adversarial"], 2 * half, rtol=1e-5)
    assert ("generator/interpolated" in logs) == ("int" in algorithm)
    if "int" in algorithm:  # a third of the sum
        np.testing.assert_allclose(logs["generator/interpolated"], half, rtol=1e-5)


def test_interpolation_leaves_the_discriminators_update_alone():
    logs = []
    for algorithm in ("cls", "int_cls"):
        keras.utils.set_random_seed(0)
        model = tiny(algorithm=algorithm)
        model.compile(run_eagerly=True)
        found = model.train_on_batch(testing.random_batch(model), return_dict=True)
        logs.append({k: v for k, v in found.items() if k.startswith("discriminator/")})
    assert logs[0] == logs[1]


def test_neighbours_are_rows_of_the_replica():
    text = tf.constant([[0.0], [1.0], [10.0], [20.0]])
    np.testing.assert_allclose(between_neighbours(text, 0.5)[:, 0], [0.5, 0.5, 15, 15])
    np.testing.assert_allclose(between_neighbours(text, 0.9)[:, 0], [0.1, 0.9, 11, 19], rtol=1e-5)
    with pytest.raises(UserInputError, match="has 3. Choose an even one"):
        between_neighbours(text[:3], 0.5)


def test_wrong_images_never_share_the_caption():
    model = tiny(vocabulary=words_of(["a small large red blue circle square"]), max_words=12)
    config = {"source": "shapes", "size": 8, "num_examples": 64}
    source = data.open_source(config).numpy(np.arange(64))
    caption_of = {i.tobytes(): c for i, c in zip(source["image"], source["caption"], strict=True)}
    batch = next(iter(data.training_batches(config, model.batch_spec(), 256, seed=0)))
    others = np.rint((batch["other_image"].numpy() + 1) * 127.5).astype(np.uint8)
    for caption, other in zip(batch["caption"].numpy(), others, strict=True):
        assert caption_of[other.tobytes()] != caption


def test_the_hinge_of_orthogonal_and_of_constant_features():
    keys = np.arange(8)[:, None]
    aligned = np.eye(8, dtype=np.float32)
    for losses in joint_embedding_hinge(aligned, aligned, keys, 4):
        np.testing.assert_allclose(losses, np.zeros(8))
    same = np.ones((8, 2), np.float32)
    for losses in joint_embedding_hinge(same, same, keys, 4):
        np.testing.assert_allclose(losses, np.ones(8))
    # Equal captions are not told apart.
    for losses in joint_embedding_hinge(same, same, keys * 0, 4):
        np.testing.assert_allclose(losses, np.zeros(8))
    # Text 0 is nearer to image 1 than to its own, by 2.
    scores = np.array([[1.0, 3.0], [0.0, 9.0]], np.float32)
    to_image, to_text = joint_embedding_hinge(scores, np.eye(2, dtype=np.float32), keys[:2], 2)
    np.testing.assert_allclose(to_image, [3, 0])
    np.testing.assert_allclose(to_text, [0, 0])
    with pytest.raises(UserInputError, match="group_size=3 does not divide a batch of 8"):
        joint_embedding_hinge(same, same, keys, 3)


def test_a_reader_keeps_a_batch_size_that_is_known():
    captions = tf.TensorSpec([3], tf.string)
    for reader in (Words(["red"], max_words=2), Characters(max_characters=2)):
        outputs = tf.function(reader).get_concrete_function(captions).structured_outputs
        assert outputs.shape == (3, 2)


def test_captions_are_changed_in_one_word():
    numbers = np.array([[1, 2, 3, 0], [1, 4, 5, 6], [1, 2, 3, 0], [7, 0, 0, 0]], np.int32)
    before = neighbours(tf.constant(numbers), 1, 2).numpy()
    np.testing.assert_array_equal(before, numbers[[1, 0, 3, 2]])
    draws = np.array([[0.9, 0.1, 0.5, 0.8], [0, 0, 0, 0.9], [0.2, 0.3, 0.4, 0.5], [0] * 4])
    changed, is_changed = with_one_word_of(
        tf.constant(before), tf.constant(numbers), tf.constant(draws, tf.float32)
    )
    # Never the place of an equal word, nor one where either has none.
    np.testing.assert_array_equal(changed, [[1, 2, 5, 0], [1, 2, 5, 6], [7, 2, 3, 0], [1, 0, 0, 0]])
    assert is_changed.numpy().all()
    same, is_changed = with_one_word_of(*[tf.constant(numbers)] * 2, tf.zeros([4, 4]))
    np.testing.assert_array_equal(same, numbers)
    assert not is_changed.numpy().any()


def test_the_image_is_held_against_captions_with_another_word():
    encoder = tiny_encoder(word_negatives=2, margin=10.0)
    images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 3)).astype(np.float32)
    captions = tf.constant(["a red circle", "a blue square"] * 4)
    numbers, draws = encoder.reader(captions), tf.zeros([8, 4])
    terms = encoder.encoder_loss(numbers, images, draws, draws, training=False).terms
    changed = tf.constant(["a blue circle", "a red square"] * 4)
    texts, others = (encoder.text_encoder(encoder.reader(c)) for c in (captions, changed))
    features = encoder.image_encoder(images)
    expected = encoder.margin + tf.reduce_sum((others - texts) * features, axis=1)
    # The caption two rows before is the same one: there the loss is 0.
    np.testing.assert_allclose(terms["word"], expected / 2, rtol=1e-5)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"word_negatives": -1}, "at least 0"),
        ({"word_negatives": 4}, "up to 3"),
        ({"word_negatives": 1, "vocabulary": (), "max_characters": 20}, "by characters"),
    ],
)
def test_word_negatives_that_cannot_be_made_are_refused(arguments, message):
    with pytest.raises(UserInputError, match=message):
        tiny_encoder(**arguments)


# === Characters ===


def test_captions_are_read_by_characters():
    reader = Characters(max_characters=6)
    found = reader(tf.constant(["aZ09-", "Ä ~\n", "abcdefgh", ""])).numpy()
    np.testing.assert_array_equal(
        found,
        [[1, 26, 27, 36, 37, 0], [0, 0, 69, 57, 70, 0], [1, 2, 3, 4, 5, 6], [0] * 6],
    )
    assert reader(tf.zeros([0], tf.string)).shape == (0, 6)


@pytest.mark.parametrize(
    "caption, reason",
    [
        ("", "received none"),
        (" \n ", "received none"),
        ("?! é", "not one letter"),
        ("a red circle", "longer than 8 characters"),
        (b"\xff\xfe", "not one letter"),
    ],
)
def test_captions_that_cannot_be_read_by_characters_are_refused(caption, reason):
    reader = Characters(max_characters=8)
    reader.check("caption", np.array([b"fine"], object))
    with pytest.raises(UserInputError, match=reason):
        reader.check("caption", np.array([b"fine", tf.compat.as_bytes(caption)], object))
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=rf"(?s)Input caption: .*{reason}.*row.*1"
    ):
        reader.refuse("caption", tf.constant(["fine", caption]))


def test_the_authors_sizes_of_the_encoder_by_characters():
    """18 places are left of 201 characters."""
    network = char_cnn_rnn()
    assert network.get_layer("recurrent").output.shape == (None, 18, 256)
    assert network.output_shape == (None, 1024)
    assert network.get_layer("convolution_1").count_params() == 4 * 70 * 384 + 384
    with pytest.raises(UserInputError, match="leave nothing of 20 characters"):
        char_cnn_rnn(max_characters=20)


def by_characters():
    return tiny_encoder(vocabulary=(), max_characters=30, character_filters=(4, 4))


def test_an_encoder_by_characters_trains_answers_and_is_taken_over(tmp_path):
    encoder = by_characters()
    encoder.compile(run_eagerly=True)
    encoder.train_on_batch(testing.random_batch(encoder))
    testing.check_servable(by_characters, tmp_path / "served")
    encoder.save(tmp_path / "encoder.keras")
    gan = tiny(vocabulary=(), caption_encoder=str(tmp_path / "encoder.keras"))
    captions = ["a red circle", "BLUE"]
    np.testing.assert_array_equal(gan.embed(captions), encoder.embed(captions))
    gan.compile(run_eagerly=True)
    gan.train_on_batch(testing.random_batch(gan))
    (tmp_path / "encoder.keras").unlink()
    testing.check_keras_file_round_trip(
        lambda: gan.from_config(gan.get_config()), tmp_path / "gan.keras"
    )


def test_characters_and_words_are_not_mixed():
    with pytest.raises(UserInputError, match="leave vocabulary out"):
        tiny_encoder(max_characters=30)
    with pytest.raises(UserInputError, match="max_characters belongs to a text_encoder"):
        tiny(vocabulary=(), max_characters=30)


# === Where the text encoder comes from ===


def test_the_encoder_of_a_file_or_a_run_is_taken_over_and_frozen(tmp_path):
    encoder = tiny_encoder(vocabulary=WORDS[::-1])
    encoder.compile(run_eagerly=True)
    encoder.train_on_batch(testing.random_batch(encoder))
    encoder.save(tmp_path / "encoder.keras")
    run = Workdir(tmp_path / "run")
    run.path.mkdir()
    model = {**CaptionEncoder.presets["tiny"], "name": "caption_encoder", "vocabulary": WORDS[::-1]}
    run.write_config({"model": model}, {})
    with pytest.raises(UserInputError, match="has no checkpoint yet"):
        tiny(vocabulary=(), caption_encoder=str(run.path))
    Checkpoints(run.checkpoints).save(encoder)
    captions = ["a red circle", "blue"]
    expected = encoder.embed(captions)
    of_run = tiny(vocabulary=(), caption_encoder=str(run.path))
    np.testing.assert_array_equal(of_run.embed(captions), expected)
    gan = tiny(vocabulary=(), caption_encoder=str(tmp_path / "encoder.keras"))
    np.testing.assert_array_equal(gan.embed(captions), expected)
    gan.compile(run_eagerly=True)
    gan.train_on_batch(testing.random_batch(gan))
    np.testing.assert_array_equal(gan.embed(captions), expected)
    (tmp_path / "encoder.keras").unlink()
    testing.check_keras_file_round_trip(
        lambda: gan.from_config(gan.get_config()), tmp_path / "gan.keras"
    )


def test_an_encoder_of_strings_needs_no_vocabulary(tmp_path):
    captions = keras.Input((), dtype="string")
    text_encoder = keras.Model(captions, CountLetters()(captions))
    model = tiny(text_encoder=text_encoder, vocabulary=())
    np.testing.assert_array_equal(model.embed(["abba c"]), [[2, 2, 1]])
    testing.check_keras_file_round_trip(
        lambda: model.from_config(model.get_config()), tmp_path / "gan.keras"
    )
    with pytest.raises(UserInputError, match="received none"):
        model.sample([0], [""])


def test_embeddings_that_count_words_are_taken_as_floats_and_tables_are_not_published(tmp_path):
    counts = keras.layers.TextVectorization(output_mode="multi_hot", vocabulary=["red", "blue"])
    model = tiny(
        text_encoder=keras.Sequential([keras.Input((), dtype="string"), counts]), vocabulary=()
    )
    assert model.embed(["a red one"]).dtype == np.float32
    np.testing.assert_array_equal(model.embed(["red"])[0, 1:], [1, 0])
    with pytest.raises(UserInputError, match="in a table .TextVectorization.*Give one that takes"):
        publishing.publish(model, tmp_path / "servable")
    assert not list((tmp_path / "servable").glob("[0-9]*"))


def test_a_bag_of_words_marks_the_words_of_a_caption(tmp_path):
    model = tiny(word_encoder="bag_of_words")
    marks = model.embed(["a red circle", "Red, red a circle!", "large unknown"])
    np.testing.assert_array_equal(
        marks, [[1, 0, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 1, 0], [0, 1, 0, 0, 0, 0, 0]]
    )
    assert model.get_config()["embedding_size"] == len(WORDS)
    testing.check_keras_file_round_trip(
        lambda: tiny(word_encoder="bag_of_words"), tmp_path / "gan.keras"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"units": 6}, "multiple of 16"),
        ({"group_size": 1}, "group_size"),
        ({"margin": 0.0}, "margin must be more than 0"),
        ({"vocabulary": ()}, "at least one"),
    ],
)
def test_arguments_that_no_encoder_has_are_refused(arguments, message):
    with pytest.raises(UserInputError, match=message):
        tiny_encoder(**arguments)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"caption_encoder": "nowhere.keras"}, "leave text_encoder and vocabulary out"),
        ({"caption_encoder": "nowhere.keras", "vocabulary": ()}, "nowhere.keras cannot be read"),
        ({"algorithm": "clz"}, "Did you mean 'cls'|one of"),
        ({"interpolation": 2.0}, "interpolation"),
        ({"word_encoder": "bag"}, "word_encoder"),
        ({"image_size": 30}, "image_size"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(UserInputError, match=message):
        tiny(**arguments)


@pytest.mark.parametrize("where", ["config.json", "model.weights.h5", "metadata.json"])
def test_a_damaged_file_of_an_encoder_is_refused_in_one_line(tmp_path, where):
    path = tmp_path / "encoder.keras"
    tiny_encoder().save(path)
    with zipfile.ZipFile(path) as archive:
        entry = next(e for e in archive.infolist() if e.filename.endswith(where))
    content = bytearray(path.read_bytes())
    begin = entry.header_offset + 60 + len(entry.filename)
    content[begin : begin + 40] = bytes(40)
    path.write_bytes(content)
    with pytest.raises(UserInputError, match="caption_encoder=.*cannot be read") as refused:
        tiny(vocabulary=(), caption_encoder=str(path))
    assert "\n" not in str(refused.value)


def test_captions_that_are_no_text_are_refused():
    for caption in ("\udcff", 3):
        with pytest.raises(UserInputError, match="Captions are a list of texts in UTF-8"):
            tiny().embed([caption])


def test_samples_are_those_of_caption_and_seed():
    model = tiny(ema_half_life=None)
    layer = model.generator.get_layer("text")
    layer.set_weights([100 * w for w in layer.get_weights()])
    images = model.sample([5, 5, 6], ["a red circle", "blue square", "a red circle"])
    alone = model.sample([5], ["a RED circle."])
    np.testing.assert_allclose(images[:1], alone, atol=1e-6)
    assert min(np.abs(images[0] - other).max() for other in images[1:]) > 1e-4
