"""The numbers that TensorFlow's protocol buffers and C interface have for dtypes."""

import numpy as np

STRING = 7
BFLOAT16, HALF = 14, 19

# Half precision is missing on purpose: a server's REST interface cannot carry it.
DTYPES = {
    1: np.dtype(np.float32),
    2: np.dtype(np.float64),
    3: np.dtype(np.int32),
    4: np.dtype(np.uint8),
    5: np.dtype(np.int16),
    6: np.dtype(np.int8),
    STRING: np.dtype(object),
    9: np.dtype(np.int64),
    10: np.dtype(np.bool_),
    17: np.dtype(np.uint16),
    22: np.dtype(np.uint32),
    23: np.dtype(np.uint64),
}
CODES = {dtype: code for code, dtype in DTYPES.items()}
# By the names that JSON has for them.
NAMES = {
    {"float32": "DT_FLOAT", "float64": "DT_DOUBLE", "object": "DT_STRING"}.get(
        dtype.name, f"DT_{dtype.name.upper()}"
    ): code
    for code, dtype in DTYPES.items()
}
