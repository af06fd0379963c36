// The rule builder: hides what only plain forms need, and puts the focus on the condition that was just added.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-segment-builder]");
  if (!form || !window.htmx) return;
  form.classList.add("is-live");
  form.addEventListener("htmx:afterSettle", () => {
    const wanted = form.querySelector("[data-segment-focus]");
    if (!wanted) return;
    wanted.removeAttribute("data-segment-focus");
    wanted.focus();
  });
});
