"""Ready arguments of `SRGAN`."""

_VGG54 = {"features": "vgg19", "feature_layer": "block5_conv4"}

PRESETS = {
    # The paper's SRGAN; `feature_weights` has to be given.
    "paper": _VGG54,
    # Its SRResNet alone.
    "srresnet": {"features": None, "pixel_weight": 1.0, "adversarial_weight": 0.0},
    # Wang et al., 2018, beside the discriminator of SRGAN; `feature_weights` has to be given.
    "esrgan": {
        **_VGG54,
        "architecture": "rrdb",
        "num_blocks": 23,
        "image_size": 128,
        "pixel_distance": "l1",
        "pixel_weight": 1e-2,
        "feature_distance": "l1",
        "feature_scale": 1.0,
        "activated_features": False,
        "adversarial_weight": 5e-3,
        "loss": "relativistic_average",
    },
    # For a CPU core.
    "small_48": {
        "image_size": 48,
        "filters": 32,
        "num_blocks": 6,
        "residual": True,
        "discriminator_filters": 16,
        "discriminator_units": 128,
    },
    # Small enough for tests.
    "tiny": {
        "image_size": 32,
        "filters": 4,
        "num_blocks": 1,
        "discriminator_filters": 2,
        "discriminator_units": 4,
        "pixel_images": 0,
        "feature_layer": "conv1",
        "batch_norm_group_size": 4,
        "ema_half_life": 100.0,
    },
}
