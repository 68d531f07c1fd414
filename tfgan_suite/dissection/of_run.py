"""Dissects the generator of a trained run, and writes what was found: a page and JSON."""

import contextlib
import functools
import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfgan_suite import data, runs
from tfgan_suite.cluster.devices import describe_machine
from tfgan_suite.data.options import one_of, whole_number
from tfgan_suite.dissection import artifacts, interventions
from tfgan_suite.dissection.page import Curve, Section, render_page, top_images
from tfgan_suite.dissection.segmenters import segmenter_of
from tfgan_suite.dissection.units import (
    MOST_IMAGES,
    SAMPLED_PIXELS,
    Dissection,
    Subject,
    dissect,
)
from tfgan_suite.errors import RunFailure, UserInputError
from tfgan_suite.files import write_whole
from tfgan_suite.metrics import Classifier, squeezenet_features
from tfgan_suite.metrics.image_metrics import measure
from tfgan_suite.networks.opened import OpenedLayer, openable_layers
from tfgan_suite.results import Result, current_command, current_commit
from tfgan_suite.runs.evaluation import metrics_named, real_images
from tfgan_suite.signatures.numbered import NumberedImages

PAGE, NUMBERS = "page.html", "dissection.json"
SCORES = ("discriminator", "features")
_RANDOM_DRAWS = 3
_SHOWN = 12  # images before and after
_MOST_SHOWN = 512  # units on the page
_PIXELS = 10_000  # shares of a few pixels are readable as numbers of so many
_OF_PIXELS = f"of {_PIXELS:,}"
_PROTOCOL = ("run", "segmenter", "images", "images for thresholds", "seed")


