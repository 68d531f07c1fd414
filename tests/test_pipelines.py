import tensorflow as tf

from tfgan_suite import pipelines


def test_deleting_an_untuned_iterator_does_not_wait(deletion_waits):
    numbers = tf.data.Dataset.range(10**6)
    tuned = numbers.map(lambda i: i + 1, num_parallel_calls=tf.data.AUTOTUNE)
    untuned = pipelines.without_tuning(tuned.prefetch(tf.data.AUTOTUNE))
    assert list(untuned.take(3).as_numpy_iterator()) == [1, 2, 3]
    assert not deletion_waits(untuned)
