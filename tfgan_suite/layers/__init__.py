"""Layers that adversarial models need and Keras does not have."""

from tfgan_suite.layers.bias import Bias
from tfgan_suite.layers.bilinear import BilinearUpsampling
from tfgan_suite.layers.blur import Blur
from tfgan_suite.layers.doubling_convolution_3d import DoublingConvolution3D
from tfgan_suite.layers.dropout import Dropout
from tfgan_suite.layers.equalized import EqualizedConv2D, EqualizedDense
from tfgan_suite.layers.example_scope import example_scope, seeded_rows
from tfgan_suite.layers.frames import ChannelsToFrames, FramesToChannels
from tfgan_suite.layers.ghost_batch_normalization import GhostBatchNormalization
from tfgan_suite.layers.grouped_convolution import GroupedConvolution2D
from tfgan_suite.layers.history_pool import HistoryPool
from tfgan_suite.layers.instance_normalization import InstanceNormalization
from tfgan_suite.layers.interpolation import Interpolation
from tfgan_suite.layers.maxout import Maxout
from tfgan_suite.layers.minibatch_deviation import MinibatchDeviation
from tfgan_suite.layers.modulated import ModulatedConv2D
from tfgan_suite.layers.one_hot import OneHot
from tfgan_suite.layers.pixel_normalization import PixelNormalization
from tfgan_suite.layers.pixel_shuffle import PixelShuffle
from tfgan_suite.layers.reflection_padding import ReflectionPadding2D
from tfgan_suite.layers.spectral_normalization import SpectralNormalization
from tfgan_suite.layers.style import AddNoise, LearnedConstant, ScaleAndShift, TrackMean

__all__ = [
    "AddNoise",
    "Bias",
    "BilinearUpsampling",
    "Blur",
    "ChannelsToFrames",
    "DoublingConvolution3D",
    "Dropout",
    "EqualizedConv2D",
    "EqualizedDense",
    "FramesToChannels",
    "GhostBatchNormalization",
    "GroupedConvolution2D",
    "HistoryPool",
    "InstanceNormalization",
    "Interpolation",
    "LearnedConstant",
    "Maxout",
    "MinibatchDeviation",
    "ModulatedConv2D",
    "OneHot",
    "PixelNormalization",
    "PixelShuffle",
    "ReflectionPadding2D",
    "ScaleAndShift",
    "SpectralNormalization",
    "TrackMean",
    "example_scope",
    "seeded_rows",
]
