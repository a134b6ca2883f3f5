"""Writing Markdown: a title, and tables that no cell can break."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- Made from the code by `make docs`; a change here is lost. -->"


def page(title: str, *parts: str) -> str:
    """Write a page out of its parts."""
    return "\n\n".join([NOTE, f"# {title}", *(part.strip("\n") for part in parts if part)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; a column that nothing stands in is left out."""
    body = [[cell(text) for text in row] for row in rows]
    used = [place for place in range(len(head)) if any(row[place] for row in body)]
    lines = [[head[place] for place in used], ["---"] * len(used)]
    lines += [[row[place] for place in used] for row in body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Keep a text from ending its cell or its line."""
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    """Write a text as it is typed; nothing stays nothing."""
    return f"`{text}`" if text else ""
