"""What Keras users call: `fit`, `evaluate`, `predict`, `save` and their kin."""

import contextlib
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfgan_suite.errors import UserInputError
from tfgan_suite.training import inputs
from tfgan_suite.training.callee import Callee
from tfgan_suite.training.compilation import refuse_arguments


class KerasInterface:
    """The part of `GenerativeModel` that stands in for methods of `keras.Model`."""

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
    ):
        """Trains as `keras.Model.fit` does.

        Every step has a whole batch: where the data of an epoch ends within one, it is filled up
        with the first examples of the next. So all examples are seen, 500 of them at batch 64 in 8
        steps an epoch. Only of a dataset of unknown length (one with a `filter`, say) is the last
        rest left out, unless `steps_per_epoch` is given: that goes round the data as often as it
        takes.

        The first batch is held against the fields of `batch_spec`: names, dtype, shape, finite
        values, the range of images and labels. Arrays are looked at before training, a dataset as
        its first batch passes by; where its batch size is not static, one batch is read from it
        before. A `DistributedDataset` is not checked.

        Args:
            x: the fields of `batch_spec`: a dict of arrays by name, a tuple of them in their order,
                or of a model with one field the array itself; a `tf.data.Dataset` of batches of
                these; or a `tf.distribute.DistributedDataset`. Other precisions are cast.
                Fields that are made of others (`tfgan_suite.making`) may be left out of arrays.
            y: array. With `x`, the tuple `(x, y)`: the labels of a conditional model, the second
                domain of a translator. A model of one field leaves it aside, as it does labels in a
                dataset.
            batch_size: int. Global batch size of arrays. Defaults to 32.
            epochs, verbose, callbacks, initial_epoch, validation_freq: as in Keras.
            validation_split: float. Part of arrays, at their ends, that is measured instead of
                trained on.
            validation_data: what `evaluate` takes: arrays, a tuple of them, or a dataset.
            shuffle: bool. Read arrays in another order in each epoch; fields that do not belong
                together, such as the domains of a translator, each in its own. Training that goes
                on in another `fit` goes on in the order. Defaults to True.
            class_weight, sample_weight: not taken.
            steps_per_epoch: int. Defaults to one pass over the data, rounded up.
            validation_steps, validation_batch_size: `steps` and `batch_size` of `evaluate`.

        Returns:
            A `keras.callbacks.History`. Its `<player>/loss` is the sum of the player's terms.

        Raises:
            UserInputError: if the data does not fit the model, the replicas or
                `steps_per_execution`.
            NonFiniteError: if a loss or gradient is not finite; the player's weights and slots
                are those before its update.
        """
        self._assert_compile_called("fit")
        self._refuse_weights(sample_weight, class_weight)
        if validation_split and validation_data is None:
            (x, y), validation_data = inputs.split(x, y, validation_split)
        strategy = self.distribute_strategy
        data = inputs.training_batches(
            x,
            y,
            self._takes(),
            strategy,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            seed=self.seed,
            start_step=int(self.step.numpy()) + int(self.skipped_steps.numpy()),
        )
        validation = inputs.Batches(None, None)
        if validation_data is not None:
            validation = self._to_measure(
                validation_data, None, validation_batch_size or batch_size, validation_steps
            )
        if data.steps and data.steps % self.steps_per_execution:
            raise UserInputError(
                f"{data.steps} steps are not a multiple of steps_per_execution="
                f"{self.steps_per_execution}. Pass steps_per_epoch="
                f"{data.steps // self.steps_per_execution * self.steps_per_execution} or compile "
                "with another steps_per_execution."
            )
        self.find_stage()
        with self._iterating(quietly=not data.steps):
            return super().fit(
                data.dataset,
                epochs=epochs,
                verbose=verbose,
                callbacks=callbacks,
                validation_data=validation.dataset,
                shuffle=False,
                initial_epoch=initial_epoch,
                steps_per_epoch=data.steps,
                validation_steps=validation.steps,
                validation_freq=validation_freq,
            )

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """Measures all losses in inference mode, as `keras.Model.evaluate` does.

        Every row counts once: a smaller last batch is filled up with rows of no weight, on any
        number of replicas. Of two domains of different lengths the shorter goes round.

        Args:
            x, y, batch_size: as for `fit`.
            steps: int. Batches to measure. Defaults to all.
            sample_weight: not taken.
            verbose, callbacks, return_dict: as in Keras.

        Returns:
            The means over all rows: a dict with `return_dict`, else a list in the order of
            `metrics_names`.
        """
        self._assert_compile_called("evaluate")
        self._refuse_weights(sample_weight)
        if not kwargs.get("_use_cached_eval_dataset"):
            x, steps = self._to_measure(x, y, batch_size, steps)
        with self._iterating(quietly=not steps):
            return super().evaluate(
                x,
                verbose=verbose,
                steps=steps,
                callbacks=callbacks,
                return_dict=return_dict,
                **kwargs,
            )

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Returns what `call` makes of `x`, as `keras.Model.predict` does.

        Raises:
            UserInputError: on arrays without rows or of different numbers of them, and on inputs
                that the model refuses, such as a class that it does not have.
        """
        self.find_stage()
        x = inputs.prediction_batches(x, batch_size)
        with self._iterating(quietly=not steps), inputs.user_input_errors():
            return super().predict(x, batch_size, verbose, steps, callbacks)

    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, return_dict: bool = False
    ):
        """Takes one step on the global batch `x` (`(x, y)` with `y`) and returns its logs.

        They are a dict with `return_dict`, else a list in the order of `metrics_names`.
        """
        self._refuse_weights(sample_weight, class_weight)
        data = inputs.training_batches(
            x, y, self._takes(), self.distribute_strategy, self._batch_of_step(x)
        )
        self.find_stage()
        return self._on_batch(self.make_train_function, data, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict: bool = False):
        """Measures the losses of the global batch `x` (`(x, y)` with `y`)."""
        self._refuse_weights(sample_weight)
        # Of no examples, what is said is that there are none.
        data = self._to_measure(x, y, self._size_of(x) or None, None)
        return self._on_batch(self.make_test_function, data, return_dict)

    @property
    def metrics_names(self) -> list[str]:
        """Names of what was measured last, in the order in which `evaluate` returns it."""
        return self.running_means.names

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None, **more):
        """Exports `call` as `keras.Model.export` does.

        A version for TensorFlow Serving, with every signature, comes from
        `tfgan_suite.publishing.publish`.
        """
        if input_signature is None:
            network = next(iter(self.served_networks().values()))
            specs = [keras.InputSpec(t.dtype, t.shape, name=t.name) for t in network.inputs]
            # `call` takes one argument: a list where the network has several inputs.
            input_signature = specs if len(specs) == 1 else [specs]
        return super().export(filepath, format, verbose, input_signature, **more)

    def save(self, filepath, *args, **kwargs):
        """Saves the whole model, optimizers and clock included, as a `.keras` file."""
        if str(filepath).endswith((".h5", ".hdf5")):
            raise UserInputError(
                f"{filepath}: HDF5 holds no model of several networks. Save a .keras file, or the "
                "weights alone with save_weights('name.weights.h5')."
            )
        return super().save(filepath, *args, **kwargs)

    def _on_batch(self, make_function, data, return_dict):
        if self.steps_per_execution != 1:
            raise UserInputError("train_on_batch and test_on_batch need steps_per_execution=1.")
        function = make_function()
        self.reset_metrics()
        logs = {name: float(value) for name, value in function(iter(data.dataset)).items()}
        return logs if return_dict else [logs[name] for name in self.metrics_names]

    def _size_of(self, x):
        return inputs.batch_of(tf.nest.map_structure(np.asarray, x))

    def _batch_of_step(self, x):
        size = self._size_of(x)
        if size == 0:
            raise UserInputError("train_on_batch received a batch of no examples.")
        if size % self.batches_per_step:
            raise UserInputError(
                f"train_on_batch received {size} examples; a step takes {self.batches_per_step} "
                "batches of equal size."
            )
        return size // self.batches_per_step

    def _to_measure(self, x, y, batch_size, steps):
        return inputs.evaluation_batches(
            x,
            y,
            self._takes(),
            self.distribute_strategy,
            batch_size,
            steps,
            self.steps_per_execution,
        )

    def _takes(self):
        return inputs.Takes(type(self).__name__, self.batch_spec(), self.batches_per_step)

    def _refuse_weights(self, sample_weight, class_weight=None):
        refuse_arguments(
            self,
            "Its losses weigh all examples alike: leave examples out of the data, or repeat them.",
            sample_weight=sample_weight,
            class_weight=class_weight,
        )

    @contextlib.contextmanager
    def _iterating(self, quietly):
        """While Keras iterates over a dataset.

        Args:
            quietly: bool. The dataset is to be read to its end, of which Keras would warn.
        """
        with warnings.catch_warnings():
            if quietly:
                warnings.filterwarnings("ignore", message="Your input ran out of data")
            yield

    def reset_metrics(self):
        self.running_means.reset()

    def get_metrics_result(self):
        return self.running_means.result()

    def infer(self, function: Callable[[Any], Any], inputs, batch_size: int = 64):
        """Runs an inference function on this process alone, in batches.

        Unlike `predict` it is safe where one worker of several draws an image: it exchanges
        nothing with the others.

        Args:
            function: method of the model or network that takes `inputs` as its one argument and
                returns any structure of tensors `[B, ...]`. Traced once for each shape of a row;
                a lambda is traced anew each time that it is written.
            inputs: array `[N, ...]`, or any structure (tuple, dict ...) of them, N at least 1.
            batch_size: int. Rows computed at once.

        Returns:
            What `function` returns, with arrays `[N, ...]` in the place of tensors.

        Raises:
            UserInputError: if there are no rows, or the arrays differ in their number.
        """
        self.find_stage()
        inputs = tf.nest.map_structure(np.asarray, inputs)
        shapes = [array.shape for array in tf.nest.flatten(inputs)]
        rows = {shape[0] if shape else 0 for shape in shapes}
        if len(rows) != 1 or 0 in rows:
            raise UserInputError(
                "infer takes arrays with one leading axis of the same number of rows, at least 1. "
                f"Received shapes {shapes}."
            )
        # Whole batches and the last one share a trace.
        run = self._cache.inference_function(Callee(function)).get_concrete_function(
            tf.nest.map_structure(lambda a: tf.TensorSpec([None, *a.shape[1:]], a.dtype), inputs)
        )
        parts = []
        for i in range(0, rows.pop(), batch_size):
            part = tf.nest.map_structure(lambda a, i=i: tf.constant(a[i : i + batch_size]), inputs)
            parts.append(tf.nest.map_structure(lambda t: t.numpy(), run(part)))
        return tf.nest.map_structure(lambda *arrays: np.concatenate(arrays), *parts)

    def kept_latent_spaces(self) -> dict:
        """Returns `latent_spaces()`, one and the same objects as long as the stage lasts.

        So that `infer` finds what it has traced of their methods.
        """
        self.find_stage()
        if self._cache.latent_spaces is None:
            self._cache.latent_spaces = self.latent_spaces()
        return self._cache.latent_spaces


def inference_function(callee):
    """Returns the compiled form of what `infer` runs."""
    return tf.function(callee.function)
