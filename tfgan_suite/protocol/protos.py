"""The protocol buffers that are read and written without TensorFlow's Python package.

Importing TensorFlow's own, or those of `tensorflow-serving-api`, imports TensorFlow, with kernels
that no model server has. Here are the messages under other names with the few fields that are
used, numbered as in the published .proto files, so what is written is the true message on the wire
(the tests read it with `tensorflow-serving-api`). A map field is a repeated entry of key and value.
"""

import functools

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

# {message: {field: (number, type)}}; a type that ends in "*" is repeated.
_MESSAGES = {
    "Dim": {"size": (1, "int64")},
    "Shape": {"dim": (2, "Dim*"), "unknown_rank": (3, "bool")},
    "TensorInfo": {"name": (1, "string"), "dtype": (2, "int32"), "shape": (3, "Shape")},
    "TensorInfoEntry": {"key": (1, "string"), "value": (2, "TensorInfo")},
    "Signature": {"inputs": (1, "TensorInfoEntry*"), "outputs": (2, "TensorInfoEntry*")},
    "SignatureEntry": {"key": (1, "string"), "value": (2, "Signature")},
    "SavedModel": {"meta_graphs": (2, "MetaGraphDef*")},
    "MetaGraphDef": {
        "info": (1, "MetaInfoDef"),
        "graph": (2, "GraphDef"),
        "saver": (3, "SaverDef"),
        "collections": (4, "CollectionEntry*"),
        "signatures": (5, "SignatureEntry*"),
    },
    "MetaInfoDef": {"tags": (4, "string*")},
    "SaverDef": {"restore": (3, "string")},
    "CollectionEntry": {"key": (1, "string"), "value": (2, "CollectionDef")},
    "CollectionDef": {"nodes": (1, "NodeList")},
    "NodeList": {"names": (1, "string*")},
    "FingerprintDef": {
        "graph_def_program_hash": (2, "uint64"),
        "signature_def_hash": (3, "uint64"),
        "saved_object_graph_hash": (4, "uint64"),
        "checkpoint_hash": (5, "uint64"),
    },
    "GraphDef": {"nodes": (1, "NodeDef*"), "library": (2, "Library")},
    "Library": {"functions": (1, "FunctionDef*")},
    "FunctionDef": {"signature": (1, "OpDef"), "nodes": (3, "NodeDef*")},
    "NodeDef": {
        "name": (1, "string"),
        "op": (2, "string"),
        "inputs": (3, "string*"),
        "attributes": (5, "AttributeEntry*"),
    },
    "AttributeEntry": {"key": (1, "string"), "value": (2, "Attribute")},
    "Attribute": {"list": (1, "AttributeList"), "type": (6, "int32"), "function": (10, "Function")},
    "AttributeList": {"functions": (9, "Function*")},
    "Function": {"name": (1, "string")},
    "OpDef": {"name": (1, "string"), "is_stateful": (17, "bool")},
    "OpList": {"ops": (1, "OpDef*")},
    "KernelDef": {"device_type": (2, "string")},
    "KernelList": {"kernels": (1, "KernelDef*")},
    "ConfigProto": {"intra_op_threads": (2, "int32"), "inter_op_threads": (5, "int32")},
    "TensorProto": {
        "dtype": (1, "int32"),
        "shape": (2, "Shape"),
        "content": (4, "bytes"),
        "floats": (5, "float*"),
        "doubles": (6, "double*"),
        "ints": (7, "int32*"),
        "strings": (8, "bytes*"),
        "longs": (10, "int64*"),
        "bools": (11, "bool*"),
        "unsigned_ints": (16, "uint32*"),
        "unsigned_longs": (17, "uint64*"),
    },
    "TensorEntry": {"key": (1, "string"), "value": (2, "TensorProto")},
    "Int64": {"value": (1, "int64")},
    "ModelSpec": {
        "name": (1, "string"),
        "version": (2, "Int64"),
        "signature_name": (3, "string"),
        "version_label": (4, "string"),
    },
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "TensorEntry*")},
    "PredictResponse": {"outputs": (1, "TensorEntry*")},
    "Any": {"value": (2, "bytes")},
    "AnyEntry": {"key": (1, "string"), "value": (2, "Any")},
    "MetadataRequest": {"model_spec": (1, "ModelSpec"), "fields": (2, "string*")},
    "MetadataResponse": {"metadata": (2, "AnyEntry*")},
    "SignatureMap": {"signatures": (1, "SignatureEntry*")},
    "PredictLog": {"request": (1, "PredictRequest")},
    "PredictionLog": {"predict_log": (6, "PredictLog")},
}
_PACKAGE = "tfgan_suite.protocol"


@functools.cache
def message(name: str) -> type:
    """Returns the class of one of the messages above."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@functools.cache
def _pool():
    file = descriptor_pb2.FileDescriptorProto(
        name="tfgan_suite/protocol.proto", package=_PACKAGE, syntax="proto3"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            base = kind.removesuffix("*")
            label = kinds.LABEL_OPTIONAL if base == kind else kinds.LABEL_REPEATED
            described.field.add(name=field, number=number, label=label).MergeFrom(
                kinds(type=kinds.TYPE_MESSAGE, type_name=f".{_PACKAGE}.{base}")
                if base in _MESSAGES
                else kinds(type=kinds.Type.Value(f"TYPE_{base.upper()}"))
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool
