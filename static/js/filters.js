// Filters of a list: on a phone only the search stands open; the others follow on a press, or when one of them is set.
(() => {
  for (const button of document.querySelectorAll("[data-filters-toggle]")) {
    const form = button.closest("form");
    const others = [...form.querySelectorAll(".field:not(.field-wide)")];
    const isSet = (field) => [...field.querySelectorAll("select, input")].some((input) =>
      input.type === "checkbox" || input.type === "radio" ? input.checked && input.value : input.value);
    if (others.length < 2) continue;
    const fold = (folded) => {
      form.classList.toggle("is-folded", folded);
      button.setAttribute("aria-expanded", String(!folded));
    };
    button.hidden = false;
    fold(!others.some(isSet));
    button.addEventListener("click", () => fold(!form.classList.contains("is-folded")));
  }
})();
