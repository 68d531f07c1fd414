"""Ready arguments of `PixelRNN`."""

_MNIST = {"image_size": 28, "channels": 1, "levels": 2}

PRESETS = {
    # The paper's sizes; of CIFAR-10 those of the LSTMs, whose PixelCNN has 15 blocks.
    "paper_mnist": {**_MNIST, "kind": "diagonal_bilstm", "hidden_size": 16, "blocks": 7},
    "paper_cifar10": {
        "image_size": 32,
        "channels": 3,
        "levels": 256,
        "kind": "diagonal_bilstm",
        "hidden_size": 128,
        "blocks": 12,
    },
    # The same size for every kind: trained on two CPU cores in minutes.
    "small_mnist": {**_MNIST, "hidden_size": 16, "blocks": 7},
    # Small enough for tests.
    "tiny": {
        "image_size": 4,
        "channels": 1,
        "levels": 2,
        "hidden_size": 4,
        "blocks": 2,
        "ema_half_life": 100.0,
    },
}