def dissect_run(
    workdir: str | Path,
    layer: str,
    out: str | Path,
    segmenter: str = "colours",
    names: Sequence[str] | None = None,
    num: int = 1000,
    num_for_thresholds: int = 1000,
    num_for_effects: int = 32,
    change: Sequence[str] = (),
    units: Sequence[int] | None = None,
    count: int | None = None,
    steps: int = 200,
    num_for_change: int = 256,
    repair: str | None = None,
    marks: str | Path | None = None,
    score: str | None = None,
    metrics: Sequence[str] = (),
    classifier: str | Path | None = None,
    squeezenet: str | Path | None = None,
    seed: int = 0,
    batch_size: int = 32,
    checkpoint: str | None = None,
    progress: bool = False,
) -> dict[str, Any]:
    """Dissects a layer of a run's generator and writes `page.html` and `dissection.json`.

    Args:
        workdir: folder of the run.
        layer: name of the layer, see `networks.opened.find_layer`.
        out: folder to write into.
        segmenter, names: see `segmenters.segmenter_of`.
        num, num_for_thresholds: see `units.dissect`.
        num_for_effects: images on which each unit's own effect is measured; 0: it is not.
        change: concepts whose units are switched off and on.
        units: ints that are switched in the place of the best for each concept of `change`.
        count: how many units are switched. None: see `interventions.usual_count`.
        steps: of the optimisation of units; 0: units are ranked by IoU alone, as they are where a
            concept is everywhere.
        num_for_change: images on which changes are measured.
        repair: a concept that should not be there: `count` units that are more active in the tenth
            of the images that show most of it are switched off.
        marks: file of marked units or images, see `artifacts.read_marks`; in the place of `repair`.
        score: in the place of `repair`, how bad an image is: `discriminator`, the lower its logit,
            or `features`, the farther it is from the nearest of `num` training images by the
            features of `classifier` or `squeezenet`.
        metrics, classifier, squeezenet: of images, before and after the repair: see
            `runs.evaluate`.
        seed: which images.
        batch_size: images computed at once.
        checkpoint: name of a checkpoint. Defaults to the newest sound one.
        progress: whether to show bars on the error output.

    Returns:
        What `dissection.json` holds.

    Raises:
        UserInputError: no such run, layer, segmenter, concept or unit; or no images to dissect.
        RunFailure: a damaged file, or the output cannot be written.
    """
    began = time.perf_counter()
    config, model = runs.load(workdir, checkpoint)
    subject = subject_of_run(config, model, layer, segmenter_of(segmenter, names), seed, batch_size)
    for concept in [*change, *([repair] if repair else [])]:
        subject.concept(concept)
    ways = [way for way in (repair, marks, score) if way]
    if len(ways) > 1:
        raise UserInputError(
            "A repair is by a concept, by marks or by a score: give one of --repair, --marks and "
            "--score."
        )
    if metrics and not ways:
        raise UserInputError(
            "Metrics are of images before and after a repair: give --repair, --marks or --score."
        )
    marked = None if marks is None else artifacts.read_marks(marks)

    def metrics_anew():
        # They gather what they are fed: each set of images takes its own.
        return metrics_named(metrics, classifier, squeezenet, num) if metrics else []

    metrics_anew()  # an unknown one is refused before the work
    # One that is named twice is switched once, and so are the random ones beside it.
    chosen = None if units is None else subject.opened.checked_units(list(dict.fromkeys(units)))
    change = list(dict.fromkeys(change))
    count = interventions.usual_count(subject.opened.num_units) if count is None else count
    if not 1 <= count <= subject.opened.num_units:
        raise UserInputError(
            f"count must be from 1 to the {subject.opened.num_units} units of "
            f"{subject.opened.path}. Received: {count}."
        )
    whole_number("num", num, 1, MOST_IMAGES)
    whole_number("num_for_thresholds", num_for_thresholds, 1, SAMPLED_PIXELS)
    whole_number("num_for_effects", num_for_effects, 0, MOST_IMAGES)
    whole_number("num_for_change", num_for_change, 1, MOST_IMAGES)
    # Other images than those that thresholds and units are chosen by.
    fresh = num + num_for_thresholds + np.arange(2 * num_for_change + num_for_effects)
    searched, measured, of_units = np.split(fresh, [num_for_change, 2 * num_for_change])
    # What may turn out to be impossible comes before what takes long.
    places = {
        concept: [
            interventions.find_places(subject, concept, numbers, progress=progress)
            for numbers in (searched, measured)
        ]
        for concept in change
    }
    bad = measure_bad = None
    if score:
        scores = _scores(score, model, config, classifier, squeezenet, num, seed)
        measure_bad = functools.partial(artifacts.mean_score, subject, score=scores)
        ranking = artifacts.ranked_by_score(subject, scores, searched, progress)
        bad = ranking[:count], score
    elif ways:
        bad = _units_of_artifacts(subject, repair, marked, count, searched, progress)
    with _writing(out):
        Path(out).mkdir(parents=True, exist_ok=True)
    dissection = dissect(subject, num, num_for_thresholds, progress=progress)
    shown = dissection.order[:_MOST_SHOWN]
    effects = _effects(subject, dissection, of_units, progress) if num_for_effects else None
    changes, sections = {}, []
    for concept in change:
        changes[concept], section = _change(
            subject, dissection, concept, chosen, count, steps, *places[concept], measured, progress
        )
        sections.append(section)
    repaired = None
    if bad is not None:

        def real(number, split):
            return real_images(config.data.to_dict(), number, split, seed)

        repaired, section = _repair(
            subject, repair, *bad, measured, metrics_anew, real, progress, measure_bad
        )
        sections.append(section)
    facts = {
        "model": str(config.model.name),
        "run": Path(workdir).resolve().name,
        "images seen": int(model.images_seen.numpy()),
        "layer": dissection.layer,
        "features": " x ".join(map(str, dissection.shape)),
        "segmenter": Path(segmenter).name,
        "images": num,
        "images for thresholds": num_for_thresholds,
        "seed": seed,
    }
    strips = top_images(subject, dissection, shown, progress)
    page = render_page(f"Units of {dissection.layer}", facts, dissection, strips, effects, sections)
    seconds = round(time.perf_counter() - began, 1)
    found = {
        **facts,
        "units switched": count if chosen is None else len(chosen),
        **_numbers(dissection, effects),
        "changes": changes,
        "repair": repaired,
    }
    found["seconds"] = seconds
    with _writing(out):
        write_whole(Path(out) / PAGE, page.encode())
        write_whole(Path(out) / NUMBERS, (json.dumps(found, indent=1) + "\n").encode())
    return found


