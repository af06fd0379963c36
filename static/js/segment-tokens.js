// Several values in the rule builder: a <textarea data-tokens> (one per line) or a <select multiple data-tokens> is shown as
// chips with a box to add more. The plain field stays underneath and is what the form sends.
(() => {
  const form = document.querySelector("[data-segment-builder]");
  if (!form || !window.segmentPicker) return;
  const { combobox, fitting, fromOptions, element, changed } = window.segmentPicker;
  const status = form.querySelector("[data-segment-status]");

  const split = (text) => (/[\r\n]/.test(text) ? text.split(/[\r\n]+/) : text.split(",")).map((part) => part.trim()).filter(Boolean);

  const backing = (field) => {
    if (field.multiple) {
      return {
        get: () => [...field.selectedOptions].map((option) => option.value),
        set: (values) => [...field.options].forEach((option) => { option.selected = values.includes(option.value); }),
        label: (value) => [...field.options].find((option) => option.value === value)?.label || value,
        isFree: false,
      };
    }
    return {
      get: () => split(field.value),
      set: (values) => { field.value = values.join("\n") + (values.length === 1 && values[0].includes(",") ? "\n" : ""); },
      label: (value) => value,
      isFree: true,
    };
  };

  const asked = async (url, text) => {
    try {
      const answer = await fetch(`${url}?q=${encodeURIComponent(text)}`, { headers: { Accept: "application/json" } });
      return answer.ok ? await answer.json() : [];
    } catch {
      return [];
    }
  };

  const enhance = (field) => {
    const values = backing(field);
    const wrapper = element("span", { class: "tokens" });
    const box = element("input", { type: "text", id: `${field.id}-box`, class: "tokens-box", "aria-label": field.getAttribute("aria-label") });
    if (field.getAttribute("aria-invalid")) wrapper.classList.add("is-wrong");
    field.before(wrapper);
    field.hidden = true;
    wrapper.append(field, box);

    const draw = () => {
      wrapper.querySelectorAll(".token").forEach((old) => old.remove());
      for (const value of values.get()) {
        const chip = element("span", { class: "token" }, values.label(value));
        const remove = element("button", { type: "button", "aria-label": `${status.dataset.take} ${values.label(value)}` }, "×");
        remove.addEventListener("click", () => { drop(value); box.focus(); });
        chip.append(remove);
        box.before(chip);
      }
      box.placeholder = values.get().length ? "" : field.getAttribute("placeholder") || "…";
    };
    const keep = (wanted) => {
      values.set([...new Set(wanted)]);
      draw();
      changed(field);
    };
    const drop = (value) => {
      keep(values.get().filter((other) => other !== value));
      status.textContent = `${values.label(value)} ${status.dataset.taken}`;
    };
    const add = (wanted) => {
      box.value = "";
      if (wanted.length) keep([...values.get(), ...wanted]);
    };
    const find = async (text) => {
      const shared = document.getElementById(field.dataset.list || "");
      const chosen = new Set(values.get());
      const items = field.dataset.suggest ? await asked(field.dataset.suggest, text) : fitting(fromOptions(shared || (field.multiple ? field : document.createElement("div"))), text);
      const left = items.filter((item) => !chosen.has(item.value));
      return left.length || !values.isFree || !text.trim() ? left : [{ value: text.trim(), label: text.trim(), hint: "" }];
    };
    combobox(box, find, (item) => add([item.value]));
    box.addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text");
      if (!values.isFree || !/[,\r\n]/.test(text)) return;
      event.preventDefault();
      add(split(text));
    });
    box.addEventListener("keydown", (event) => {
      if ((event.key === "Enter" || event.key === ",") && values.isFree && !event.defaultPrevented && box.value.trim()) {
        event.preventDefault();
        add([box.value.trim()]);
      } else if (event.key === "Backspace" && !box.value && values.get().length) {
        drop(values.get().at(-1));
      }
    });
    box.addEventListener("blur", () => { if (values.isFree && box.value.trim()) add([box.value.trim()]); else box.value = ""; });
    wrapper.addEventListener("click", (event) => { if (event.target === wrapper) box.focus(); });
    draw();
  };

  const all = () => form.querySelectorAll("[data-tokens]").forEach((field) => { if (!field.hidden) enhance(field); });
  all();
  form.addEventListener("htmx:afterSwap", all);
})();
