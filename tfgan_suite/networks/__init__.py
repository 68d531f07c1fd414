"""Builders of networks: functions that return Keras functional models."""

from tfgan_suite.networks.bag_of_words import bag_of_words
from tfgan_suite.networks.char_cnn_rnn import char_cnn_rnn
from tfgan_suite.networks.dcgan import dcgan_discriminator, dcgan_generator
from tfgan_suite.networks.frames import each_frame, frame_predictor
from tfgan_suite.networks.mlp import mlp_discriminator, mlp_generator
from tfgan_suite.networks.pairs import build_pair, pair_names, register_pair
from tfgan_suite.networks.patchgan import multi_scale_patchgan, patchgan_discriminator
from tfgan_suite.networks.residual import residual_discriminator, residual_generator
from tfgan_suite.networks.resnet_translator import resnet_translator
from tfgan_suite.networks.squeezenet import squeezenet
from tfgan_suite.networks.unet import unet
from tfgan_suite.networks.vgg19 import vgg19
from tfgan_suite.networks.word_gru import word_gru

__all__ = [
    "bag_of_words",
    "char_cnn_rnn",
    "build_pair",
    "dcgan_discriminator",
    "dcgan_generator",
    "each_frame",
    "frame_predictor",
    "mlp_discriminator",
    "mlp_generator",
    "multi_scale_patchgan",
    "pair_names",
    "patchgan_discriminator",
    "register_pair",
    "residual_discriminator",
    "residual_generator",
    "resnet_translator",
    "squeezenet",
    "unet",
    "vgg19",
    "word_gru",
]
