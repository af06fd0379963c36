// A table that scrolls sideways can be reached and scrolled with the keyboard, and says what it is.
(() => {
  const name = (region) => {
    const caption = region.querySelector("caption");
    const heading = region.closest(".card, section, main")?.querySelector("h2, h3, h1");
    return (caption || heading)?.textContent.trim() || "";
  };
  const look = () => {
    for (const region of document.querySelectorAll(".table-wrap:not([tabindex])")) {
      if (region.scrollWidth <= region.clientWidth && region.scrollHeight <= region.clientHeight) continue;
      region.tabIndex = 0;
      if (name(region)) {
        region.setAttribute("role", "region");
        region.setAttribute("aria-label", name(region));
      }
    }
  };
  new ResizeObserver(look).observe(document.body);
  document.addEventListener("htmx:load", look);
  look();
})();
