"""The documents' tables are those that `python -m launch.tables` writes."""

from launch import tables


def test_no_table_is_stale():
    for file, text in tables.tables().items():
        assert (tables.ROOT / file).read_text() == text, (
            f"stale: run python -m launch.tables ({file})"
        )


def test_every_model_has_its_lines():
    texts = tables.tables()
    assert "| CGAN | [models/cgan](tfgan_suite/models/cgan/README.md) | Mirza" in texts["README.md"]
    assert "| CycleGAN | `a_to_b_png` | `image_bytes` | `image_bytes` |" in texts["docs/serving.md"]