@contextlib.contextmanager
def _writing(out):
    try:
        yield
    except OSError as error:
        raise RunFailure(f"--out={out} cannot be written: {error}") from error


def subject_of_run(
    config, model, layer: str, segmenter, seed: int = 0, batch_size: int = 32
) -> Subject:
    """Returns what `dissect` takes, of a run that `runs.load` gave.

    A model of seeds is asked for the images of seeds, a translator for those of held-out examples
    of the run's own data.

    Raises:
        UserInputError: the model makes no images, or has no such layer.
    """
    name, examples = str(config.model.name), None
    if not layer:
        raise UserInputError(f"Name a layer. Layers are {', '.join(openable_layers(model))}.")
    if model.draws_examples:
        examples = data.heldout_batch(config.data.to_dict(), model.batch_spec(), 64, seed)
    images = NumberedImages(model, name, seed, examples=examples, others=True)
    opened = OpenedLayer(model, layer, images.compute, like=images.inputs(np.arange(2)))
    return Subject(opened, images.inputs, segmenter, batch_size)


def results_of(found: Mapping[str, Any], setting: Mapping) -> list[Result]:
    """Returns the lines of what `dissect_run` found, for `tfgan_suite.results.append`.

    They are for the tables `dissection` (how many units detect a concept), `interventions` (a row
    for each concept whose units were switched) and `repairs`.

    Args:
        found: as `dissect_run` returns it.
        setting: what tells this run from others of the tables.
    """
    shared = {
        "images_seen": found["images seen"],
        "machine": describe_machine(),
        "commit": current_commit(),
        "command": current_command(),
        "protocol": {name: found[name] for name in _PROTOCOL},
    }
    layer = found["layer"].rpartition("/")[2]

    def line(table, metric, value, unit, more, interval=None):
        return Result(
            table=table,
            metric=metric,
            value=value,
            unit=unit,
            setting={**setting, "layer": layer, **more},
            interval=interval,
            interval_kind="standard error" if interval else None,
            **shared,
        )

    def figure(table, metric, values, unit, more):
        """A line of one value, or of the mean of several draws with its standard error."""
        factor = _PIXELS if unit == _OF_PIXELS else 1
        values = factor * np.atleast_1d(values).astype(float)
        mean, interval = float(values.mean()), None
        if len(values) > 1:
            error = float(values.std(ddof=1) / np.sqrt(len(values)))
            interval = (mean - error, mean + error)
        return line(table, metric, mean, unit, more, interval)

    units = f"of {len(found['units'])}"
    lines = [line("dissection", "detectors", found["detectors"], units, {})]
    detected = {unit["concept"] for unit in found["units"] if unit["detects"]}
    for index, name in enumerate(found["concepts"]):
        if name in detected:
            best = max(unit["iou_by_concept"][index] for unit in found["units"])
            key = re.sub("[^a-z0-9]+", "_", name.lower())
            lines.append(line("dissection", f"iou_{key}", best, None, {}))
    for concept, figures in found["changes"].items():
        randoms = [part for name, part in figures.items() if name.startswith("random")]
        more = {"concept": concept, "units off": len(randoms[0]["units"])}
        sets = {
            name.lower().replace(" ", "_"): [figures[name]]
            for name in ("given", "by IoU", "optimised")
            if name in figures
        }
        before = figures["share before"]
        lines.append(figure("interventions", "pixels_before", before, _OF_PIXELS, more))
        for key, parts in {**sets, "random": randoms}.items():
            for metric, value, unit in (
                ("pixels", "share after", _OF_PIXELS),
                ("effect", "effect", "share"),
            ):
                values = [part[value] for part in parts]
                if None not in values:
                    lines.append(figure("interventions", f"{metric}_{key}", values, unit, more))
        gained = np.array(figures["inserted by place"])
        for half, rows in zip(("upper", "lower"), np.array_split(gained, 2), strict=True):
            if rows.size:
                value = float(rows.mean())
                lines.append(figure("interventions", f"inserted_{half}", value, "share", more))
    if found["repair"]:
        parts = found["repair"]
        more = {"by": parts["by"], "units off": len(parts["after"]["units"])}
        randoms = [part for name, part in parts.items() if name.startswith("random")]
        sets = {"before": [parts["before"]], "after": [parts["after"]], "random": randoms}
        for metric in (name for name in parts["before"] if name != "units"):
            name, unit = ("pixels", _OF_PIXELS) if metric == "share" else (metric, None)
            for when, those in sets.items():
                values = [part[metric] for part in those]
                lines.append(figure("repairs", f"{name}_{when}", values, unit, more))
    return lines


