"""DiscoGAN between thin white and thick red bars, 32 x 32: does the angle go with the translation?

The paper's experiment with turned cars and faces in the smallest form: both domains have all angles
between -75 and 75 degrees, and nothing says which images belong together. The authors' objective
and constant rate for it (reconstruction 0.9, matching of features 0.09, scores 0.01) and their
bottleneck of 100 numbers between both halves of the translators.

Command:
  python -m launch.train --config=launch/configs/discogan_bars.py --workdir=runs/discogan_bars

`--config=launch/configs/discogan_bars.py:recongan` (one direction and back) and `:gan` (one
direction alone) are the paper's controls; `python -m benchmarks.angles` measures all three.

Cost: 41 and 66 s on most of a CPU core, 591 s on a small share of one.

Expected: red bars without straight edges, whose angle follows that of the white one, mirrored or
not by the seed (correlation -0.89, 0.64, -0.61 of seeds 0, 1, 2); the way back is a little blurred.
"""

from tfgan_suite.runs import default_config


def get_config(relation="discogan"):
    config = default_config()
    config.model = {
        "name": "discogan",
        "preset": "small_32",
        "filters": 16,
        "code_size": 100,
        "objective": "code",
        "start_rate": 0.9,
        "rate": 0.9,
        "matching_group_size": 32,
        "batch_norm_group_size": 32,
        "relation": relation,
    }
    config.data = {"source": "bars"}
    config.batch_size = 32
    config.images = 9_600
    config.optimizers = {
        player: {"learning_rate": 5e-4} for player in ("generators", "discriminators")
    }
    config.log_every = 1_600
    config.sample_every = 4_800
    config.checkpoint_every = 4_800
    config.num_samples = 8
    return config
