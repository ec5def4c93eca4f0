"""Digits that people draw: everybody gives their own, and the one who started the studio sees them all."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from cutaway.jobs import MOST, Digits

from .given import GivenClass, GivenClassData, GivenDigits, GivenPerson

router = APIRouter(prefix="/api")


class DrawnDigit(BaseModel):
    """A digit that somebody has drawn.

    Attributes:
        label: Which digit it is.
        pixels: 28 x 28 bytes as base64, 0 for paper and 255 for ink.
    """

    model_config = ConfigDict(extra="forbid")

    label: Annotated[int, Field(ge=0, le=9, strict=True)]
    pixels: Base64Bytes


@router.get("/digits")
def own(digits: GivenDigits, person: GivenPerson) -> dict[str, Any]:
    """The digits that the person has drawn."""
    return _own(digits.read(person.name))


@router.post("/digits")
def draw(drawn: DrawnDigit, digits: GivenDigits, person: GivenPerson) -> dict[str, Any]:
    """Add a digit to those of the person."""
    return _own(digits.add(person.name, drawn.pixels, drawn.label))


@router.delete("/digits")
def take_back(digits: GivenDigits, person: GivenPerson) -> dict[str, Any]:
    """Remove the digit that the person has drawn last."""
    return _own(digits.take_back(person.name))


@router.get("/class/digits")
def everybody(_: GivenClass, digits: GivenDigits, data: GivenClassData) -> dict[str, Any]:
    """The digits of all people, and the data sets that were made of them."""
    found, problems = digits.readable()
    people = [{"person": person, "names": each.names(), **_plain(each)} for person, each in found.items()]
    return {"people": people, "problems": list(problems.values()), "data": data.rows()}


@router.delete("/class/digits")
def remove(
    _: GivenClass,
    digits: GivenDigits,
    digit: Annotated[str, Query(max_length=64, description="Name of the digit.")],
    person: Annotated[str, Query(max_length=255, description="Whose it is.")] = "",
) -> dict[str, Any]:
    """Remove a digit that somebody has drawn."""
    return {"left": len(digits.remove(person, digit))}


@router.delete("/class/data/{name}")
def remove_data(_: GivenClass, name: Annotated[str, Path(max_length=255)], data: GivenClassData) -> dict[str, Any]:
    """Delete a data set of the class."""
    data.remove(name)
    return {"data": data.rows()}


def _own(digits: Digits) -> dict[str, Any]:
    return {**_plain(digits), "most": MOST}


def _plain(digits: Digits) -> dict[str, Any]:
    return {"labels": digits.labels.tolist(), "pixels": base64.b64encode(digits.pixels.tobytes()).decode()}
