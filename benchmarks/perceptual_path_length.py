"""Perceptual path length of a StyleGAN run: how much an image changes for a small step of z or w.

Command:
  python -m benchmarks.perceptual_path_length --workdir=runs/stylegan \\
      --squeezenet=squeezenet.npz
  python -m benchmarks.perceptual_path_length --workdir=runs/stylegan \\
      --squeezenet=squeezenet.npz --append=tfgan_suite/models/stylegan/results.jsonl

Mean of d(G(t), G(t + e)) / e^2 over pairs of seeds, with e = 1e-4, without truncation, noise the
same in a pair: "full" with t drawn from [0, 1), "end" with t = 0; on a great circle in z, on a
straight way in w. Pairs below the 1st and above the 99th percentile are left out
([Karras et al., 2019](https://arxiv.org/abs/1812.04948), section 4.1). d is
`metrics.PerceptualDistance` on SqueezeNet at the images' own size, not the paper's LPIPS on VGG16:
figures compare with each other only.
"""

from absl import flags

from benchmarks.path_lengths import STEP, path_lengths, trimmed_mean
from tfgan_suite import results
from tfgan_suite.cli import run_program
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.errors import UserInputError
from tfgan_suite.metrics import PerceptualDistance
from tfgan_suite.models import StyleGAN
from tfgan_suite.runs import Workdir, load

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.", required=True)
_SQUEEZENET = flags.DEFINE_string(
    "squeezenet", None, "npz file of SqueezeNet 1.0's ImageNet weights.", required=True
)
_NUM = flags.DEFINE_integer("num", 2_000, "Pairs of seeds.", lower_bound=100)
_SEED = flags.DEFINE_integer("seed", 0, "Which pairs.", lower_bound=0)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(_):
    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    distance = PerceptualDistance(_SQUEEZENET.value)
    config, model = load(_WORKDIR.value)
    if not isinstance(model, StyleGAN):
        raise UserInputError(f"--workdir={_WORKDIR.value} holds a run of {config.model.name}.")
    print("| space | from | length |\n|---|---|---|", flush=True)
    lines = []
    for space in ("z", "w"):
        for end in (False, True):
            where = "end" if end else "full"
            mean, error = trimmed_mean(
                path_lengths(model, distance, space, end, _NUM.value, _SEED.value)
            )
            print(f"| {space} | {where} | {mean:.2f} ± {error:.2f} |", flush=True)
            lines.append(_line(config, model, space, where, mean, error))
    if _APPEND.value:
        results.append(_APPEND.value, lines)


def _line(config, model, space, where, mean, error):
    return results.Result(
        table="path_length",
        metric=f"ppl_squeezenet_{space}_{where}",
        value=mean,
        unit=None,
        interval=(mean - error, mean + error),
        interval_kind="standard error",
        setting={"architecture": model.arguments["architecture"]},
        seeds=(config.seed,),
        images_seen=int(model.images_seen.numpy()),
        seconds=Workdir(_WORKDIR.value).seconds_spent() or None,
        machine=describe_machine(),
        commit=results.current_commit(),
        command=results.current_command(),
        protocol={
            "pairs": _NUM.value,
            "step": STEP,
            "distance": PerceptualDistance.name,
            "size": model.stage.settings.size,
            "percentiles": "1 to 99",
            "truncation": "none",
            "weights": "as trained" if model.ema_half_life is None else "moving average",
        },
    )


if __name__ == "__main__":
    run_program(main)
