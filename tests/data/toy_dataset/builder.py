"""Ten small images, written without any download."""

import numpy as np
import tensorflow_datasets as tfds


class TfganToy(tfds.core.GeneratorBasedBuilder):
    """Ten images, each of one grey value, in two shapes; two of them are held out."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(None, None, 3)),
                    "label": tfds.features.ClassLabel(names=["even", "odd"]),
                }
            )
        )

    def _split_generators(self, dl_manager):
        return {
            "train": self._generate_examples(range(8)),
            "test": self._generate_examples(range(8, 10)),
            "trainA": self._generate_examples(range(3)),
            "trainB": self._generate_examples(range(3, 8)),
        }

    def _generate_examples(self, values):
        for value in values:
            height = 6 if value % 2 else 4
            yield value, {"image": np.full([height, 4, 3], value, np.uint8), "label": value % 2}
