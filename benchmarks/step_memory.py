"""How much memory one served image and one training step take.

Command:
  python -m benchmarks.step_memory --case=stackgan_256
  python -m benchmarks.step_memory --case=stackgan_256 \\
      --append=tfgan_suite/models/stackgan/results.jsonl

A case of `benchmarks.cases`, built anew. Printed is the most memory that the process has held,
libraries included: after the model was built, after one row of `serving_default`, after one
training step; and the parameters of all networks that are trained.
"""

from absl import flags

from benchmarks.cases import CASES, config_of
from tfgan_suite import results
from tfgan_suite.cli import run_program

_CASE = flags.DEFINE_enum("case", None, list(CASES), "What to measure.", required=True)
_BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 2, "Examples of the step; batch norm needs two.", lower_bound=1
)
_APPEND = flags.DEFINE_string("append", None, "Results file to add the figures to as lines.")


def main(_):
    import tensorflow as tf

    from benchmarks.steps import package_step
    from tfgan_suite.cluster.devices import describe_machine, peak_memory
    from tfgan_suite.runs.training import build

    if _APPEND.value:
        results.read(_APPEND.value)  # an invalid file is reported before the work
    config = config_of(_CASE.value, _BATCH_SIZE.value)
    config.batch_size, config.jit_compile, config.steps_per_execution = _BATCH_SIZE.value, False, 1
    model = build(config, tf.distribute.get_strategy())[1]
    parameters = sum(n.count_params() for group in model.players().values() for n in group)
    found = {"built": peak_memory()}
    signature = model.signatures()["serving_default"]
    tf.function(lambda given: signature(**given))(signature.example(1))
    found["served_image"] = peak_memory()
    print(
        f"{_CASE.value}: an image was served at {found['served_image'] / 2**20:,.0f} MB", flush=True
    )
    package_step(model, _BATCH_SIZE.value)()
    found["training_step"] = peak_memory()

    def line(metric, value, unit):
        return results.Result(
            table="step_memory",
            metric=metric,
            value=value,
            unit=unit,
            setting={"case": _CASE.value, "batch": _BATCH_SIZE.value},
            machine=describe_machine(),
            commit=results.current_commit(),
            command=results.current_command(),
        )

    lines = [line(f"peak_memory_{name}", value / 2**20, "MB") for name, value in found.items()]
    lines.append(line("parameters", parameters, None))
    for each in lines:
        print(f"{_CASE.value}, batch {_BATCH_SIZE.value}: {each.metric} {each.shown()}", flush=True)
    if _APPEND.value:
        results.append(_APPEND.value, lines)


if __name__ == "__main__":
    run_program(main)
