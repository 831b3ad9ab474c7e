"""What the cells of a table's column hold."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def is_text(column: "pa.ChunkedArray") -> bool:
    """Whether a column holds strings, or the bytes of strings in another encoding."""
    from hitl_sim.table.column_type import meaning  # noqa: PLC0415

    return meaning(column.type) in ("text", "bytes")


def decode(column: "pa.ChunkedArray", where: str) -> list[str]:
    """Return strings, "" for none, refusing bytes that are no UTF-8."""
    import pyarrow as pa  # noqa: PLC0415

    texts = []
    for row, value in enumerate(column.cast(pa.large_binary()).to_pylist()):
        try:
            texts.append("" if value is None else value.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{where}: must be text in UTF-8, got byte 0x{value[error.start]:02x} "
                f"in row {row + 1} (counted from 1). Save the file as UTF-8."
            ) from None
    return texts


def plain(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """Return decimals as the numbers they are."""
    import pyarrow as pa  # noqa: PLC0415

    return column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column
