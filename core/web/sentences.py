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
from typing import NamedTuple

from babel.messages.mofile import read_mo

from . import labels
from .language import FOLDER, language
from .services import services

DOMAIN = "refusals"
LONGEST = 600
"""Longer texts are answers of machines, not sentences."""
_JOINED = 6
_WITHIN = 3
"""Sentences that may be strung together, and joints that may stand inside one of them; more is not looked for."""
LIGHT = 8
"""Fixed words shorter than this fit what people write too: there such a sentence is known only by a value that is."""
_CODED = {
    "status",
    "state",
    "source",
    "target",
    "review",
    "finance",
    "step",
    "type",
    "kind",
    "listed",
    "payment",
    "part",
    "code",
}
"""Places whose value is a code, or several with commas between."""
_KINDS = (
    "status",
    "fo",
    "review",
    "hold",
    "payment",
    "after_sale",
    "purchase",
    "transfer",
    "waybill",
    "step",
    "type",
    "file_field",
)
_JOINTS = {"; ": "；", ": ": "：", ", ": "、"}
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

    @property
    def light(self) -> bool:
        return self.weight < LIGHT and not any(": " in words for words in self.fixed)

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


class _Match(NamedTuple):
    """A sentence and its values; `until` and `joint` say where the next one begins."""

    sentence: Sentence
    values: Mapping[str, str]
    until: int = 0
    joint: str = ""


class _Reading(NamedTuple):
    """A text as it is said, and how many of its letters were known."""

    said: str
    known: int


class Catalogue:
    """The sentences of one language."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        sentences = [Sentence.of(template, said) for template, said in translations.items()]
        self._whole = {one.fixed[0]: one for one in sentences if not one.names}
        heaviest = sorted((one for one in sentences if one.names), key=lambda one: -one.weight)
        heavy = [one for one in heaviest if not one.light]
        self._light = [one for one in heaviest if one.light]
        self._anyhow = [one for one in heavy if not one.fixed[0]]
        begun = {one.fixed[0][0] for one in heavy if one.fixed[0]}
        self._begun = {letter: [one for one in heavy if one.fixed[0][:1] in ("", letter)] for letter in begun}

    def said(self, text: str, *, ours: bool = False) -> str:
        """The text translated as far as it is known."""
        return self._read(text, ours, _JOINED).said

    def _read(self, text: str, ours: bool, more: int) -> _Reading:
        """The reading that knows most of the words; `more` parts are looked at, however many somebody strung together."""
        unread = _Reading(text, 0)
        if not text or not more or len(text) > LONGEST:
            return unread
        found = [self._filled(match, ours, more) for match in (self._matched(text), self._matched(text, strict=False)) if match]
        if head := self._head(text):
            begin = self._filled(head, ours, more)
            rest = self._read(text[head.until + len(head.joint) :], ours, more - 1)
            found.append(_Reading(f"{begin.said}{_JOINTS[head.joint]}{rest.said}", begin.known + rest.known))
        if not found and (strung := [(text.find(joint), joint) for joint in _JOINTS if joint in text]):
            at, joint = min(strung)
            rest = self._read(text[at + len(joint) :], ours, more - 1)
            found += [_Reading(f"{text[:at]}{_JOINTS[joint]}{rest.said}", rest.known)] if rest.known else []
        return max(found, key=lambda one: one.known) if found else self._lightly(text, ours, more) or unread

    def _matched(self, text: str, *, strict: bool = True) -> _Match | None:
        """The sentence with most fixed words; where `strict`, none whose values reach over a joint."""
        if text in self._whole:
            return _Match(self._whole[text], {})
        for sentence in self._begun.get(text[:1], self._anyhow):
            values = sentence.values(text)
            if values is not None and not (strict and any("; " in value or ": " in value for value in values.values())):
                return _Match(sentence, values)
        return None

    def _head(self, text: str) -> _Match | None:
        """A sentence with which a string of them begins; what stands in brackets is not cut."""
        for joint in _JOINTS:
            at = text.find(joint)
            for _ in range(_WITHIN):
                if at < 0:
                    break
                outside = text.count("(", 0, at) == text.count(")", 0, at)
                if outside and (found := self._matched(text[:at])) is not None:
                    return found._replace(until=at, joint=joint)
                at = text.find(joint, at + 1)
        return None

    def _lightly(self, text: str, ours: bool, more: int) -> _Reading | None:
        for sentence in self._light:
            values = sentence.values(text)
            if values is not None and (
                (ours and sentence.fixed[0])
                or any(self._coded(name, value) or self._matched(value) for name, value in values.items())
            ):
                return self._filled(_Match(sentence, values), ours, more)
        return None

    def _filled(self, match: _Match, ours: bool, more: int) -> _Reading:
        told = {name: self._coded(name, value) or self._read(value, ours, more - 1) for name, value in match.values.items()}
        said = match.sentence.translation.format(**{name: one.said for name, one in told.items()})
        return _Reading(said, match.sentence.weight + sum(one.known for one in told.values()))

    def _coded(self, name: str, value: str) -> _Reading | None:
        """A code, or several with commas between, in words; what stands behind one in brackets is a sentence."""
        if name.rstrip("0123456789") not in _CODED:
            return None
        code, bracket, note = value.partition(" (")
        if bracket and note.endswith(")") and (one := _label(code)) is not None:
            return _Reading(f"{one}（{self.said(note[:-1])}）", len(value))
        words = [_label(code) for code in value.split(", ")]
        return None if None in words else _Reading("、".join(filter(None, words)), len(value))


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


def _label(code: str) -> str | None:
    return next((str(labels.KINDS[kind][code]) for kind in _KINDS if code in labels.KINDS[kind]), None)
