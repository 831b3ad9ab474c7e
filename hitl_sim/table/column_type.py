"""What a column of Arrow says by its type, whichever of many types it chose."""

import pyarrow as pa
import pyarrow.compute as pc


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Undo dictionaries, runs and extensions, which say nothing of their own."""
    while True:
        kind = column.type
        if isinstance(kind, pa.BaseExtensionType):
            inner = [chunk.storage for chunk in column.chunks]
            column = pa.chunked_array(inner, type=kind.storage_type)
        elif pa.types.is_dictionary(kind):
            inner = [chunk.dictionary_decode() for chunk in column.chunks]
            column = pa.chunked_array(inner, type=kind.value_type)
        elif pa.types.is_run_end_encoded(kind):
            inner = [pc.run_end_decode(chunk) for chunk in column.chunks]
            column = pa.chunked_array(inner, type=kind.value_type)
        else:
            return column


def meaning(kind: pa.DataType) -> str:
    """Name what values of a type are, in a word or two; "other" for what has none."""
    types = pa.types
    tests = {
        "nothing": (types.is_null,),
        "text": (types.is_string, types.is_large_string, types.is_string_view),
        "bytes": (types.is_binary, types.is_large_binary, types.is_binary_view),
        "integer": (types.is_integer,),
        "number": (types.is_floating,),
        "decimal": (types.is_decimal,),
        "truth value": (types.is_boolean,),
        "date": (types.is_date,),
        "moment": (types.is_timestamp,),
        "time of day": (types.is_time,),
        "duration": (types.is_duration,),
        "list": (types.is_list, types.is_large_list),
    }
    return next((w for w, of in tests.items() if any(t(kind) for t in of)), "other")
