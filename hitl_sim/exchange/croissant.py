"""The records of a study described as a data set: Croissant, with responsible AI.

The description names each file with its hash, and each column with its type and its
unit, so that records can be found, loaded and cited as any data set is.

References:
    Akhtar et al. (2024), Croissant: a metadata format for ML-ready datasets; MLCommons
    Croissant 1.0 and Croissant RAI 1.0.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from hitl_sim.exchange.finished import Finished
from hitl_sim.record import COLUMN_WORDS, REPLAY_SCHEMA

RECORDS = "results.parquet"
CONFORMS = (
    "http://mlcommons.org/croissant/1.0",
    "http://mlcommons.org/croissant/RAI/1.0",
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "dct": "http://purl.org/dc/terms/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "conformsTo": "dct:conformsTo",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{
        name: f"cr:{name}"
        for name in (
            "citeAs",
            "column",
            "equivalentProperty",
            "extract",
            "field",
            "fileObject",
            "fileProperty",
            "fileSet",
            "format",
            "includes",
            "isLiveDataset",
            "jsonPath",
            "key",
            "md5",
            "parentField",
            "path",
            "recordSet",
            "references",
            "regex",
            "repeated",
            "replace",
            "samplingRate",
            "separator",
            "source",
            "subField",
            "transform",
        )
    },
}


def write_croissant(study: Finished) -> str:
    """Write the description as JSON-LD.

    Raises:
        ValueError: the study is not done, so that its records are in no one file.
    """
    if not (study.folder / RECORDS).is_file():
        raise ValueError(
            f"{study.folder}: must hold {RECORDS}, which a study has once it is done."
        )
    made = study.manifest.get("made_by", {})
    told = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS),
        "name": study.name,
        "description": study.result.question or f"Records of the study {study.name}.",
        "version": f"{made.get('hitl_sim', '0.0.0')}",
        "isLiveDataset": False,
        **_responsible(study),
        "distribution": [
            _file(study.folder / RECORDS, "application/x-parquet"),
            _file(study.folder / "manifest.json", "application/json"),
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "runs",
                "name": "runs",
                "description": "One row per run: what it did, what it took.",
                "key": {"@id": "runs/key"},
                "field": [_field(one) for one in study.records.schema],
            }
        ],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _responsible(study: Finished) -> dict[str, Any]:
    """Say where answers came from, in the fields of Croissant RAI."""
    people = sorted({f.population for _, f in study.findings() if f.population})
    recorded = REPLAY_SCHEMA.names[0] in study.records.schema.names
    answers = (
        "Answers of people were recorded before and are replayed; what was never asked "
        "is answered by simulated people fitted to them."
        if recorded
        else "No person took part: answers are those of simulated people."
    )
    return {
        "rai:dataCollection": (
            "Models were trained as the study's tables in manifest.json say. Counts of "
            "work are those of the compiled programs."
        ),
        "rai:dataCollectionType": [
            "Software Collection",
            *([] if recorded else ["Synthetic"]),
        ],
        "rai:dataAnnotationProtocol": answers,
        "rai:dataAnnotationAnalysis": (
            f"Populations that were asked: {', '.join(people)}."
            if people
            else "Nobody was asked."
        ),
        "rai:dataLimitations": [
            "Joules, money and carbon are no columns of records: they follow from "
            "counts under a device profile and prices.",
        ],
        "rai:dataUseCases": [study.result.question] if study.result.question else [],
        "rai:personalSensitiveInformation": [
            "Answers of real people, under the names that the recording gives them."
            if recorded
            else "None: nobody real answered."
        ],
    }


def _file(path: Path, kind: str) -> dict[str, Any]:
    raw = path.read_bytes()
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "contentUrl": path.name,
        "contentSize": f"{len(raw)} B",
        "encodingFormat": kind,
        "sha256": hashlib.sha256(raw).hexdigest(),
    }


def _field(column: pa.Field) -> dict[str, Any]:
    """Describe one column; lists are `repeated`."""
    kind, is_list = column.type, False
    while pa.types.is_list(kind):
        kind, is_list = kind.value_type, True
    words = COLUMN_WORDS.get(column.name)
    return {
        "@type": "cr:Field",
        "@id": f"runs/{column.name}",
        "name": column.name,
        "description": words or f"Setting that the study sweeps: {column.name}.",
        "dataType": _type(kind),
        **({"repeated": True} if is_list else {}),
        "source": {
            "fileObject": {"@id": RECORDS},
            "extract": {"column": column.name},
        },
    }


def _type(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    if pa.types.is_integer(kind):
        return "sc:Integer"
    return "sc:Float" if pa.types.is_floating(kind) else "sc:Text"
