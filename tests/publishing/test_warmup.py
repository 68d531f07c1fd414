"""Warm-up records are what TensorFlow's own reader and the server's protocol buffers say."""

import os

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from tfgan_suite.errors import RunFailure
from tfgan_suite.publishing import layout, warmup


def true_logs(path):
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        yield prediction_log_pb2.PredictionLog.FromString(record)


def test_a_published_version_has_one_record_for_each_signature(published):
    logs = list(true_logs(os.path.join(published.path, warmup.PATH)))
    assert [log.predict_log.request.model_spec.signature_name for log in logs] == [
        *published.signatures
    ]
    for log in logs:
        request = log.predict_log.request
        assert log.WhichOneof("log_type") == "predict_log"
        assert request.model_spec.name == "SmallGenerator"
        file = layout.expected_path(published.path, request.model_spec.signature_name)
        inputs, _ = layout.load_expected(file)
        assert set(request.inputs) == set(inputs)
        for name, array in inputs.items():
            sent = tf.make_ndarray(request.inputs[name])
            assert sent.dtype == array.dtype
            np.testing.assert_array_equal(sent, array)


def every_kind_of_tensor():
    return {
        "float": np.array([[1.5, -2.0]], np.float32),
        "double": np.array([0.1]),
        "int32": np.array([-7, 2**31 - 1], np.int32),
        "int64": np.array([[2**62], [-5]]),
        "uint8": np.arange(6, dtype=np.uint8).reshape(1, 2, 3),
        "bool": np.array([True, False]),
        "empty": np.zeros((0, 3), np.float32),
        "bytes": np.array([b"", b"\0\xff", b"long" * 100], object),
    }


def test_what_is_written_is_read_by_both(tmp_path):
    file, inputs = tmp_path / "records", every_kind_of_tensor()
    warmup.write(file, "model", [("first", inputs), ("second", {"x": inputs["double"]})])
    assert file.stat().st_size > 0
    ((first, read), (second, _)) = warmup.read(file)
    assert (first, second) == ("first", "second")
    (log, _) = true_logs(file)
    for name, array in inputs.items():
        for found in (read[name], tf.make_ndarray(log.predict_log.request.inputs[name])):
            assert found.dtype == array.dtype and found.shape == array.shape
            np.testing.assert_array_equal(found, array)


def write_true(file, *logs):
    with tf.io.TFRecordWriter(str(file)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def test_records_of_others_are_read(tmp_path):
    """The true messages give short forms: one value for all, no signature name."""
    log = prediction_log_pb2.PredictionLog()
    for name, array in every_kind_of_tensor().items():
        log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    constant = tf.make_tensor_proto(7.0, tf.float32, [2, 3])
    log.predict_log.request.inputs["constant"].CopyFrom(constant)
    write_true(tmp_path / "records", log)
    ((signature, inputs),) = warmup.read(tmp_path / "records")
    assert signature == "serving_default"
    np.testing.assert_array_equal(inputs.pop("constant"), np.full((2, 3), 7, np.float32))
    for name, array in every_kind_of_tensor().items():
        np.testing.assert_array_equal(inputs[name], array)


def test_damage_is_found(tmp_path):
    file = tmp_path / "records"
    warmup.write(file, "model", [("first", every_kind_of_tensor())] * 2)
    whole = file.read_bytes()
    for damaged in (
        whole[:-1],
        whole[:5],
        whole[:30] + bytes([whole[30] ^ 1]) + whole[31:],
        whole[:8] + b"\0" + whole[9:],
        b"\xff" * 40,
    ):
        file.write_bytes(damaged)
        with pytest.raises(RunFailure, match="damaged at byte"):
            list(warmup.read(file))
    write_true(file, prediction_log_pb2.PredictionLog(classify_log={}))
    with pytest.raises(RunFailure, match="record 0.*no request to Predict"):
        list(warmup.read(file))
    with tf.io.TFRecordWriter(str(file)) as writer:
        writer.write(b"\xff\xff")
    with pytest.raises(RunFailure, match="record 0.*no PredictionLog"):
        list(warmup.read(file))
