"""The one page of the service."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

PATH = Path(__file__).with_name("page.html")


@cache
def page() -> str:
    """The page, with its style and its script in it."""
    return PATH.read_text(encoding="utf-8")


@cache
def content_security_policy() -> str:
    """Lets the page use what is written in it and what this service answers, and nothing else."""
    style, script = (_digests(tag) for tag in ("style", "script"))
    return (
        f"default-src 'none'; style-src {style}; script-src {script}; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def _digests(tag: str) -> str:
    contents = re.findall(rf"<{tag}>(.*?)</{tag}>", page(), re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() for content in contents)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
