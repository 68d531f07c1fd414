"""Warm-up records: requests that a model server answers itself before it serves a version.

Without them the first caller waits while TensorFlow sets the graph up. They are `PredictionLog`
messages in a TFRecord file. A record that fails keeps the server from loading the version.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from google.protobuf.message import DecodeError

from tfgan_suite.errors import RunFailure
from tfgan_suite.protocol.protos import message
from tfgan_suite.protocol.tensors import fill_proto, from_proto

PATH = os.path.join("assets.extra", "tf_serving_warmup_requests")
"""Where a model server looks for the records, below the version's directory."""

MAX_RECORDS = 1000
"""A model server loads no version that has more."""


def write(
    path: str | os.PathLike, model: str, requests: Iterable[tuple[str, Mapping[str, np.ndarray]]]
) -> None:
    """Writes a file of warm-up records.

    Args:
        path: The file.
        model: Name of the model; a server does not look at it.
        requests: For each record the name of a signature and its inputs.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        for signature, inputs in requests:
            log = message("PredictionLog")()
            request = log.predict_log.request
            request.model_spec.name = model
            request.model_spec.signature_name = signature
            for name, array in inputs.items():
                fill_proto(request.inputs.add(key=name).value, array)
            file.write(_framed(log.SerializeToString()))


def read(path: str | os.PathLike) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Yields the signature's name and the inputs of each record.

    Raises:
        RunFailure: The file is damaged, or a record is no request to `Predict`.
    """
    if not os.path.isfile(path):  # Opening a named pipe would wait for its writer.
        raise RunFailure(f"{path} is no file; expected warm-up records.")
    try:
        with open(path, "rb") as file:
            data = memoryview(file.read())
    except OSError as error:
        raise RunFailure(f"The warm-up records in {path} cannot be read: {error}") from error
    for number, record in enumerate(_records(data, path)):
        try:
            log = message("PredictionLog").FromString(record)
        except DecodeError as error:
            raise RunFailure(f"Warm-up record {number} in {path} is no PredictionLog.") from error
        if not log.HasField("predict_log"):
            raise RunFailure(
                f"Warm-up record {number} in {path} is no request to Predict; others cannot be "
                "replayed here."
            )
        request = log.predict_log.request
        try:
            inputs = {entry.key: from_proto(entry.value) for entry in request.inputs}
        except (ValueError, OverflowError) as error:
            raise RunFailure(f"An input of warm-up record {number} in {path} {error}.") from error
        yield request.model_spec.signature_name or "serving_default", inputs


# === TFRecord: length, its checksum, data, its checksum ===


def _framed(data):
    length = struct.pack("<Q", len(data))
    return b"".join((length, _checksum(length), data, _checksum(data)))


def _records(data, path):
    position = 0
    while position < len(data):
        header = data[position : position + 12]
        size = struct.unpack("<Q", header[:8])[0] if len(header) == 12 else len(data)
        body = data[position + 12 : position + 12 + size]
        end = position + 16 + size
        whole = end <= len(data) and header[8:] == _checksum(header[:8])
        if not whole or data[end - 4 : end] != _checksum(body):
            raise RunFailure(f"The warm-up records in {path} are damaged at byte {position}.")
        yield bytes(body)
        position = end


def _crc_table():
    """CRC-32C (Castagnoli), as TFRecord files have it."""
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


_CRC_TABLE = tuple(_crc_table())


def _checksum(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return struct.pack("<I", masked)