def _effects(subject, dissection, numbers, progress):
    """Returns what each unit causes of its best concept, `[U]`."""
    means = interventions.mean_features(subject, numbers, progress)
    units = np.arange(len(dissection.best))
    values = means[units, dissection.best]
    found = interventions.effects_of_units(subject, units, values, numbers, progress)
    return found[units, dissection.best]


def _change(subject, dissection, concept, chosen, count, steps, searched, found, numbers, progress):
    """Switches the units of a concept off and on; returns figures and a section of the page.

    Units are chosen at the places `searched`, and measured at those of `found` and on `numbers`.
    """
    index = subject.concept(concept)
    places = found.present + found.absent
    rankings = {"by IoU": dissection.ranked(concept)}
    if chosen is not None:
        rankings = {"given": chosen}
    elif steps and len(searched.present) and len(searched.absent):
        optimised = interventions.optimised_units(
            subject,
            concept,
            searched,
            interventions.start_of_ranking(dissection.iou[:, index]),
            steps=steps,
            progress=progress,
        )
        rankings["optimised"] = optimised.ranked()
    rng = np.random.default_rng(0)
    draws = [rng.permutation(subject.opened.num_units) for _ in range(_RANDOM_DRAWS)]
    if chosen is not None:
        count = len(chosen)
        draws = [draw[:count] for draw in draws]
    figures, curves = {"share before": found.share, "images": len(numbers)}, []
    for name, ranking in [*rankings.items(), *((f"random {i}", r) for i, r in enumerate(draws))]:
        counts, shares = interventions.ablation_curve(subject, ranking, numbers, None, progress)
        after = interventions.shares_shown(subject, ranking[:count], numbers)
        figures[name] = {
            "units": [int(unit) for unit in ranking[:count]],
            "share after": float(after[index]),
            # None where the concept is thinly everywhere: no place has it, and none has not.
            "effect": interventions.effect(subject, ranking[:count], concept, searched.mean, places)
            if len(places)
            else None,
            "curve": {"units off": counts.tolist(), "share": shares[:, index].tolist()},
        }
        curves.append(Curve(name, counts, shares[:, index]))
    best = list(rankings)[-1]
    units = rankings[best][:count]
    figures["inserted by place"] = interventions.insertion_map(
        subject, units, concept, searched.mean, numbers[:16], progress
    ).tolist()
    randoms = curves[len(rankings) :]
    mean = Curve(
        f"random, mean of {len(randoms)}", randoms[0].x, np.mean([c.y for c in randoms], axis=0)
    )
    rest = np.mean([figures[curve.name]["share after"] for curve in randoms])
    text = (
        f"{concept} covers {found.share:.2%} of the pixels of {len(numbers)} images. With the "
        f"{count} units {best} switched off it covers {figures[best]['share after']:.2%}, with "
        f"{count} random ones {rest:.2%} (mean of {len(randoms)} draws)."
    )
    section = Section(
        f"Switching the units of {concept}",
        text,
        _before_and_after(subject, concept, units, searched.mean, found),
        [*curves[: len(rankings)], mean],
        ("units switched off", f"share of {concept}"),
    )
    return figures, section


def _scores(name, model, config, classifier, squeezenet, num, seed):
    """Returns the score of images that a name stands for, see `dissect_run`."""
    one_of("score", name, SCORES)
    if name == "discriminator":
        return artifacts.scores_by_discriminator(model)
    if classifier is None and squeezenet is None:
        raise UserInputError(
            "The score features compares images by a network: give --classifier or --squeezenet."
        )
    features = (
        squeezenet_features(squeezenet)
        if classifier is None
        else Classifier.load(classifier).features()
    )
    real = real_images(config.data.to_dict(), num, "train", seed)
    return artifacts.scores_by_features(features, real)


