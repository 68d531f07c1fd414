"""The training and the test function: what `fit` and `evaluate` run for each step."""

import tensorflow as tf

from tfgan_suite import fields
from tfgan_suite.training import averaging, inputs
from tfgan_suite.training.guard import NonFiniteError, as_non_finite_error
from tfgan_suite.training.stages import start_anew
from tfgan_suite.training.step import Step, enter_step

# What travels among the logs of a step.
_STOP, _SHARE = "__stop__", "__share__"


class Loop:
    """The part of `GenerativeModel` that runs its steps."""

    def make_train_function(self, force: bool = False):
        if self.train_function is None or force:
            self.train_function = self._make_function(training=True)
        return self.train_function

    def make_test_function(self, force: bool = False):
        if self.test_function is None or force:
            self.test_function = self._make_function(training=False)
        return self.test_function

    def _make_function(self, training):
        strategy = self.distribute_strategy

        def replica_step(data, tested, stop_vote):
            counted = data if isinstance(data, inputs.Counted) else None
            batch = fields.named(
                counted.data if counted else data, self.batch_spec(), type(self).__name__
            )
            axes = self.batches_per_step if training else 1
            inputs.check_replica_batch(batch, self._takes(), axes)
            context = tf.distribute.get_replica_context()
            index = tf.convert_to_tensor(self.step.value) if training else tested
            step = Step(
                index=index,
                position=index + self.skipped_steps.value if training else index,
                training=training,
                local_batch=inputs.batch_of(batch),
                num_replicas=strategy.num_replicas_in_sync,
                replica_id=tf.cast(context.replica_id_in_sync_group, tf.int32),
                stop_vote=stop_vote,
                stop=stop_vote,
                weights=counted.weights if counted else None,
                batches=self.batches_per_step if training else 1,
                stage=self.stage,
            )
            self._cache.images_per_step = step.global_batch * step.batches
            with enter_step(step):
                logs = self.train_step(batch) if training else self.test_step(batch)
                if training:
                    self._move_averages(step)
                    # The clock does not move in a step that the guard stops.
                    with tf.control_dependencies(list(logs.values())):
                        self.step.value.assign_add(1)
                        self.images_seen.value.assign_add(step.global_batch * step.batches)
            share = counted.share[0] if counted else tf.constant(1.0)
            if counted:  # a batch of weight 0 may measure non-finite values
                logs = {name: tf.math.multiply_no_nan(v, share) for name, v in logs.items()}
            return {**logs, _STOP: step.stop, _SHARE: share}

        def one_step(data, tested, stop_vote):
            logs = strategy.run(
                tf.autograph.experimental.do_not_convert(replica_step),
                args=(data, tested, stop_vote),
            )
            # Every replica holds the same averages.
            return {name: strategy.experimental_local_results(v)[0] for name, v in logs.items()}

        steps = self.steps_per_execution

        def many_steps(iterator, tested, stop_vote):
            logs = one_step(next(iterator), tested, stop_vote)
            for i in tf.range(steps - 1):
                more = one_step(next(iterator), tested + tf.cast(i, tf.int64) + 1, stop_vote)
                logs = {name: logs[name] + more[name] for name in logs}
            return logs

        def one_iterator_step(iterator, tested, stop_vote):
            return one_step(next(iterator), tested, stop_vote)

        run = one_iterator_step if steps == 1 else many_steps
        runs = {}

        def run_of(stage):
            """Returns the step of a stage: each has a trace of its own."""
            if stage not in runs:
                runs[stage] = run if self.run_eagerly else tf.function(run)
            return runs[stage]

        def arguments(iterator):
            count = tf.constant(self.running_means.count, tf.int64)
            return iterator, count, tf.constant(float(self._stop_vote))

        def function(iterator):
            if training:
                self._enter_stage()
            else:
                self.find_stage()
            try:
                with inputs.user_input_errors():
                    logs = run_of(self.stage)(*arguments(iterator))
            except tf.errors.InvalidArgumentError as error:
                non_finite = as_non_finite_error(error)
                if non_finite is None:
                    raise
                raise non_finite from None
            self._stop = logs.pop(_STOP)
            if training:
                self._cache.images += self._cache.images_per_step * steps
            return self.running_means.add(logs, logs.pop(_SHARE), steps)

        def trace(iterator):
            if not self.run_eagerly:
                run_of(self.stage).get_concrete_function(*arguments(iterator))

        function.trace = trace
        return function

    def _enter_stage(self):
        """Begins the stage that the images seen call for, if it is another one."""
        if self.stages is None:
            return
        index = self.stages.index_at(self._cache.images)
        # A step may be so long that it passes over a stage.
        for passed in range(self._cache.stage + 1, index + 1):
            for player in self.stages.all[passed].resets:
                with self.distribute_strategy.scope():
                    start_anew(self.optimizers[player], self.trainable_variables_of(player))
            self.stage_index.assign(passed)
            self._set_stage(passed)
        if self._cache.begun_stage != index:
            self._cache.begun_stage = index
            self.stage_begins(self.stages.all[index])

    def _set_stage(self, index):
        if index != self._cache.stage:
            # What `predict` and `infer` have traced is of the stage before.
            self.predict_function = None
            self._cache.inference_function.cache_clear()
            self._cache.latent_spaces = None
        self._cache.stage = index

    def trace_step(self, dataset) -> None:
        """Traces the training step for a dataset without running it.

        What the step refuses it refuses here, before anything has changed; `fit` on the same
        dataset does not trace again.

        Args:
            dataset: `tf.data.Dataset` or `tf.distribute.DistributedDataset` of batches.

        Raises:
            UserInputError: if the model cannot take a step on such batches.
        """
        self.find_stage()
        self.make_train_function().trace(iter(dataset))

    def find_stage(self) -> None:
        """Reads the clock of the stages from the model's state, as a checkpoint left it."""
        if self.stages is None:
            return
        self.stages.check_resets(self.players())
        self._cache.images = int(self.images_seen.numpy())
        self._set_stage(int(self.stage_index.numpy()))

    def request_stop(self) -> None:
        """Votes for a stop; `stop_is_agreed` on all workers after the next step."""
        self._stop_vote = True

    def stop_is_agreed(self) -> bool:
        """Returns whether any worker had asked to stop when the last step ran.

        The votes travel with the step's gradients, so all workers get the same answer after the
        same step. Waits for the step to be done.
        """
        return bool(self._stop > 0)

    def check_weights(self) -> None:
        """Makes sure that all weights and slots are finite, as those of a checkpoint must be.

        The guard looks at losses and gradients: an update can overflow although these are finite,
        which the next step would notice.

        Raises:
            NonFiniteError: if one is not.
        """
        for player, networks in self.players().items():
            weights = [v for network in networks for v in network.variables]
            for v in [*weights, *self.optimizers[player].variables]:
                if v.dtype.startswith(("float", "bfloat")):
                    if not bool(tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(v.value)))):
                        term = f"{player}/{v.path}"
                        step = int(self.step.numpy()) - 1
                        raise NonFiniteError(player, term, step, {v.path: "inf or nan"}, True)

    def _move_averages(self, step):
        if self.ema_half_life is None or not self._served_networks:
            return
        seen = step.global_batch * step.batches
        images = tf.convert_to_tensor(self.images_seen.value) + seen
        factor = averaging.decay(seen, self.ema_half_life, images)
        for player, networks in self._player_networks.items():
            if player not in step.players:  # it rests, as in a stage of others, and so its average
                continue
            for name in (n for n in networks if n in self._served_networks):
                average = getattr(self, f"{name}_average")
                averaging.move_towards(average, getattr(self, name), factor)
