"""`ebb pack`: records and manifest of a folder as one archive, to be given to others."""

from pathlib import Path

from benchmark.errors import UsageError


def pack(folder: Path, *, out: Path | None = None) -> int:
    """Pack the records of a folder and their manifest into one zip file, byte for byte the same each time.

    A folder that does not hold what its manifest says is not packed. `ebb board DIR --with FILE` shows the file's
    records beside those of another folder.

    Example:

        ebb pack results/runs/mine --out mine.zip

    Args:
        folder: where `ebb run` put its records.
        out: the file; the folder's name with .zip in the working directory if not given.
    """
    import hashlib

    from benchmark.running.manifest import existing
    from benchmark.running.submissions import pack as make

    path = out or Path(f"{folder.resolve().name}.zip")
    try:
        packed = make(existing(folder), path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}; choose another with --out") from None
    missing = f"; {len(packed.unfinished)} planned cells have none" if packed.unfinished else ""
    print(f"{path}: {len(packed.records)} records{missing}")
    print(f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    return 0
