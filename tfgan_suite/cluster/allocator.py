"""glibc's memory allocator, told to keep the memory that it has.

The threads of a multi-worker server make glibc give memory back to the system after each step and
fault it in again in the next: tens of thousands of page faults a step, which cost more than the
exchange between the workers does.
"""

import ctypes

_KEEP = 1 << 30  # bytes

# Names and numbers of <malloc.h>.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8


def keep_freed_memory() -> bool:
    """Lets this process keep up to 1 GB of freed memory, in one arena, from now on.

    Returns:
        Whether the C library took it; others than glibc have no such settings.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    settings = {
        _M_ARENA_MAX: 1,
        _M_TOP_PAD: _KEEP,
        _M_TRIM_THRESHOLD: _KEEP,
        _M_MMAP_THRESHOLD: 1 << 25,  # the largest that glibc takes
    }
    return all([mallopt(name, value) for name, value in settings.items()])
