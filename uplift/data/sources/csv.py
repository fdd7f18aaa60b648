"""Text files: decoded in Python, every column kept as text, in a Parquet cache for the engine."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from typing import IO, TYPE_CHECKING, Any

from uplift.data.sources.parquet import scan_parquet
from uplift.data.sources.place import RawTable, Wanted
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from uplift.data.engine import Engine

_CHUNK = 1 << 20
_DELIMITERS = (",", "\t", ";", "|")


def read_text_files(engine: Engine, paths: Sequence[Path], wanted: Wanted) -> RawTable:
    """Return the rows of all files, every column as text without blanks around, nothing for blank.

    Raises
    ------
    DataError
        When a file is empty, cannot be decoded, has broken rows, or other columns than the first one.
    """
    caches: list[Path] = []
    first: tuple[str, ...] = ()
    for path in paths:
        encoding = _encoding(path, wanted)
        header, delimiter = _header(path, encoding, wanted)
        first = first or header
        if set(header) != set(first):
            odd = min(set(header) ^ set(first))
            message = f"{wanted}: '{path.name}' and '{paths[0].name}' differ in the column '{odd}'"
            raise DataError(message)
        caches.append(_cache(engine, path, encoding, (header, delimiter), wanted))
    return RawTable(scan_parquet(engine, caches, wanted), str(wanted), is_text=True)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _encoding(path: Path, wanted: Wanted) -> str:
    tried = (wanted.encoding,) if wanted.encoding else ("utf-8", "gb18030")
    for encoding in tried:
        if _decodes(path, encoding, wanted):
            return encoding
    message = (
        f"{wanted}: '{path.name}' is not {' or '.join(tried)}; say encoding: utf-8 or gb18030, or save it as UTF-8"
    )
    raise DataError(message)


def _decodes(path: Path, encoding: str, wanted: Wanted) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with _open(path) as stream:
            while chunk := stream.read(_CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except (OSError, EOFError) as error:
        message = f"{wanted}: '{path.name}' cannot be read: {error}"
        raise DataError(message) from error
    return True


def _header(path: Path, encoding: str, wanted: Wanted) -> tuple[tuple[str, ...], str]:
    with io.TextIOWrapper(_open(path), encoding=encoding, newline="") as stream:
        for _ in range(wanted.header_row - 1):
            stream.readline()
        line = stream.readline().lstrip("\ufeff")
    delimiter = "\t" if ".tsv" in path.suffixes else max(_DELIMITERS, key=line.count)
    names = next(csv.reader([line], delimiter=delimiter), [])
    return unique_names(names, f"{wanted}: '{path.name}'", wanted.header_row), delimiter


def unique_names(names: Sequence[object], where: str, header_row: int) -> tuple[str, ...]:
    """Return header cells as column names; a blank one gets its number.

    Raises
    ------
    DataError
        When there is no header, or a name stands twice.
    """
    texts = [str(name).strip() if name is not None else "" for name in names]
    if not any(texts):
        message = f"{where}: row {header_row} holds no column names; say header_row: N"
        raise DataError(message)
    named = tuple(text or f"column_{place}" for place, text in enumerate(texts, 1))
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        message = f"{where}: the column name '{twice[0]}' stands twice in row {header_row}; rename one"
        raise DataError(message)
    return named


def _cache(engine: Engine, path: Path, encoding: str, form: tuple[tuple[str, ...], str], wanted: Wanted) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    header, delimiter = form
    target = engine.folder / f"{engine.name('text')}.parquet"
    schema = pa.schema([(name, pa.string()) for name in header])
    try:
        with _open(path) as stream, pq.ParquetWriter(target, schema, compression="lz4") as writer:
            for batch in _batches(stream, encoding, header, delimiter, wanted.header_row):
                writer.write_batch(_trimmed(batch))
    except pa.ArrowInvalid as error:
        message = f"{wanted}: '{path.name}' has a broken row: {error}"
        raise DataError(message) from error
    return target


def _trimmed(batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = [pc.utf8_trim_whitespace(column) for column in batch.columns]
    blank = pa.scalar(None, pa.string())
    kept = [pc.if_else(pc.equal(column, ""), blank, column) for column in cells]
    return pa.record_batch(kept, schema=batch.schema)


def _batches(stream: IO[bytes], encoding: str, header: tuple[str, ...], delimiter: str, skip: int) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    options = {"encoding": encoding, "skip_rows": skip, "column_names": list(header), "block_size": 8 * _CHUNK}
    try:
        return arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(**options),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            return ()
        raise
