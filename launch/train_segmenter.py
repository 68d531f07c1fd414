"""Trains a small segmenter on images whose parts are known to the pixel, for launch.dissect.

  python -m launch.train_segmenter --data=sprites_walk_1000.npz --images=frames --parts=parts \\
      --names=part_names --size=32 --out=parts.keras
  python -m launch.dissect --workdir=runs/sprites --layer=relu_8 --segmenter=parts.keras --out=found

The file holds uint8 images [..., H, W, C], the part of each pixel [..., H, W] and the names of the
parts. The last tenth of the images is held out. Prints one JSON line with the accuracy and each
part's IoU there. Exit codes: 0 done, 1 failure, 2 wrong usage.
"""

import json

from absl import flags

from tfgan_suite.cli import run_program

DATA = flags.DEFINE_string("data", None, "npz file.", required=True)
IMAGES = flags.DEFINE_string("images", "frames", "Its field of images.")
PARTS = flags.DEFINE_string("parts", "parts", "Its field of parts.")
NAMES = flags.DEFINE_string("names", "part_names", "Its field of the names of the parts.")
SIZE = flags.DEFINE_integer("size", 32, "Side of the images, a multiple of 4.", lower_bound=8)
EPOCHS = flags.DEFINE_integer("epochs", 3, "Passes through the images.", lower_bound=1)
SEED = flags.DEFINE_integer("seed", 0, "Of the first weights and the order.", lower_bound=0)
OUT = flags.DEFINE_string("out", None, "File to write, NAME.keras.", required=True)


def main(overrides):
    del overrides
    from tfgan_suite.dissection.part_network import read_parts, save_network, train_part_network
    from tfgan_suite.metrics.classifier import check_file_name

    out = check_file_name(OUT.value)
    images, parts, names = read_parts(DATA.value, IMAGES.value, PARTS.value, NAMES.value)
    network, record = train_part_network(
        images, parts, names, SIZE.value, EPOCHS.value, SEED.value, progress=True
    )
    save_network(network, out)
    print(json.dumps({"out": str(out), **record}))


if __name__ == "__main__":
    run_program(
        main,
        groups={
            "What to learn": ["data", "images", "parts", "names"],
            "How": ["size", "epochs", "seed"],
            "Where": ["out"],
        },
    )
