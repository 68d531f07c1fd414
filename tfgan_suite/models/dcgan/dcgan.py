"""Deep convolutional GAN."""

import keras

from tfgan_suite.models.dcgan.presets import PRESETS
from tfgan_suite.models.gan import GAN
from tfgan_suite.models.registry import register
from tfgan_suite.networks import build_pair


@register("dcgan")
@keras.saving.register_keras_serializable(package="tfgan_suite")
class DCGAN(GAN):
    """The GAN of convolutions that trains stably.

    Source: [Radford et al., 2016](https://arxiv.org/abs/1511.06434). The game is `GAN`'s; the
    rules of the paper are in the networks (`networks.dcgan`).

    Args:
        image_size: int. `base_size` doubled two to five times: 16, 32, 64 or 128 with the default.
        channels: int. Channels of the images.
        latent_size: int. Length of a latent vector. Defaults to 100.
        filters: int. Channels of the stage next to the image; 128 in the paper.
        kernel_size: int. Side of the kernels; 5 in the paper, 4 in the popular Torch variant.
        upsampling: `"transposed_convolution"` (the paper's) or `"resize_convolution"`.
        projection_norm: `"units"` (the authors' code) or `"channels"`: what the first batch norm
            of the generator normalises.
        batch_norm_group_size: int or None. Examples over which batch norm takes its statistics;
            the same numbers come out on any number of replicas whose share is a multiple of it.
            None: the batch of each replica, which is the paper's on one device.
        base_size: int. Side of the smallest stage; 7 makes images of 28 pixels.
        loss, latent_distribution, gradient_penalty, r1, r2, ema_half_life, seed, name,
            critic_steps: see `GAN`.

    Example:

    ```python
    dcgan = DCGAN(image_size=32, channels=1, filters=16)
    dcgan.compile()
    dcgan.fit(images, batch_size=64)  # float32 [N, 32, 32, 1] in [-1, 1]
    ```
    """

    presets = PRESETS
    network_arguments = ()  # they follow from the arguments below

    def __init__(
        self,
        image_size: int = 64,
        channels: int = 3,
        latent_size: int = 100,
        filters: int = 128,
        kernel_size: int = 5,
        upsampling: str = "transposed_convolution",
        projection_norm: str = "units",
        batch_norm_group_size: int | None = None,
        base_size: int = 4,
        loss="non_saturating",
        latent_distribution: str = "uniform",
        gradient_penalty: float = 0.0,
        r1: float = 0.0,
        r2: float = 0.0,
        ema_half_life: float | None = None,
        seed: int = 0,
        name: str | None = None,
        critic_steps: int = 1,
    ):
        architecture = {
            "image_size": image_size,
            "channels": channels,
            "latent_size": latent_size,
            "filters": filters,
            "kernel_size": kernel_size,
            "upsampling": upsampling,
            "projection_norm": projection_norm,
            "batch_norm_group_size": batch_norm_group_size,
            "base_size": base_size,
        }
        generator, discriminator = build_pair("dcgan", **architecture)
        super().__init__(
            generator,
            discriminator,
            loss=loss,
            latent_distribution=latent_distribution,
            gradient_penalty=gradient_penalty,
            r1=r1,
            r2=r2,
            ema_half_life=ema_half_life,
            seed=seed,
            name=name,
            critic_steps=critic_steps,
        )
        self.architecture = architecture

    def get_config(self):
        return {**super().get_config(), **self.architecture}
