// The message editor: variables go where the cursor stands, the frame switches width, unsaved text is not lost by mistake.
(() => {
  const editor = document.querySelector("[data-campaign-editor]");
  if (!editor) return;
  let last = editor.querySelector("input[name=subject]");
  editor.addEventListener("focusin", (event) => {
    if (event.target.matches("input[type=text], textarea")) last = event.target;
  });
  editor.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert]");
    if (!button || !last) return;
    const text = button.dataset.insert;
    last.focus();
    last.setRangeText(text, last.selectionStart, last.selectionEnd, "end");
    const fallback = last.value.lastIndexOf('""', last.selectionEnd);
    if (fallback >= 0) last.setSelectionRange(fallback + 1, fallback + 1);
    last.dispatchEvent(new Event("input", { bubbles: true }));
  });

  const kinds = editor.querySelectorAll("input[name=body_kind]");
  const show = () => {
    const chosen = editor.querySelector("input[name=body_kind]:checked");
    editor.querySelectorAll("[data-body]").forEach((part) => { part.hidden = chosen && part.dataset.body !== chosen.value; });
  };
  kinds.forEach((kind) => kind.addEventListener("change", show));
  show();

  const frame = document.querySelector("[data-preview-frame]");
  const widths = document.querySelector("[data-preview-widths]");
  if (frame && widths) {
    widths.hidden = false;
    widths.addEventListener("click", (event) => {
      const button = event.target.closest("[data-width]");
      if (!button) return;
      frame.classList.toggle("is-phone", button.dataset.width === "phone");
      widths.querySelectorAll("[data-width]").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    });
  }
  const form = document.querySelector("[data-preview-form]");
  if (form) form.querySelector("select").addEventListener("change", () => form.requestSubmit());

  let changed = false;
  editor.addEventListener("input", () => { changed = true; });
  editor.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
})();
