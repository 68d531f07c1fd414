"""The package's networks and training steps in PyTorch, eager: what the benchmarks measure beside.

The same layers, batches, losses and optimizers, written as one would by hand; other weights, since
only time is measured. They leave out what the package adds: the check of every number, the logs of
scores and norms.
"""

from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn import functional

from tfgan_suite import models
from tfgan_suite.errors import UserInputError

# === Networks ===


def dcgan(
    image_size=64, channels=3, latent_size=100, filters=128, kernel_size=5, projection_norm="units"
):
    """Returns DCGAN's generator and discriminator for even `kernel_size`."""
    if kernel_size != 4:
        raise UserInputError("The PyTorch peer of DCGAN has kernels of 4 x 4 only.")
    doublings = image_size.bit_length() - 3  # from 4 x 4 on
    width = filters * 2 ** (doublings - 1)
    base = (width, 4, 4)
    generator = [nn.Linear(latent_size, 16 * width, bias=False)]
    if projection_norm == "units":
        generator += [nn.BatchNorm1d(16 * width), nn.Unflatten(1, base)]
    else:
        generator += [nn.Unflatten(1, base), nn.BatchNorm2d(width)]
    for _ in range(doublings - 1):
        up = nn.ConvTranspose2d(width, width // 2, 4, 2, 1, bias=False)
        generator += [nn.ReLU(), up, nn.BatchNorm2d(width // 2)]
        width //= 2
    last = nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False)
    generator += [nn.ReLU(), last, nn.Tanh()]

    discriminator = [nn.Conv2d(channels, filters, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    width = filters
    for _ in range(doublings - 1):
        down = nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False)
        width *= 2
        discriminator += [down, nn.BatchNorm2d(width), nn.LeakyReLU(0.2)]
    discriminator += [nn.Flatten(), nn.Linear(16 * width, 1, bias=False)]
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


def mlp(
    sample_shape,
    latent_size=100,
    generator_hidden_units=(256, 512, 1024),
    discriminator_hidden_units=(512, 256),
    generator_activation="relu",
    output_activation="tanh",
    discriminator_dropout=0.0,
    kernel_initializer=None,
):
    """Returns a generator and a discriminator of dense layers."""
    del kernel_initializer
    size = torch.Size(sample_shape).numel()

    def activation(name):
        return nn.ReLU() if name == "relu" else nn.LeakyReLU(0.2)

    width, generator = latent_size, []
    for units in generator_hidden_units:
        generator += [nn.Linear(width, units), activation(generator_activation)]
        width = units
    generator += [nn.Linear(width, size)]
    if output_activation == "tanh":
        generator.append(nn.Tanh())
    generator.append(nn.Unflatten(1, tuple(sample_shape)))
    width, discriminator = size, [nn.Flatten()]
    for units in discriminator_hidden_units:
        discriminator += [nn.Linear(width, units), nn.LeakyReLU(0.2)]
        if discriminator_dropout:
            discriminator.append(nn.Dropout(discriminator_dropout))
        width = units
    discriminator.append(nn.Linear(width, 1))
    return nn.Sequential(*generator), nn.Sequential(*discriminator)


class _Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)


def translator(channels=3, filters=64, num_blocks=6, num_downsamplings=2, norm="instance"):
    """Returns CycleGAN's generator."""
    has_norm = norm == "instance"

    def normalized(convolution, outputs):
        return [convolution, nn.InstanceNorm2d(outputs)] if has_norm else [convolution]

    def convolved(inputs, outputs, kernel, *settings):
        convolution = nn.Conv2d(inputs, outputs, kernel, *settings, bias=not has_norm)
        return normalized(convolution, outputs)

    layers = [nn.ReflectionPad2d(3), *convolved(channels, filters, 7), nn.ReLU()]
    width = filters
    for _ in range(num_downsamplings):
        layers += [*convolved(width, 2 * width, 3, 2, 1), nn.ReLU()]
        width *= 2
    for _ in range(num_blocks):
        half = [nn.ReflectionPad2d(1), *convolved(width, width, 3)]
        other = [nn.ReflectionPad2d(1), *convolved(width, width, 3)]
        layers.append(_Residual(*half, nn.ReLU(), *other))
    for _ in range(num_downsamplings):
        up = nn.ConvTranspose2d(width, width // 2, 3, 2, 1, output_padding=1, bias=not has_norm)
        width //= 2
        layers += [*normalized(up, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())


def patchgan(channels=3, filters=64, num_layers=3):
    """Returns CycleGAN's discriminator."""
    layers = [nn.Conv2d(channels, filters, 4, 2, 1), nn.LeakyReLU(0.2)]
    width = filters
    for index in range(1, num_layers + 1):
        outputs = filters * min(2**index, 8)
        stride = 2 if index < num_layers else 1
        convolution = nn.Conv2d(width, outputs, 4, stride, 1, bias=False)
        layers += [convolution, nn.InstanceNorm2d(outputs), nn.LeakyReLU(0.2)]
        width = outputs
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


def _without(mapping, *names):
    return {name: value for name, value in mapping.items() if name not in names}


def gan_networks(model: Mapping) -> tuple[nn.Module, nn.Module]:
    """Returns generator and discriminator of a resolved config."""
    if model["name"] == "dcgan":
        return dcgan(**_without(model, "name", "loss", "ema_half_life"))
    networks = dict(model["networks"])
    if networks.pop("name") != "mlp":
        raise UserInputError(f"The PyTorch peer has no networks {model['networks']['name']!r}.")
    return mlp(**networks)


def generator_of(model: Mapping) -> nn.Module:
    """Returns the first network that a model's config serves."""
    model = resolved(model)
    if model["name"] == "cyclegan":
        return translator(
            filters=model["filters"],
            num_blocks=model["num_blocks"],
            num_downsamplings=model.get("num_downsamplings", 2),
            norm=model.get("translator_norm", "instance"),
        )
    return gan_networks(model)[0]


def resolved(model: Mapping) -> dict:
    """Returns a model's config with the arguments of its preset in place."""
    model = dict(model)
    preset = model.pop("preset", None)
    return {**(models.presets(model["name"])[preset] if preset else {}), **model}


# === Training steps ===


def training_step(
    model: Mapping, batch: int, wrap: Callable[[nn.Module], nn.Module] = lambda network: network
) -> Callable[[], float]:
    """Returns a function that trains a model of the package's config by one step.

    Args:
        model: `config.model` of a run.
        batch: examples of a step.
        wrap: what a network's gradients go through: DistributedDataParallel (GANs only).

    Raises:
        UserInputError: for what these networks do not know.
    """
    torch.manual_seed(0)
    model = resolved(model)
    if model["name"] == "cyclegan":
        return _cyclegan_step(batch, **_without(model, "name"))
    return _gan_step(model, batch, wrap)


def _gan_step(model, batch, wrap):
    generator, discriminator = gan_networks(model)
    judged, fooled = _gan_losses(model)
    latent_size = next(m for m in generator.modules() if isinstance(m, nn.Linear)).in_features
    with torch.no_grad():
        real = torch.rand_like(generator(torch.rand(batch, latent_size))) * 2 - 1
    d_adam, g_adam = _adam(discriminator), _adam(generator)
    average = _averaging(model, generator)
    learning_d, learning_g = wrap(discriminator), wrap(generator)

    def run_step():
        with torch.no_grad():
            fake = generator(torch.rand(batch, latent_size) * 2 - 1)
        discriminator.requires_grad_(True)
        d_adam.zero_grad()
        d_loss = judged(learning_d(real), learning_d(fake))
        d_loss.backward()
        d_adam.step()
        discriminator.requires_grad_(False)
        g_adam.zero_grad()
        g_loss = fooled(discriminator(learning_g(torch.rand(batch, latent_size) * 2 - 1)))
        g_loss.backward()
        g_adam.step()
        average()
        return d_loss.item() + g_loss.item()

    return run_step


def _gan_losses(model):
    """Returns D's loss of real and fake logits, and G's of fake ones."""
    if model["name"] == "lsgan":
        return (
            lambda real, fake: ((real - 1) ** 2).mean() + (fake**2).mean(),
            lambda fake: ((fake - 1) ** 2).mean(),
        )
    if model.get("loss", "non_saturating") != "non_saturating":
        raise UserInputError(f"The PyTorch peer knows no loss {model['loss']!r}.")
    softplus = functional.softplus
    return (
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
        lambda fake: softplus(-fake).mean(),
    )


def _cyclegan_step(
    batch,
    image_size=256,
    filters=64,
    num_blocks=None,
    num_downsamplings=2,
    translator_norm="instance",
    discriminator_filters=64,
    discriminator_layers=3,
    cycle_weight=10.0,
    identity_weight=5.0,
    pool_size=50,
    ema_half_life=None,
):
    num_blocks = num_blocks or (9 if image_size >= 256 else 6)
    g_ab, g_ba = (
        translator(
            filters=filters,
            num_blocks=num_blocks,
            num_downsamplings=num_downsamplings,
            norm=translator_norm,
        )
        for _ in range(2)
    )
    d_a, d_b = (
        patchgan(filters=discriminator_filters, num_layers=discriminator_layers) for _ in range(2)
    )
    generators, discriminators = nn.ModuleList([g_ab, g_ba]), nn.ModuleList([d_a, d_b])
    g_adam, d_adam = _adam(generators), _adam(discriminators)
    average = _averaging({"ema_half_life": ema_half_life}, generators)
    a, b = (torch.rand(batch, 3, image_size, image_size) * 2 - 1 for _ in range(2))
    pools, l1 = ([], []), functional.l1_loss

    def from_history(pool, images):
        given = []
        for image in images:
            if len(pool) < pool_size:
                pool.append(image)
            elif pool_size and torch.rand(()) < 0.5:
                index = int(torch.randint(pool_size, ()))
                pool[index], image = image, pool[index]
            given.append(image)
        return torch.stack(given)

    def run_step():
        discriminators.requires_grad_(False)
        g_adam.zero_grad()
        fake_b, fake_a = g_ab(a), g_ba(b)
        g_loss = ((d_a(fake_a) - 1) ** 2).mean() + ((d_b(fake_b) - 1) ** 2).mean()
        g_loss = g_loss + cycle_weight * (l1(g_ba(fake_b), a) + l1(g_ab(fake_a), b))
        if identity_weight:
            g_loss = g_loss + identity_weight * (l1(g_ba(a), a) + l1(g_ab(b), b))
        g_loss.backward()
        g_adam.step()
        discriminators.requires_grad_(True)
        d_adam.zero_grad()
        d_loss = 0
        for d, real, fake, pool in ((d_a, a, fake_a, pools[0]), (d_b, b, fake_b, pools[1])):
            fake = from_history(pool, fake.detach())
            d_loss = d_loss + (((d(real) - 1) ** 2).mean() + (d(fake) ** 2).mean()) / 2
        d_loss.backward()
        d_adam.step()
        average()
        return d_loss.item() + g_loss.item()

    return run_step


def _adam(network):
    return torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.999), fused=True)


def _averaging(model, network):
    """Returns a function that moves averages of the weights, if the model keeps them."""
    if model.get("ema_half_life") is None:
        return lambda: None
    weights = list(network.parameters())
    averages = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def average():
        torch._foreach_lerp_(averages, weights, 0.01)

    return average
