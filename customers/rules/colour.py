"""Readable colours out of one brand colour, by the contrast formula of WCAG 2.2 (section 1.4.3)."""

LIGHT_PAGE, DARK_PAGE = "#ffffff", "#141b17"
ENOUGH = 4.5


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{max(0, min(255, round(channel))):02x}" for channel in channels)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 (black) to 1 (white)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour`; the better one always reaches 4.5."""
    return max(("#ffffff", "#000000"), key=lambda ink: contrast(ink, colour))


def _mix(colour: str, towards: str, share: float) -> str:
    here, there = _channels(colour), _channels(towards)
    return _hex(tuple(a + (b - a) * share for a, b in zip(here, there, strict=True)))  # type: ignore[arg-type]


def text_on(page: str, colour: str) -> str:
    """`colour`, moved towards black or white until text in it reads on `page`."""
    towards = ink_on(page)
    for step in range(21):
        shade = _mix(colour, towards, step / 20)
        if contrast(shade, page) >= ENOUGH:
            return shade
    return towards


def shades(colour: str) -> dict[str, str]:
    """The variables of `/brand.css`: `solid` and `ink` (text on it), `text` and `text-dark` (text in it on a page)."""
    return {
        "solid": colour.lower(),
        "hover": _mix(colour, "#000000" if ink_on(colour) == "#ffffff" else "#ffffff", 0.14),
        "ink": ink_on(colour),
        "text": text_on(LIGHT_PAGE, colour),
        "text-dark": text_on(DARK_PAGE, colour),
    }
