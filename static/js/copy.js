// <button data-copy="text"> or <button data-copy-from="#id"> copies, and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const source = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
  const text = source ? source.value ?? source.textContent.trim() : button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea"); // without https there is no clipboard object
    field.value = text;
    field.setAttribute("readonly", "");
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  const label = button.querySelector("[data-copy-label]") || button;
  const before = label.textContent;
  if (button.dataset.copied) {
    label.textContent = button.dataset.copied;
    setTimeout(() => (label.textContent = before), 1600);
  }
});
