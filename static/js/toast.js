// Toasts can be dismissed; harmless ones leave by themselves after eight seconds without pointer or focus on them.
(() => {
  const leave = (toast) => {
    toast.classList.add("toast-leaving");
    setTimeout(() => toast.remove(), 250);
  };
  const start = (toast) => {
    const close = toast.querySelector("[data-toast-close]");
    if (close) {
      close.hidden = false;
      close.addEventListener("click", () => leave(toast));
    }
    if (toast.matches(".toast-error, .toast-warning")) return;
    let timer;
    const wait = () => (timer = setTimeout(() => leave(toast), 8000));
    for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
    for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, wait);
    wait();
  };
  for (const toast of document.querySelectorAll("[data-toast]")) start(toast);
})();
