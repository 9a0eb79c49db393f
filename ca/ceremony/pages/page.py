"""A4 pages in HTML that need nothing else: no script, no style sheet, no font from elsewhere."""

from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType
from typing import Final

from ca.ceremony.plan import TEST, Plan
from ca.ceremony.words import WORDS_PER_LINE, spoken

BLANK_MILLIMETRES: Final = 8
_STYLE: Final = """
@page { size: A4; margin: 18mm 16mm;
  @bottom-left { content: "TITLE"; font: 8pt sans-serif; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
body { font: 10.5pt/1.4 sans-serif; max-width: 178mm; margin: 0 auto; color: #000; }
h1 { font-size: 18pt; } h2 { font-size: 13pt; margin: 8mm 0 2mm; }
table { border-collapse: collapse; width: 100%; margin: 2mm 0; }
td, th { border: .3mm solid #888; padding: 1mm 2mm; text-align: left; vertical-align: top; }
td.mono, code { font-family: monospace; font-size: 9pt; overflow-wrap: break-word; }
td.mono:last-child, code { overflow-wrap: anywhere; }
.words td.mono:last-child { overflow-wrap: normal; }
section { break-inside: avoid; } h2 { break-after: avoid; } .sheet { break-before: page; }
.box { display: inline-block; width: 4mm; height: 4mm; border: .4mm solid #000; margin-right: 2mm; }
.stamp { border: 1mm solid #000; font-size: 22pt; font-weight: bold; text-align: center; }
.every { display: none; }
@media print { .every { display: block; position: fixed; top: 40%; width: 100%; z-index: -1;
  color: #e4e4e4; font: bold 110pt sans-serif; text-align: center; transform: rotate(-30deg); } }
"""


def page(plan: Plan, title: str, parts: Iterable[str]) -> str:
    """A whole document; in practice every sheet says TEST."""
    stamp = ""
    if plan.practice:
        stamp = f'<p class="stamp">{TEST} – practice – {TEST}</p>'
        stamp += f'<div class="every">{TEST}</div>'
    body = "\n".join(parts)
    # A plan's title holds no quotation mark, angle bracket or line end.
    name = f"{stamped(plan)}{plan.title}".replace("\\", "\\\\")
    style = _STYLE.replace("TITLE", name)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{style}</style></head><body>\n{stamp}\n<h1>{escape(title)}</h1>\n{body}\n"
        "</body></html>"
    )


def stamped(plan: Plan) -> str:
    """What stands before a title in practice."""
    return f"{TEST}: " if plan.practice else ""


def section(title: str, *parts: str) -> str:
    """A heading with what belongs under it, kept on one sheet where it fits."""
    return f"<section><h2>{escape(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def paragraph(text: str) -> str:
    """A paragraph of text."""
    return f"<p>{escape(text)}</p>"


def table(
    rows: Iterable[Iterable[str]], *, head: Iterable[str] = (), widths: Iterable[int] = ()
) -> str:
    """Rows of text; ``widths`` of the columns in millimetres, 0 for what is left."""
    columns = "".join(f'<col style="width:{each}mm">' if each else "<col>" for each in widths)
    first = "".join(f"<th>{escape(each)}</th>" for each in head)
    lines = [f"<tr>{first}</tr>"] if first else []
    for row in rows:
        cells = "".join(_cell(each) for each in row)
        lines.append(f"<tr>{cells}</tr>")
    return f"<table>{columns}" + "\n".join(lines) + "</table>"


def ticks(sentences: Iterable[str]) -> str:
    """Sentences with a box to tick."""
    return "".join(f'<p><span class="box"></span>{escape(each)}</p>' for each in sentences)


def blanks(labels: Iterable[str], *, tall: Mapping[str, int] = MappingProxyType({})) -> str:
    """Labels with a line to write on; ``tall`` gives some of them more room, in millimetres."""
    rows = "".join(
        f'<tr><td style="width:72mm">{escape(each)}</td>{_blank(tall.get(each))}</tr>'
        for each in labels
    )
    return f"<table>{rows}</table>" if rows else ""


def words_table(digest: bytes) -> str:
    """A digest as its words, eight a row."""
    words = spoken(digest)
    rows = [
        [str(start // WORDS_PER_LINE + 1), *words[start : start + WORDS_PER_LINE]]
        for start in range(0, len(words), WORDS_PER_LINE)
    ]
    return f'<div class="words">{table(rows)}</div><p><code>{digest.hex()}</code></p>'


def _cell(text: str) -> str:
    return f'<td class="mono">{escape(text)}</td>' if text else _blank()


def _blank(millimetres: int | None = None) -> str:
    return f'<td style="height:{millimetres or BLANK_MILLIMETRES}mm"></td>'
