"""Models of the package in PyTorch, eager: what the benchmarks measure beside.

The same networks, batches, losses and optimizers, written as one would by hand, from the papers and
from our layers' description. With the weights of a model of ours (`weights.copy_weights`) and with
what its step draws, a peer's first losses are those of `train_on_batch` to 1e-4, as
`tests/benchmarks/test_peers.py` holds. Peers leave out what the package adds: the check of every
number, the logs of scores and norms.
"""

import importlib
import importlib.util
from collections.abc import Callable

from tfgan_suite.errors import UserInputError

#: Modules of this package that hold the peers, by the models' names.
MODULES = {
    "cyclegan": "cyclegan",
    "dcgan": "gans",
    "gan": "gans",
    "lsgan": "gans",
    "pix2pix": "pix2pix",
    "pixelrnn": "pixelcnn",
    "progan": "progan",
    "srgan": "srresnet",
    "stylegan": "stylegan",
    "threed_gan": "threed_gan",
}


def check(names: list[str]) -> None:
    """Refuses models without a peer, and an environment without PyTorch.

    Args:
        names: of models.

    Raises:
        UserInputError: in both cases.
    """
    if not importlib.util.find_spec("torch"):
        raise UserInputError(
            "--peer=torch needs PyTorch, which is not installed: pip install '.[benchmarks]'"
        )
    for name in names:
        if name not in MODULES:
            raise UserInputError(
                f"There is no peer of the model {name!r}; there are peers of {', '.join(MODULES)}."
            )


def build(config, **arguments):
    """Returns the `Peer` of a model's config, with weights of its own.

    Args:
        config: mapping, `config.model` of a run; its name is one of `MODULES`.
        **arguments: what the peer's constructor takes more.

    Raises:
        UserInputError: for what the peer does not know.
    """
    from benchmarks.peers.peer import settings_of

    settings = settings_of(config)
    module = importlib.import_module(f"benchmarks.peers.{MODULES[settings['name']]}")
    return module.build(settings, **arguments)


def training_step(config, batch_size: int, **arguments) -> Callable[[], list[float]]:
    """Returns a function that trains the peer of a config by one step on a batch of noise.

    Args:
        config: see `build`.
        batch_size: examples of a step.
        **arguments: see `build`.
    """
    import torch

    torch.manual_seed(0)
    peer = build(config, **arguments)
    batch = peer.random_batch(batch_size)

    def run_step():
        losses = peer.train_step(batch, peer.draw(batch_size))
        return [loss.item() for loss in losses.values()]

    return run_step
