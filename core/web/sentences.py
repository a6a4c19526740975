"""Refusals and reasons in the reader's language: a sentence of the code is known again by its fixed words.

Rooms and plugins say in English what happened (`order SO00000012 is shipped`) and store it so. The catalogue `refusals`
holds every such sentence with places for its values (`order {number} is {status}`, found in the source by
core/testing/sentences.py); here a text is laid over them, and its values go into the translation, themselves translated
where they are sentences or codes. A text that nobody wrote, such as a person's note, stays as it is. What is stored, sent,
logged and compared stays plain English, and old rows are translated like new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Formatter

from babel.messages.mofile import read_mo

from . import labels
from .language import FOLDER, language
from .services import services

DOMAIN = "refusals"
LONGEST = 600
"""Longer texts are answers of machines, not sentences."""
_JOINED = 8
_WITHIN = 3
"""Sentences that may be strung together, and joints that may stand inside one of them; more is not looked for."""
LIGHT = 8
"""Fixed words shorter than this fit what people write too: there such a sentence is known only by a value that is."""
_CODED = {"status", "state", "source", "target", "review", "finance", "step", "type", "kind", "listed", "payment"}
"""Places whose value is a code, or several with commas between."""
_KINDS = ("status", "fo", "review", "hold", "payment", "after_sale", "purchase", "transfer", "waybill", "step", "type")
_JOINTS = (("; ", "；"), (": ", "："), (", ", "、"))
"""How the code strings sentences together."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`fixed` words stand around `names`, one more than those."""

    fixed: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    @classmethod
    def of(cls, template: str, translation: str) -> Sentence:
        fixed, names = [""], []
        for literal, name, _spec, _conversion in Formatter().parse(template):
            fixed[-1] += literal
            if name is not None:
                names.append(name)
                fixed.append("")
        return cls(tuple(fixed), tuple(names), translation)

    @property
    def weight(self) -> int:
        return sum(map(len, self.fixed))

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the places, each as short as the fixed words allow; None where the text is another sentence."""
        first, last = self.fixed[0], self.fixed[-1]
        if len(text) < self.weight or not text.startswith(first) or not text.endswith(last):
            return None
        found, at, end = {}, len(first), len(text) - len(last)
        for name, after in zip(self.names[:-1], self.fixed[1:-1], strict=True):
            until = text.find(after, at, end)
            if until < 0:
                return None
            found[name], at = text[at:until], until + len(after)
        found[self.names[-1]] = text[at:end]
        return found


class Catalogue:
    """The sentences of one language."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        sentences = [Sentence.of(template, said) for template, said in translations.items()]
        self._whole = {one.fixed[0]: one.translation.format() for one in sentences if not one.names}
        heaviest = sorted((one for one in sentences if one.names), key=lambda one: -one.weight)
        self._light = [one for one in heaviest if one.weight < LIGHT]
        heavy = [one for one in heaviest if one.weight >= LIGHT]
        self._anyhow = [one for one in heavy if not one.fixed[0]]
        begun = {one.fixed[0][0] for one in heavy if one.fixed[0]}
        self._begun = {letter: [one for one in heavy if one.fixed[0][:1] in ("", letter)] for letter in begun}

    def said(self, text: str, *, ours: bool = False) -> str:
        """The text translated as far as it is known."""
        return self._known(text, ours, _JOINED) or text

    def _known(self, text: str, ours: bool, more: int) -> str | None:
        """None where nothing of it is known; `more` parts are looked at, however many somebody strung together."""
        if not text or not more or len(text) > LONGEST:
            return None
        if (whole := self._whole_sentence(text, ours)) is not None:
            return whole
        for joint, chinese in _JOINTS:
            at = text.find(joint)
            for _ in range(_WITHIN):
                if at < 0:
                    break
                if (start := self._whole_sentence(text[:at], ours)) is not None:
                    rest = text[at + len(joint) :]
                    return f"{start}{chinese}{self._known(rest, ours, more - 1) or rest}"
                at = text.find(joint, at + 1)
        if (loose := self._matched(text, strict=False)) is not None:
            return self._filled(*loose, ours)
        first, joint, rest = text.partition(", ")
        if joint and (told := self._known(rest, ours, more - 1)) is not None:
            return f"{first}、{told}"
        return self._lightly(text, ours)

    def _whole_sentence(self, text: str, ours: bool) -> str | None:
        if text in self._whole:
            return self._whole[text]
        found = self._matched(text, strict=True)
        return self._filled(*found, ours) if found else None

    def _matched(self, text: str, *, strict: bool) -> tuple[Sentence, dict[str, str]] | None:
        """The sentence with most fixed words; where `strict`, none whose values reach over a joint."""
        for sentence in self._begun.get(text[:1], self._anyhow):
            values = sentence.values(text)
            if values is not None and not (strict and any("; " in value or ": " in value for value in values.values())):
                return sentence, values
        return None

    def _lightly(self, text: str, ours: bool) -> str | None:
        last = None
        for sentence in self._light:
            if (values := sentence.values(text)) is None:
                continue
            if any(_coded(name, value) or value in self._whole for name, value in values.items()):
                return self._filled(sentence, values, ours)
            last = last or (sentence, values)
        return self._filled(*last, ours) if last and ours else None

    def _filled(self, sentence: Sentence, values: Mapping[str, str], ours: bool) -> str:
        told = {name: _coded(name, value) or self.said(value, ours=ours) for name, value in values.items()}
        return sentence.translation.format(**told)


def said(text: str, *, ours: bool = False) -> str:
    """A refusal or reason as the reader says it; `ours` where surely no person wrote it."""
    if language() == "en":
        return text
    theirs = services().plugins.folders.values()
    return _said(language(), (*(folder / "translations" for folder in theirs), FOLDER), str(text), ours)


@lru_cache(maxsize=4096)
def _said(tongue: str, folders: tuple[Path, ...], text: str, ours: bool) -> str:
    return _catalogue(tongue, folders).said(text, ours=ours)


@lru_cache
def _catalogue(tongue: str, folders: tuple[Path, ...]) -> Catalogue:
    return Catalogue(read_translations(folders, tongue))


def read_translations(folders: Iterable[Path], tongue: str) -> dict[str, str]:
    """Every sentence of these folders in a language; of one that several hold, the last word."""
    found: dict[str, str] = {}
    for folder in folders:
        path = folder / tongue / "LC_MESSAGES" / f"{DOMAIN}.mo"
        if path.exists():
            with path.open("rb") as file:
                found |= {str(one.id): str(one.string) for one in read_mo(file) if one.id and one.string}
    return found


def _coded(name: str, value: str) -> str | None:
    if name.rstrip("0123456789") not in _CODED:
        return None
    codes = value.split(", ")
    words = [next((str(labels.KINDS[kind][code]) for kind in _KINDS if code in labels.KINDS[kind]), None) for code in codes]
    return None if None in words else "、".join(filter(None, words))
