"""Batches that the tests ask for, whatever their size."""

from tfgan_suite.fields import ClassId, Image, Point

IMAGES = {"image": Image()}
LABELLED = {"image": Image(), "label": ClassId()}
POINTS = {"point": Point()}
LABELLED_POINTS = {"label": ClassId(), "point": Point()}
PAIRED = {"a": Image(), "b": Image()}
UNPAIRED = {"a": Image()}, {"b": Image()}
