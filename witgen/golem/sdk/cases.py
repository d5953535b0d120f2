"""Cases of variants whose names or values no class of the program tells apart."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["Case"]


class Case:
    """Base of a dataclass that is a case of a variant: without fields, or with one that is called `value`.

        @dataclass
        class Dot(Case): ...

        @dataclass
        class Circle(Case, name="circle"):
            value: F32

        Shape = Dot | Circle

    The payload is `value` itself. Without `name`, the case is called as the class is.
    """

    case_name: ClassVar[str]

    def __init_subclass__(cls, *, name: str | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.case_name = name or cls.__name__
