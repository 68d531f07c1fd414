"""Going on after a non-finite value: back to the last good checkpoint, past the bad batch."""

import sys
from typing import Any

from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.runs.workdir import Workdir, append_line
from tfgan_suite.training import Checkpoints, GenerativeModel, NonFiniteError

ON_NONFINITE = ("stop", "rollback")


class Rollbacks:
    """How often a run went back, and how it goes back once more.

    A rollback restores the newest sound checkpoint and moves the streams of data and noise past
    the step that failed, so that neither its batch nor any after the checkpoint comes again. A run
    that is killed afterwards repeats this from its checkpoint, to the last bit.

    Args:
        on_nonfinite: `stop` or `rollback`.
        most: Rollbacks in the whole run, at most.
        workdir: Folder of the run, where each is noted in `rollbacks.jsonl`.
        checkpoints: Those of the run.
        writes: Whether this process writes the files of the run.
    """

    def __init__(
        self,
        on_nonfinite: str,
        most: int,
        workdir: Workdir,
        checkpoints: Checkpoints,
        writes: bool,
    ):
        if on_nonfinite not in ON_NONFINITE:
            raise UserInputError(
                f"on_nonfinite={on_nonfinite!r} must be one of {', '.join(ON_NONFINITE)}."
            )
        if most < 1:
            raise UserInputError(f"max_rollbacks={most} must be at least 1.")
        self.allowed = on_nonfinite == "rollback"
        self.done = 0
        self._most, self._workdir, self._checkpoints = most, workdir, checkpoints
        self._writes = writes

    def go_back(self, error: NonFiniteError, model: GenerativeModel) -> dict[str, Any]:
        """Brings the model back behind `error` and its streams past it.

        Returns:
            What was saved with the checkpoint.

        Raises:
            RunFailure: If no rollback is allowed or left, or there is no sound checkpoint.
        """
        names = self._checkpoints.names()
        kept = (
            f"The last good checkpoint is {self._checkpoints.directory / names[-1]}."
            if names
            else "No checkpoint had been saved yet."
        )
        if not self.allowed:
            raise RunFailure(f"{error} {kept}") from error
        if self.done >= self._most:
            raise RunFailure(
                f"{error} {kept} The run went back {self.done} times, which is all that "
                f"--max_rollbacks={self._most} allows; see {self._workdir.rollbacks_file}."
            ) from error
        failed_at = error.step + int(model.skipped_steps.numpy())
        extra = self._checkpoints.restore(model)
        if extra is None:
            raise RunFailure(f"{error} {kept}") from error
        step, images = int(model.step.numpy()), int(model.images_seen.numpy())
        model.skipped_steps.assign(failed_at + 1 - step)
        self.done += 1
        if self._writes:
            self._workdir.cut_back(images, rollbacks=self.done - 1)
            self._note(error, step, images)
        return extra

    def _note(self, error, step, images):
        note = {
            "rollback": self.done,
            "term": error.term,
            "step": error.step,
            "received": error.received,
            "back_to_step": step,
            "back_to_images": images,
        }
        append_line(self._workdir.rollbacks_file, note)
        print(
            f"{error.term} is not finite in step {error.step} (received {error.received}). "
            f"Rollback {self.done} of at most {self._most}: back to {images:,} images (step "
            f"{step}), with the data and noise of what was lost passed over.",
            file=sys.stderr,
            flush=True,
        )
