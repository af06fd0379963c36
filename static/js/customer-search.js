// The search box (<form data-search>): suggestions come by htmx; here they open, close, and answer to the arrow keys.
(() => {
  for (const form of document.querySelectorAll("[data-search]")) {
    const box = form.querySelector('[role="combobox"]');
    const list = form.querySelector('[role="listbox"]');
    const status = form.querySelector("[data-search-status]");
    const options = () => [...list.querySelectorAll('[role="option"]')];
    const chosen = () => list.querySelector('[aria-selected="true"]');

    const show = (isOpen) => {
      list.hidden = !isOpen;
      box.setAttribute("aria-expanded", String(isOpen));
      if (!isOpen) choose(null);
    };
    const choose = (option) => {
      chosen()?.setAttribute("aria-selected", "false");
      option?.setAttribute("aria-selected", "true");
      option?.scrollIntoView({ block: "nearest" });
      if (option) box.setAttribute("aria-activedescendant", option.id);
      else box.removeAttribute("aria-activedescendant");
    };

    list.addEventListener("htmx:afterSwap", () => {
      if (!form.contains(document.activeElement)) return;
      show(true);
      const count = options().length;
      status.textContent = count ? `${count} ${status.dataset.many}` : list.textContent.trim();
    });
    box.addEventListener("keydown", (event) => {
      const all = options();
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step && all.length) {
        event.preventDefault();
        if (list.hidden) show(true);
        const at = all.indexOf(chosen());
        const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step;
        choose(all[next] || null);
      } else if (event.key === "Enter" && !list.hidden && chosen()) {
        event.preventDefault();
        chosen().click();
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        show(false);
      }
    });
    document.addEventListener("click", (event) => {
      if (!form.contains(event.target)) show(false);
    });
    form.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !form.contains(event.relatedTarget)) show(false);
    });
  }
})();
