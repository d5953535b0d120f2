"""Lowers lists by columns.

The constant words of equal entries are written once, when a region grows; the others are written column by column, with
one slice assignment each, for elements of any type. Elements of nested lists, of options and of a variant's cases lie
in separate regions.
"""

from __future__ import annotations

from itertools import repeat

from ... import abi
from ...values import Err, Ok, Some
from ..capi.ffi import KINDS
from .arena import RegionSpec
from .element_rows import Rows
from .element_types import elements_of
from .elements import Scalars
from .lower import INTEGERS, Lowering, kind_of

__all__ = ["ListLowering"]


class ListLowering(Lowering):
    """Lowering with lists and maps. A column is a list `xs` of `n` values for word `word` of a region's entries."""

    def sequence(self, type_: abi.Type, name: str, position: int) -> None:
        """Lower a list or a map."""
        if self.is_text(type_):
            self.text(name, position)
            return
        if isinstance(type_, abi.List) and self.is_direct(type_):
            self.direct(type_.element, name, position)
            return
        words = self.words()
        if isinstance(type_, abi.Map):
            self.exactly(name, "_dict")
        elif type_.element is abi.U8 if isinstance(type_, abi.List) else False:
            self.exactly(name, "_bytes", "_bytearray")
        else:
            self.exactly(name, "_list", "_tuple")
        count = self.source.fresh("n")
        self.source.line(f"{count} = _len({name})")
        region = self._room(self._entry_words(type_), count)
        self._elements(type_, name, count, region)
        self.source.line(f"{words}[{position + 1}] = {count}")
        self.source.line(f"{words}[{position + 2}] = {region.name}.address")

    def _entry_words(self, type_: abi.Type) -> int:
        return 8 if isinstance(type_, abi.Map) else 4

    def _elements(self, type_: abi.Type, xs: str, n: str, region: RegionSpec) -> None:
        """Lower the elements of one list, or those of many after each other."""
        source = self.source
        match type_:
            case abi.Map():
                for word, column, element in ((0, "", type_.key), (4, ".values()", type_.value)):
                    values = source.fresh()
                    source.line(f"{values} = _list({xs}{column})")
                    self.column(element, values, n, region, word)
            case abi.List() if type_.element is abi.U8:
                region.constants.append((0, kind_of(abi.U8)))
                self._bytes(region, 0, n, xs)
            case abi.List():
                self.column(type_.element, xs, n, region, 0)
            case _:
                kind_of(type_)

    def _region(self, words: int) -> RegionSpec:
        region = RegionSpec(words, self.source.fresh("region"))
        self.regions.append(region)
        return region

    def _room(self, words: int, count: str) -> RegionSpec:
        """Return a region that has room for a number of entries."""
        region = self._region(words)
        with self.source.block(f"if {count} > {region.name}.capacity:"):
            self.source.line(f"{region.name}.grow({count})")
        return region

    def _store(self, region: RegionSpec, word: int, n: str, items: str) -> None:
        """Store an array of words into a column."""
        self.source.line(f"{region.name}.Q[{word}:{region.words} * {n}:{region.words}] = {items}")

    def _bytes(self, region: RegionSpec, word: int, n: str, items: str) -> None:
        """Store the first byte of each payload of a column."""
        stride = 8 * region.words
        # A bytearray takes no bytes at all for a deletion, and cannot be resized here.
        with self.source.block(f"if {n}:"):
            self.source.line(f"{region.name}.B[{8 * word + 8}:{stride} * {n}:{stride}] = {items}")

    def column(self, type_: abi.Type, xs: str, n: str, region: RegionSpec, word: int) -> None:
        """Lower a column of values."""
        region.constants.append((word, self.kind(type_)))
        match type_:
            case abi.Prim():
                self._primitives(type_, xs, n, region, word)
            case abi.Record():
                self._all(xs, n, self.source.constant(type_.python, "class"))
                entries = self._linked(region, word, 6 * len(type_.fields), len(type_.fields))
                for index, field in enumerate(type_.fields):
                    size, text = self.layout.name(field.name)
                    entries.constants.append((6 * index, size))
                    entries.names.append((6 * index + 1, text))
                    values = self._picked(f"_x.{field.attribute}", xs)
                    self.column(field.type, values, n, entries, 6 * index + 2)
            case abi.Tuple():
                self._all(xs, n, "_tuple")
                self._same_length(xs, n, len(type_.types))
                parts = self._linked(region, word, 4 * len(type_.types), len(type_.types))
                for index, element in enumerate(type_.types):
                    self.column(element, self._picked(f"_x[{index}]", xs), n, parts, 4 * index)
            case abi.Option():
                self._options(type_, xs, n, region, word)
            case abi.Result():
                self._results(type_, xs, n, region, word)
            case abi.Variant():
                self._variants(type_, xs, n, region, word)
            case abi.Enum():
                self._all(xs, n, self.source.constant(type_.python, "class"))
                pairs = self._picked(f"{self.enum_table(type_)}[_x._name_]", xs)
                for index in range(2):
                    self._store(region, word + 1 + index, n, f'_array("Q", [_x[{index}] for _x in {pairs}])')
            case abi.Flags():
                self._flag_sets(type_, xs, n, region, word)
            case abi.Own() | abi.Borrow() | abi.Stream() | abi.Future():
                boxes = self._picked(f"{self.handle(type_)}(_x)", xs)
                self._store(region, word + 1, n, f'_array("Q", {boxes})')
            case _:
                self._sequences(type_, xs, n, region, word)

    def _picked(self, expression: str, xs: str, condition: str = "") -> str:
        name = self.source.fresh()
        self.source.line(f"{name} = [{expression} for _x in {xs}{condition}]")
        return name

    def _all(self, xs: str, n: str, *classes: str) -> None:
        """Generate the refusal of a column with a value of any other class."""
        types = self.source.fresh("types")
        self.source.line(f"{types} = _list(_map(_type, {xs}))")
        counts = " + ".join(f"{types}.count({class_})" for class_ in classes)
        with self.source.block(f"if {counts} != {n}:"):
            self.source.line("_refuse()")

    def _same_length(self, xs: str, n: str, length: int) -> None:
        with self.source.block(f"if _list(_map(_len, {xs})).count({length}) != {n}:"):
            self.source.line("_refuse()")

    def _linked(self, region: RegionSpec, word: int, words: int, count: int) -> RegionSpec:
        """Return the region of a record's fields or a tuple's parts, which has one entry for each of this one's."""
        parts = self._region(words)
        region.constants.append((word + 1, count))
        region.links.append((word + 2, parts.name))
        return parts

    def _primitives(self, type_: abi.Prim, xs: str, n: str, region: RegionSpec, word: int) -> None:
        source, name = self.source, region.name
        form, size = INTEGERS.get(type_, ("", 8))
        if type_ in (abi.F32, abi.F64):
            form, size = ("f", 4) if type_ is abi.F32 else ("d", 8)
        elif type_ is abi.CHAR:
            form, size = "I", 4
        first, step = (8 * word + 8) // size, 8 * region.words // size
        target = f"{name}.{form}[{first}:{step} * {n}:{step}]"
        if type_ is abi.BOOL:
            self._all(xs, n, "_bool")
            self._bytes(region, word, n, f"_bytes({xs})")
        elif type_ is abi.U8:
            self._all(xs, n, "_int")
            self._bytes(region, word, n, f"_bytes({xs})")
        elif type_ in INTEGERS:
            self._all(xs, n, "_int")
            source.line(f'{target} = _array("{form}", {xs})')
        elif type_ in (abi.F32, abi.F64):
            self._all(xs, n, "_float", "_int")
            source.line(f"{target} = {'_f32s' if form == 'f' else '_f64s'}({xs})")
        elif type_ is abi.CHAR:
            source.line(f'_encode("".join({xs}))')
            source.line(f'{target} = _array("I", _map(_ord, {xs}))')
        else:
            encoded = source.fresh()
            source.line(f"{encoded} = _list(_map({self.encoder()}, {xs}))")
            self._blob(encoded, n, region, word, 1)

    def _blob(self, chunks: str, n: str, region: RegionSpec, word: int, unit: int) -> str:
        """Store count and address of chunks of bytes, joined into one pinned object; `unit` bytes count once.

        Return the object's pin.
        """
        source, pin = self.source, self.layout.reserve(1)
        sizes = source.fresh()
        source.line(f'{sizes} = _array("Q", _map(_len, {chunks}))')
        name = self.layout.pin(pin)
        source.line(f'_pins.{name} = b"".join({chunks})')
        self._spread(sizes, f"{self.words()}[{pin}]", 8 if unit == 8 else 1, n, region, word)
        return name

    def _spread(self, sizes: str, start: str, stride: int, n: str, region: RegionSpec, word: int) -> None:
        """Store counts and addresses of lists whose elements, of `stride` bytes each, follow each other at `start`."""
        source, addresses = self.source, self.source.fresh()
        distances = sizes if stride == 1 else f"[{stride} * _x for _x in {sizes}]"
        source.line(f'{addresses} = _array("Q", _accumulate({distances}, initial={start}))')
        source.line(f"{addresses}.pop()")
        self._store(region, word + 1, n, sizes)
        self._store(region, word + 2, n, addresses)

    def _options(self, type_: abi.Option, xs: str, n: str, region: RegionSpec, word: int) -> None:
        source = self.source
        present = self._picked("_x", xs, " if _x is not None")
        count = source.fresh("n")
        source.line(f"{count} = _len({present})")
        values = present
        if isinstance(type_.type, abi.Option):
            self._all(present, count, source.constant(Some, "Some"))
            values = self._picked("_x.value", present)
        payloads = self._room(4, count)
        self.column(type_.type, values, count, payloads, 0)
        boxes = self._boxes(payloads, count)
        self._store(region, word + 1, n, f'_array("Q", [0 if _x is None else _next({boxes}) for _x in {xs}])')

    def _boxes(self, payloads: RegionSpec, count: str) -> str:
        """Return the name of an iterator over the addresses of a region's entries."""
        boxes = self.source.fresh("boxes")
        start = f"{payloads.name}.address"
        self.source.line(f"{boxes} = _iter(_range({start}, {start} + 32 * {count}, 32))")
        return boxes

    def _results(self, type_: abi.Result, xs: str, n: str, region: RegionSpec, word: int) -> None:
        source = self.source
        sides = ((source.constant(Ok, "Ok"), type_.ok), (source.constant(Err, "Err"), type_.err))
        self._all(xs, n, *(class_ for class_, _ in sides))
        boxes = self._cases(sides, xs)
        self._bytes(region, word, n, f"_bytes([_type(_x) is {sides[0][0]} for _x in {xs}])")
        self._store(region, word + 2, n, f'_array("Q", [_next({boxes}[_type(_x)]) for _x in {xs}])')

    def _cases(self, cases: tuple[tuple[str, abi.Type | None], ...], xs: str) -> str:
        """Lower each case's payloads; return the name of a dict from classes to iterators over their addresses."""
        source, entries = self.source, list[str]()
        for class_, payload in cases:
            values = ""
            if self._carries(class_, payload):
                values = self._picked("_x.value", xs, f" if _type(_x) is {class_}")
            if payload is None:
                if values:
                    with source.block(f"if {values}.count(None) != _len({values}):"):
                        source.line("_refuse()")
                entries.append(f"{class_}: {source.constant(repeat(0), 'nulls')}")
                continue
            count = source.fresh("n")
            source.line(f"{count} = _len({values})")
            payloads = self._room(4, count)
            with source.block(f"if {count}:"):
                self.column(payload, values, count, payloads, 0)
            entries.append(f"{class_}: {self._boxes(payloads, count)}")
        table = source.fresh("cases")
        source.line(f"{table} = {{{', '.join(entries)}}}")
        return table

    def _carries(self, class_: str, payload: abi.Type | None) -> bool:
        """Return whether objects of a class have a `value`: payloads do, and `Ok` and `Err` without one have None."""
        return payload is not None or class_ in (self.source.constant(Ok, "Ok"), self.source.constant(Err, "Err"))

    def _variants(self, type_: abi.Variant, xs: str, n: str, region: RegionSpec, word: int) -> None:
        source = self.source
        classes = [source.constant(case.python, "class") for case in type_.cases]
        self._all(xs, n, *dict.fromkeys(classes))
        cases = tuple((class_, case.payload) for class_, case in zip(classes, type_.cases, strict=True))
        boxes = self._cases(cases, xs)
        table, entries = source.fresh("names"), list[str]()
        for class_, case in zip(classes, type_.cases, strict=True):
            size, text = self.layout.name(case.name)
            entries.append(f"{class_}: ({size}, _base + {8 * text})")
        source.declare(f"{table} = {{{', '.join(entries)}}}")
        chosen = self._picked(f"{table}[_type(_x)]", xs)
        for index in range(2):
            self._store(region, word + 1 + index, n, f'_array("Q", [_x[{index}] for _x in {chosen}])')
        self._store(region, word + 3, n, f'_array("Q", [_next({boxes}[_type(_x)]) for _x in {xs}])')

    def _flag_sets(self, type_: abi.Flags, xs: str, n: str, region: RegionSpec, word: int) -> None:
        source = self.source
        self._all(xs, n, source.constant(type_.python, "class"))
        chosen = self._picked(f"{self.flag_writer(type_)}(_x._value_)", xs)
        pin, counts = self.layout.reserve(1), source.fresh()
        source.line(f'_pins.{self.layout.pin(pin)} = b"".join({chosen})')
        source.line(f'{counts} = _array("Q", [_len(_x) >> 1 for _x in {chosen}])')
        self._spread(counts, f"{self.words()}[{pin}]", 16, n, region, word)

    def _sequences(self, type_: abi.Type, xs: str, n: str, region: RegionSpec, word: int) -> None:
        source = self.source
        if isinstance(type_, abi.List) and self.is_direct(type_) and type_.element is not abi.U8:
            self._directs(type_.element, xs, n, region, word)
            return
        if is_bytes := isinstance(type_, abi.List) and type_.element is abi.U8:
            self._all(xs, n, "_bytes", "_bytearray")
        elif isinstance(type_, abi.Map):
            self._all(xs, n, "_dict")
        else:
            self._all(xs, n, "_list", "_tuple")
        if self.is_text(type_):
            self._texts(xs, n, region, word)
            return
        if self.is_direct(type_):
            self._directs(abi.U8, xs, n, region, word)
            return
        sizes, flat, count = source.fresh(), source.fresh(), source.fresh("n")
        source.line(f'{sizes} = _array("Q", _map(_len, {xs}))')
        source.line(f"{count} = _sum({sizes})")
        words = self._entry_words(type_)
        elements = self._room(words, count)
        if isinstance(type_, abi.Map):
            self._entries(type_, xs, count, elements)
        else:
            joined = f'b"".join({xs})' if is_bytes else f"_list(_chain({xs}))"
            source.line(f"{flat} = {joined}")
            self._elements(type_, flat, count, elements)
        self._spread(sizes, f"{elements.name}.address", 8 * words, n, region, word)

    def _texts(self, xs: str, n: str, region: RegionSpec, word: int) -> None:
        """Lower a column of bytes as texts."""
        chunks = self.source.fresh()
        self.source.line(f"{chunks} = _list(_map(_wide, {xs}))")
        self.passing.append(self._blob(chunks, n, region, word, 1))

    def _directs(self, element: abi.Type, xs: str, n: str, region: RegionSpec, word: int) -> None:
        """Lower a column of lists by copying all their elements into the adapter's memory at once."""
        source, pairs = self.source, self._linked(region, word, 8, 2)
        for part in (0, 4):
            pairs.constants.append((part, KINDS["u32"]))
        elements = elements_of(element)
        if not isinstance(elements, Scalars):
            put = source.constant(Rows(elements).put, "put")
            placed = source.fresh()
            source.line(f"{placed} = [{put}(_x, _adapter) for _x in {xs}]")
            for part, index in ((1, 0), (5, 1)):
                self._store(pairs, part, n, f'_array("Q", [_x[{index}] for _x in {placed}])')
            return
        chunks, sizes, addresses = source.fresh(), source.fresh(), source.fresh()
        encoded = "_bytes(_x)" if element is abi.U8 else f"{source.constant(elements.encode, 'encode')}(_x)"
        source.line(f"{chunks} = [{encoded} for _x in {xs}]")
        source.line(f'{sizes} = _array("Q", _map(_len, {chunks}))')
        source.line(f'{addresses} = _array("Q", _accumulate({sizes}, initial=_place(b"".join({chunks}))[0]))')
        source.line(f"{addresses}.pop()")
        self._store(pairs, 1, n, addresses)
        counts = sizes if elements.size == 1 else f'_array("Q", [_x // {elements.size} for _x in {sizes}])'
        self._store(pairs, 5, n, counts)

    def _entries(self, type_: abi.Map, xs: str, n: str, region: RegionSpec) -> None:
        """Lower the entries of many maps after each other."""
        for word, column, element in ((0, "", type_.key), (4, ".values()", type_.value)):
            values = self.source.fresh()
            self.source.line(f"{values} = [_y for _x in {xs} for _y in _x{column}]")
            self.column(element, values, n, region, word)
