// Comboboxes of the rule builder: a <select data-picker> or an <input list data-picker> becomes a box that is searched by
// typing, grouped, and answers to the arrow keys. The plain field stays underneath and is what the form sends.
(() => {
  const form = document.querySelector("[data-segment-builder]");
  if (!form || !window.htmx) return;
  const status = form.querySelector("[data-segment-status]");
  const MOST = 120;
  let number = 0;

  const element = (tag, attributes, text = "") => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };

  // What fits, those that begin with the text first, each group kept together.
  const fitting = (items, text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = items.filter((item) => {
      const hay = `${item.label} ${item.hint || ""} ${item.group || ""} ${item.value}`.toLowerCase();
      return words.every((word) => hay.includes(word));
    });
    const begins = (item) => (item.label.toLowerCase().startsWith(text.toLowerCase()) ? 0 : 1);
    const best = new Map();
    for (const item of fits) best.set(item.group, Math.min(begins(item), best.get(item.group) ?? 1));
    const order = [...best.keys()];
    const rank = (item) => best.get(item.group) * 1000 + order.indexOf(item.group);
    return words.length ? fits.sort((a, b) => rank(a) - rank(b) || begins(a) - begins(b)) : fits;
  };

  // `find(text)` gives the items (perhaps later), `pick(item)` takes one. Returns the means to close and to know what is chosen.
  const combobox = (box, find, pick) => {
    const id = `picker-${++number}`;
    const list = element("div", { role: "listbox", id, class: "picker-list", "aria-label": box.getAttribute("aria-label") });
    list.hidden = true;
    for (const [name, value] of Object.entries({
      role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id,
    })) box.setAttribute(name, value);
    box.after(list);
    let shown = [];
    let turn = 0;

    const options = () => [...list.querySelectorAll('[role="option"]')];
    const active = () => list.querySelector(".is-active");
    const choose = (option) => {
      active()?.classList.remove("is-active");
      list.querySelectorAll('[aria-selected="true"]').forEach((other) => other.setAttribute("aria-selected", "false"));
      if (!option) return box.removeAttribute("aria-activedescendant");
      option.classList.add("is-active");
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      box.setAttribute("aria-activedescendant", option.id);
    };
    const close = () => {
      turn += 1;
      list.hidden = true;
      box.setAttribute("aria-expanded", "false");
      box.removeAttribute("aria-activedescendant");
    };
    const draw = () => {
      list.replaceChildren();
      let group = null;
      let holder = list;
      shown.slice(0, MOST).forEach((item, index) => {
        if (item.group && item.group !== group) {
          group = item.group;
          const head = element("div", { class: "picker-group", id: `${id}-g${index}` }, group);
          holder = element("div", { role: "group", "aria-labelledby": head.id });
          holder.append(head);
          list.append(holder);
        }
        const option = element("div", { role: "option", id: `${id}-${index}`, class: "picker-option", "aria-selected": "false", "data-index": index });
        option.append(element("span", {}, item.label));
        if (item.hint) option.append(element("small", {}, item.hint));
        holder.append(option);
      });
      if (!shown.length) list.append(element("div", { role: "option", "aria-disabled": "true", "aria-selected": "false", class: "picker-none" }, status.dataset.none));
    };
    const open = async (text, isTyped) => {
      const mine = ++turn;
      const found = await find(text);
      if (mine !== turn || !box.isConnected) return;
      shown = found;
      draw();
      list.hidden = false;
      box.setAttribute("aria-expanded", "true");
      const current = shown.findIndex((item) => item.isCurrent);
      choose(isTyped && text && shown.length ? options()[0] : options()[current] || null);
      if (isTyped) status.textContent = shown.length ? `${shown.length} ${status.dataset.results}` : status.dataset.none;
    };
    const take = (option) => {
      const item = shown[Number(option.dataset.index)];
      close();
      if (item) pick(item);
    };

    box.addEventListener("click", () => { if (list.hidden) open("", false); });
    box.addEventListener("input", () => open(box.value, true));
    box.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
      if (step) {
        event.preventDefault();
        if (list.hidden) return void open("", false);
        const all = options();
        const at = all.indexOf(active());
        choose(all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))]);
      } else if (event.key === "Enter" && !list.hidden && active()) {
        event.preventDefault();
        event.stopPropagation();
        take(active());
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[data-index]");
      if (option) take(option);
    });
    box.addEventListener("blur", close);
    return { close, hasActive: () => !list.hidden && Boolean(active()) };
  };

  const fromOptions = (holder) => [...holder.querySelectorAll("option")].map((option) => ({
    value: option.value, label: option.label || option.value, hint: option.dataset.hint || "",
    group: option.dataset.group || option.closest("optgroup")?.label || "",
  }));

  const boxFor = (field) => {
    // While htmx settles, a new field still wears what the old one wore during the request.
    const worn = [...field.classList].filter((name) => !name.startsWith("htmx-")).join(" ");
    const box = element("input", { type: "text", id: `${field.id}-box`, class: `${worn} picker-box`, "aria-label": field.getAttribute("aria-label") });
    if (field.getAttribute("aria-invalid")) box.setAttribute("aria-invalid", "true");
    const wrapper = element("span", { class: `picker ${worn}` });
    field.before(wrapper);
    wrapper.append(field, box);
    return box;
  };
  const changed = (field) => field.dispatchEvent(new Event("change", { bubbles: true }));

  const overSelect = (select) => {
    const shared = document.getElementById(select.dataset.picker);
    const box = boxFor(select);
    const label = () => {
      const chosen = select.selectedOptions[0];
      box.value = chosen && chosen.value ? chosen.label : "";
      box.placeholder = select.querySelector('option[value=""]')?.label || "";
    };
    select.hidden = true;
    label();
    combobox(box, (text) => fitting(fromOptions(shared || select), text).map((item) => ({ ...item, isCurrent: item.value === select.value })), (item) => {
      if (![...select.options].some((option) => option.value === item.value)) select.add(new Option(item.label, item.value));
      const isNew = select.value !== item.value;
      select.value = item.value;
      label();
      if (isNew) changed(select);
    });
    box.addEventListener("focus", () => box.select());
    box.addEventListener("blur", label);
  };

  const counts = new Map();
  const counted = async (url) => {
    if (!counts.has(url)) {
      counts.set(url, fetch(url, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.ok ? answer.json() : []))
        .then((rows) => new Map(rows.map((row) => [row.value, row.hint])))
        .catch(() => new Map()));
    }
    return counts.get(url);
  };

  const overText = (input) => {
    const items = () => fromOptions(document.getElementById(input.getAttribute("list")) || document.createElement("div"));
    const box = boxFor(input);
    const label = () => { box.value = items().find((item) => item.value === input.value)?.label || input.value; };
    const commit = (value) => {
      const isNew = value !== input.value;
      input.value = value;
      label();
      if (isNew) changed(input);
    };
    box.placeholder = input.placeholder;
    input.type = "hidden";
    label();
    const find = async (text) => {
      const hints = input.dataset.counts ? await counted(input.dataset.counts) : new Map();
      const named = items().map((item) => ({
        ...item, isCurrent: item.value === input.value,
        hint: [item.value === item.label ? "" : item.value, hints.get(item.value) || item.hint].filter(Boolean).join(" · "),
      }));
      return fitting(named, text);
    };
    const typed = () => {
      const text = box.value.trim();
      commit(items().find((item) => item.label.toLowerCase() === text.toLowerCase())?.value || text);
    };
    combobox(box, find, (item) => commit(item.value));
    box.addEventListener("focus", () => box.select());
    box.addEventListener("blur", typed);
    box.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.defaultPrevented) typed(); });
  };

  const enhance = (root) => {
    root.querySelectorAll("select[data-picker]").forEach((select) => { if (!select.hidden) overSelect(select); });
    root.querySelectorAll("input[list][data-picker]").forEach((input) => { if (input.type !== "hidden") overText(input); });
  };
  window.segmentPicker = { combobox, fitting, fromOptions, element, changed };
  enhance(form);
  form.addEventListener("htmx:afterSwap", () => enhance(form));
})();
