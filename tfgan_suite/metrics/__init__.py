"""How good it is: protocols that say their name."""

from tfgan_suite.metrics.classifier import Classifier, train_classifier
from tfgan_suite.metrics.features import ImageFeatures, squeezenet_features, to_uint8
from tfgan_suite.metrics.frechet import Gaussian, GaussianFit, fit_gaussian, frechet_distance
from tfgan_suite.metrics.luma import luma, luma_psnr, luma_ssim
from tfgan_suite.metrics.mixtures import ModeCoverage, mode_coverage
from tfgan_suite.metrics.parzen import ParzenScore, parzen_log_likelihood, parzen_score
from tfgan_suite.metrics.perceptual_distance import PerceptualDistance
from tfgan_suite.metrics.psnr import psnr
from tfgan_suite.metrics.recognition import recognised
from tfgan_suite.metrics.sharpness import sharpness

__all__ = [
    "Classifier",
    "Gaussian",
    "GaussianFit",
    "ImageFeatures",
    "ModeCoverage",
    "ParzenScore",
    "PerceptualDistance",
    "fit_gaussian",
    "frechet_distance",
    "luma",
    "luma_psnr",
    "luma_ssim",
    "mode_coverage",
    "parzen_log_likelihood",
    "parzen_score",
    "psnr",
    "recognised",
    "sharpness",
    "squeezenet_features",
    "to_uint8",
    "train_classifier",
]
