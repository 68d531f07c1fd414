"""Every private name of TensorFlow that the package relies on, and nothing else.

`tests/test_private_names.py` fails with the name when TensorFlow moves one of them.
"""

import functools

from tensorflow.python.eager import context


def tolerate_silence(seconds: float) -> None:
    """Sets how long TensorFlow waits for a worker's heartbeat before it takes it for lost.

    Its own 10 seconds make a lost worker of a busy machine or a short break of the network.
    """
    runtime = context.context()
    runtime.configure_coordination_service = functools.partial(
        runtime.configure_coordination_service, heartbeat_timeout_in_ms=int(seconds * 1000)
    )