def _units_of_artifacts(subject, concept, marked, count, searched, progress):
    """Returns units that make artifacts, and by what they were found."""
    if concept:
        score = artifacts.scores_by_concept(subject, concept)
        return artifacts.ranked_by_score(subject, score, searched, progress)[:count], concept
    if "units" in marked:
        units = list(dict.fromkeys(marked["units"].tolist()))
        return subject.opened.checked_units(units), "marks of units"
    ranking = artifacts.ranked_by_marks(subject, marked["images"], searched, progress)
    return ranking[:count], "marks of images"


def _repair(subject, concept, bad, by, numbers, metrics_anew, real, progress, mean_score=None):
    """Switches off units that make artifacts; returns figures and a section of the page."""
    rng, count = np.random.default_rng(0), len(bad)
    sets = {"before": [], "after": bad}
    for draw in range(_RANDOM_DRAWS):
        sets[f"random {draw}"] = rng.permutation(subject.opened.num_units)[:count]
    figures = {"by": by}
    for name, units in sets.items():
        figures[name] = {"units": [int(unit) for unit in units]}
        if concept:
            shares = interventions.shares_shown(subject, units, numbers)
            figures[name]["share"] = float(shares[subject.concept(concept)])
        if mean_score:
            figures[name]["score"] = mean_score(units, numbers=numbers)
        if metrics := metrics_anew():

            def fake(number, units=units):
                numbers_of = numbers[0] + np.arange(number)
                return artifacts.edited_images(subject, units, numbers_of, progress)

            measured = measure(metrics, fake, real)
            figures[name].update({key: one["value"] for key, one in measured.items()})
    shown = numbers[:_SHOWN]
    inputs = subject.inputs(shown)
    images = subject.opened.read(inputs)[0]
    edited = subject.opened.edited(inputs, subject.opened.strength(bad))
    told = [
        f"{key}: {figures['before'][key]:.4g} before, {figures['after'][key]:.4g} after, "
        + ", ".join(f"{figures[f'random {i}'][key]:.4g}" for i in range(_RANDOM_DRAWS))
        + " with as many random units off."
        for key in figures["before"]
        if key != "units"
    ]
    text = f"{count} units, chosen by {by}, are switched off everywhere. {' '.join(told)}"
    drawn = [("Images before", images), ("The same after", edited)]
    return figures, Section("Repair of artifacts", text, drawn)


def _before_and_after(subject, concept, units, value, found):
    """Images with the concept, without its units, and with them switched on where it was not."""
    opened, rank = subject.opened, len(subject.opened.shape)
    drawn = []
    if len(found.present):
        inputs = subject.inputs(found.present.numbers[:_SHOWN])
        drawn.append((f"Images with {concept}", opened.read(inputs)[0]))
        drawn.append(("The same with its units off", opened.edited(inputs, opened.strength(units))))
    if len(found.absent) and rank == 3:
        places = found.absent[slice(_SHOWN)]
        inputs = subject.inputs(places.numbers)
        strength = opened.strength(units, at=places.mask(*subject.sides))
        drawn.append((f"Images with a place without {concept}", opened.read(inputs)[0]))
        drawn.append(("The same with its units on there", opened.edited(inputs, strength, value)))
    return drawn


def _numbers(dissection: Dissection, effects):
    quality = dissection.thresholds.quality
    units = []
    for unit, best in enumerate(dissection.best):
        units.append(
            {
                "unit": unit,
                "concept": dissection.concepts[best],
                "iou": float(dissection.iou[unit, best]),
                "information_quality_ratio": float(quality[unit, best]),
                "threshold": float(dissection.thresholds.values[unit]),
                "detects": bool(dissection.detects[unit]),
                "effect": None if effects is None else float(effects[unit]),
                "iou_by_concept": [float(value) for value in dissection.iou[unit]],
                "top_images": dissection.top[unit].tolist(),
            }
        )
    shares = dict(zip(dissection.concepts, map(float, dissection.concept_shares), strict=True))
    return {"detectors": int(dissection.detects.sum()), "concepts": shares, "units": units}
