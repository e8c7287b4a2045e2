"""A rubric that changes while people are graded by it: what each mark becomes, and why, in words. Pure: no database.

A mark keeps its ticks, and its points follow from the rubric as it is now:

- ticks count what their options give now, from 0 to what the item gives now;
- a ticked option that was withdrawn counts no more; where nothing else was ticked, the item goes back to be graded;
- where exactly one option is to be ticked now, and none or several are, the item goes back to be graded;
- points given as a number stay as they are, and are lowered to what the item gives now;
- an item that was withdrawn counts no more, and counts again when it comes back.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from grading.grade import OF_ITEM, Grade
from grading.rubric import ZERO, Item, Mark, Option, signed, ticked


@dataclass(frozen=True)
class Moved:
    """A mark that another rubric makes another one. why: sentences about it."""

    item: Item
    before: Mark
    after: Mark
    why: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One thing that changed. option: the key of what can be ticked, "" for the item. counts: whether points may follow from it."""

    words: str
    option: str = ""
    counts: bool = True


@dataclass(frozen=True)
class Pair:
    """An item before and after the change; `old` is None for a new one."""

    old: Item | None
    new: Item

    @property
    def counts(self) -> bool:
        """Whether marks may become other ones by it: titles, notes and the order are no reason."""
        return any(said.counts for said in said_of(self))


def pairs_of(old: Sequence[Item], new: Sequence[Item]) -> list[Pair]:
    """In the new order. What left the rubric stands there too, withdrawn."""
    before = {item.key: item for item in old}
    return [Pair(before.get(item.key), item) for item in new]


def marks_of(grade: Grade) -> dict[str, Mark]:
    """Key of an item -> what was last said of it, also of items that were withdrawn."""
    found = {}
    for step in grade.timeline:
        if step.event.kind in OF_ITEM:
            found[step.event.item] = Mark(step.event.points, step.event.options)
    return found


def moved_marks(pairs: Iterable[Pair], marks: dict[str, Mark]) -> list[Moved]:
    """The marks of one person that become other ones: exactly those whose points change."""
    found = []
    for pair in pairs:
        mark = marks.get(pair.new.key)
        if pair.old is None or mark is None or mark.points is None or pair.new.is_withdrawn or not pair.counts:
            continue
        after, why = _after(pair.old, pair.new, mark)
        if after.points != mark.points:
            found.append(Moved(pair.new, mark, after, (*_reasons(pair, mark), *why)))
    return found


def _after(old: Item, new: Item, mark: Mark) -> tuple[Mark, tuple[str, ...]]:
    """The mark by the new rubric, and what happened to it besides the change itself."""
    points = mark.points or ZERO
    if not mark.options:
        was_nothing = old.is_ticked and not old.is_one_of and not points
        if was_nothing and new.is_ticked and new.is_one_of:
            return Mark(None), (_again(new, "nothing was ticked, and exactly one is to be"),)
        return Mark(min(points, new.of)), ()
    if not new.is_ticked:
        return Mark(min(points, new.of)), (f"{new.title} is graded by a number now.",)
    kept = tuple(option.key for option in new.offered if option.key in mark.options)
    if not kept:
        return Mark(None), (_again(new, "nothing that was ticked can be ticked any more"),)
    sum_of = ticked(new, kept)
    if sum_of is None:
        return Mark(None), (_again(new, f"{len(kept)} are ticked, and exactly one is to be"),)
    return Mark(sum_of.points, kept), ()


def _again(item: Item, why: str) -> str:
    return f"{item.title} is to be graded again: {why}."


def _reasons(pair: Pair, mark: Mark) -> Iterator[str]:
    """Of what changed, what this mark rests on."""
    for said in said_of(pair):
        if said.counts and (not said.option or said.option in mark.options):
            yield said.words


def said_of(pair: Pair) -> list[Said]:
    """What changed in an item, sentence by sentence."""
    old, new = pair.old, pair.new
    if old is None:
        return [] if new.is_withdrawn else [Said(f"{new.title} is new, up to {new.of:.2f}.")]
    if old.is_withdrawn and new.is_withdrawn:
        return []
    if new.is_withdrawn:
        return [Said(f"{new.title} was withdrawn and counts no more.")]
    return [*_of_item(old, new), *_of_options(old, new)]


def _of_item(old: Item, new: Item) -> Iterator[Said]:
    if old.is_withdrawn:
        yield Said(f"{new.title} is back, up to {new.of:.2f}.")
    if old.title != new.title:
        yield Said(
            _called(old.title, new.title),
            counts=False,
        )
    if old.note != new.note:
        yield Said(f"{new.title}: the note is another one.", counts=False)
    if old.of != new.of:
        yield Said(f"{new.title}: at most {old.of:.2f} is now at most {new.of:.2f}.")
    if old.is_one_of != new.is_one_of:
        how_many = "exactly one" if new.is_one_of else "any number"
        yield Said(f"{new.title}: {how_many} of its options is ticked now.")
    if old.is_extra != new.is_extra:
        where = "extra credit now, beyond" if new.is_extra else "no extra credit any more, and part of"
        yield Said(f"{new.title} is {where} what the assignment is worth.")


def _called(old: str, new: str) -> str:
    """The new title ends the sentence: titles are sentences often enough."""
    return f"{old} has another title now: {new}"


def _of_options(old: Item, new: Item) -> Iterator[Said]:
    before = {option.key: option for option in old.options}
    for option in new.options:
        yield from _of_option(before.get(option.key), option)


def _of_option(old: Option | None, new: Option) -> Iterator[Said]:
    if new.is_withdrawn:
        if old is not None and not old.is_withdrawn:
            yield Said(f"{new.title} ({signed(old.points)}) was withdrawn.", new.key)
        return
    if old is None or old.is_withdrawn:
        yield Said(f"{new.title} ({signed(new.points)}) is {'new' if old is None else 'back'}.", new.key)
        return
    if old.title != new.title:
        yield Said(
            _called(old.title, new.title),
            new.key,
            counts=False,
        )
    if old.points != new.points:
        yield Said(f"{new.title}: {signed(old.points)} is now {signed(new.points)}.", new.key)


def change_words(old: Sequence[Item], new: Sequence[Item]) -> list[str]:
    """Everything that changed, in the new order."""
    pairs = pairs_of(old, new)
    words = [said.words for pair in pairs for said in said_of(pair)]
    return words if _order(old, new) == _order(new, old) else [*words, "The order is another one."]


def _order(items: Sequence[Item], others: Collection[Item]) -> list[tuple[str, list[str]]]:
    """Keys of items and options that both have."""
    both = {item.key: {option.key for option in item.offered} for item in others if not item.is_withdrawn}
    return [
        (item.key, [option.key for option in item.offered if option.key in both[item.key]])
        for item in items
        if item.key in both and not item.is_withdrawn
    ]


def grade_reasons(pairs: Iterable[Pair], marks: dict[str, Mark]) -> Iterator[str]:
    """Why the grade of somebody with these marks may change although none of them does: an item that left, came back or counts otherwise."""
    for pair in pairs:
        old, new, mark = pair.old, pair.new, marks.get(pair.new.key)
        if old is not None and old.is_withdrawn != new.is_withdrawn and mark is not None and mark.points is not None:
            yield said_of(pair)[0].words
