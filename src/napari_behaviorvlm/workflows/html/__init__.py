"""What pages that need no network have in common: style, figures, and how they are put together."""

from functools import cache
from pathlib import Path

FONT = {"family": "system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif", "size": 13,
        "color": "#1f2933"}  # fmt: skip
"""Of all figures."""

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(template: Path, content: dict[str, object]) -> str:
    """Fill a Jinja template; every text is escaped, and every name in it must be given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(template.parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template(template.name).render(**content)


def inert(json: str) -> str:
    """JSON that may stand inside a script element whatever names it holds."""
    return json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_style() -> str:
    """Style sheet of all pages."""
    return (_TEMPLATES / "page.css").read_text("utf-8")


def figures_script() -> str:
    """Script that draws every figure whose data stands in the page."""
    return (_TEMPLATES / "figures.js").read_text("utf-8")


@cache
def plotly_script() -> str:
    """Give Plotly itself, so that nothing is fetched."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("</script", "<\\/script")
