"""Nats of held-out images under a PixelRNN run, for each checkpoint that the run has kept.

Command:
  python -m benchmarks.pixelrnn_likelihood --workdir=runs/pixelrnn_mnist
  python -m benchmarks.pixelrnn_likelihood --workdir=runs/pixelrnn_mnist \\
      --append=tfgan_suite/models/pixelrnn/results.jsonl

All held-out images count once, brought to the model's levels as the run's training images are: of
`binarisation="stochastic"` each is drawn once from its grey levels, the same for every checkpoint
and every run. Prints `-log p(image)` in nats with its standard error, and bits per dimension.
"""

import numpy as np
from absl import flags

from tfgan_suite import data, results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.errors import UserInputError
from tfgan_suite.models import PixelRNN
from tfgan_suite.models.pixelrnn.pixels import bits_per_dimension
from tfgan_suite.runs import Workdir, load
from tfgan_suite.training import Checkpoints

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")
_MOST = 10**9  # held-out images: all

#: Of MNIST binarised once by Salakhutdinov and Murray, 10,000 test digits.
PAPER = {"diagonal_bilstm": 79.20}


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    names = Checkpoints(Workdir(_WORKDIR.value).checkpoints).names()
    if not names:
        raise UserInputError(f"--workdir={_WORKDIR.value} has no checkpoint yet: train it first.")
    print("| images seen | nats | bits per dimension |\n|---|---|---|", flush=True)
    lines = []
    for name in names:
        config, model = load(_WORKDIR.value, name)
        if not isinstance(model, PixelRNN):
            raise UserInputError(f"--workdir={_WORKDIR.value} holds a run of {config.model.name}.")
        batch = data.heldout_batch(config.data.to_dict(), model.batch_spec(), _MOST, seed=0)
        nats = -model.log_likelihood(batch["image"], batch.get("label"))
        error = np.std(nats) / np.sqrt(len(nats))
        bits = bits_per_dimension(nats.mean(), model.image_shape)
        images = int(model.images_seen.numpy())
        print(f"| {images:,} | {nats.mean():.2f} ± {error:.2f} | {bits:.4f} |", flush=True)
        kind = model.arguments["kind"]
        lines.append(_line("curve", {"kind": kind, "images": images}, config, model, nats, error))
    size = {"layers": model.arguments["blocks"], "h": model.arguments["hidden_size"]}
    last = _line("likelihood", {"kind": kind, **size}, config, model, nats, error)
    if _APPEND.value:
        results.append(_APPEND.value, [*lines, last])


def _line(table, setting, config, model, nats, error):
    arguments = model.arguments
    paper, seconds = None, None
    if table == "likelihood":
        seconds = Workdir(_WORKDIR.value).seconds_spent() or None
        if arguments["kind"] in PAPER:
            why = (
                "other digits (held out of the training set, binarised by another draw), a "
                "smaller network and a far shorter training"
            )
            paper = {"value": PAPER[arguments["kind"]], "comparable": False, "why": why}
    how = arguments["binarisation"] if model.levels == 2 else f"{model.levels}_levels"
    return results.Result(
        table=table,
        metric=f"nats_{how}_heldout{len(nats)}",
        value=float(nats.mean()),
        unit="nats",
        interval=(float(nats.mean() - error), float(nats.mean() + error)),
        interval_kind="standard error",
        setting=setting,
        seeds=(config.seed,),
        images_seen=int(model.images_seen.numpy()),
        seconds=seconds,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        paper=paper,
        protocol={
            "binarisation": "each held-out pixel drawn once with its grey level as probability"
            if how == "stochastic"
            else how,
            "bits_per_dim": float(bits_per_dimension(nats.mean(), model.image_shape)),
            "weights": "as trained" if model.ema_half_life is None else "moving average",
        },
    )


if __name__ == "__main__":
    run_program(main)
