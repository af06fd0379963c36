"""What a browser without JavaScript would post of a page of the rule builder."""

from html.parser import HTMLParser


class Inputs(HTMLParser):
    """Collects the names and values of every input, select and textarea of a page."""

    def __init__(self):
        super().__init__()
        self.data, self.select, self.first, self.chosen, self.multiple, self.area = [], None, None, False, False, None

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input" and found.get("name") and (found.get("type") not in ("radio", "checkbox") or "checked" in found):
            self.data.append((found["name"], found.get("value") or ""))
        if tag == "textarea":
            self.area = [found["name"], ""]
        if tag == "select":
            self.select, self.first, self.chosen, self.multiple = found.get("name"), None, False, "multiple" in found
        if tag == "option" and self.select:
            self.first = found["value"] if self.first is None else self.first
            if "selected" in found and (self.multiple or not self.chosen):
                self.chosen = True
                self.data.append((self.select, found["value"]))

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            name, text = self.area
            self.data.append((name, text.removeprefix("\n").replace("\n", "\r\n")))
            self.area = None
        if tag == "select":
            if not self.chosen and not self.multiple and self.first is not None:
                self.data.append((self.select, self.first))
            self.select = None


def posted(html):
    """The inputs of a page by name, as Django's test client takes them."""
    page, found = Inputs(), {}
    page.feed(html)
    for name, value in page.data:
        found.setdefault(name, []).append(value)
    return found
