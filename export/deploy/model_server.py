"""The configuration files of TensorFlow Serving, in the text form of its protocol buffers."""

from export.deploy.servable import Servable

GRPC_PORT, REST_PORT = 8500, 8501
METRICS_PATH = "/monitoring/prometheus/metrics"
POLL_SECONDS = 10


def model_config(servable: Servable, base_path: str) -> str:
    """Returns a `ModelServerConfig`: which versions are loaded, and under which labels.

    Without labels the server loads each new version and drops the one before. With labels it loads
    those that have one, and the newest; after a label has moved or a version was published, write
    the file again: the server reads it every `POLL_SECONDS` seconds.

    Args:
        servable: The model.
        base_path: Where the server sees the export directory.
    """
    lines = [
        "model_config_list {",
        "  config {",
        f'    name: "{servable.name}"',
        f'    base_path: "{base_path}"',
        '    model_platform: "tensorflow"',
    ]
    if servable.labels:
        served = "".join(f" versions: {number}" for number in servable.served_versions)
        lines.append(f"    model_version_policy {{ specific {{{served} }} }}")
        lines += [
            f'    version_labels {{ key: "{label}" value: {number} }}'
            for label, number in servable.labels.items()
        ]
    else:
        lines.append("    model_version_policy { latest { num_versions: 1 } }")
    return "\n".join([*lines, "  }", "}", ""])


def batching_parameters(servable: Servable, num_threads: int) -> str:
    """Returns `BatchingParameters`: how the server joins requests into batches.

    Args:
        servable: The model.
        num_threads: Batches in work at a time; the processors of the machine are a good choice.
    """
    return "\n".join(
        [
            "# A request of more rows than max_batch_size is refused.",
            f"max_batch_size {{ value: {servable.batch_sizes[-1]} }}",
            "# What a request waits for others to come, in microseconds.",
            "batch_timeout_micros { value: 2000 }",
            "# What waits beyond that is refused, for the client to try again.",
            "max_enqueued_batches { value: 100 }",
            f"num_batch_threads {{ value: {num_threads} }}",
            "# A batch is filled up to the next of these, so that few shapes occur.",
            *(f"allowed_batch_sizes: {size}" for size in servable.batch_sizes),
            "",
        ]
    )


def monitoring_config() -> str:
    """Returns a `MonitoringConfig`: metrics for Prometheus, on the port of the REST interface."""
    return f'prometheus_config {{ enable: true path: "{METRICS_PATH}" }}\n'


def arguments(config_dir: str) -> list[str]:
    """Returns the server's command line, for its files in `config_dir`."""
    return [
        f"--port={GRPC_PORT}",
        f"--rest_api_port={REST_PORT}",
        f"--model_config_file={config_dir}/models.config",
        f"--model_config_file_poll_wait_seconds={POLL_SECONDS}",
        # At the start no version is loaded yet that a label could stand for.
        "--allow_version_labels_for_unavailable_models=true",
        "--enable_batching=true",
        f"--batching_parameters_file={config_dir}/batching.config",
        f"--monitoring_config_file={config_dir}/monitoring.config",
    ]
