"""Lines of results of figures that samples have one by one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_suite import results
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.metrics.image_metrics import count_text
from tfgan_suite.runs import Workdir


def sample_lines(
    values: Mapping[str, np.ndarray],
    table: str,
    setting: Mapping[str, Any],
    protocol: Mapping[str, Any],
    run: tuple | None = None,
    to_its_end: bool = True,
) -> list[results.Result]:
    """Returns a line for each figure: its mean over the samples, with the standard error.

    Args:
        values: by name, one value for each sample, `[N]`; the mean of truth values is a share.
        table, setting, protocol: see `results.Result`.
        run: folder, config and model of the run that made the samples; None of real examples.
        to_its_end: whether the model is that of all the time that the run took.
    """
    of_run, protocol = {}, dict(protocol)
    if run is not None:
        workdir, config, model = run
        of_run = {
            "seeds": (int(config.seed),),
            "images_seen": int(model.images_seen.numpy()),
            "seconds": (to_its_end and Workdir(workdir).seconds_spent()) or None,
        }
        protocol["run"] = Path(workdir).resolve().name
        protocol["weights"] = "as trained" if model.ema_half_life is None else "moving average"
    lines = []
    for name, of_samples in values.items():
        of_samples = np.asarray(of_samples)
        mean, spread = float(of_samples.mean()), float(of_samples.std() / len(of_samples) ** 0.5)
        lines.append(
            results.Result(
                table=table,
                metric=f"{name}_{count_text(len(of_samples))}",
                value=mean,
                unit="share" if of_samples.dtype == bool else None,
                interval=(mean - spread, mean + spread),
                interval_kind="standard error",
                setting=dict(setting),
                machine=describe_machine(),
                commit=results.current_commit(),
                command=results.current_command(),
                protocol=protocol,
                **of_run,
            )
        )
    return lines
