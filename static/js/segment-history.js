// Undo and redo in the rule builder, and a warning before unsaved rules are left. A step is the whole of the rules' inputs;
// going back posts them like any button does, so the page comes back as the server draws it.
(() => {
  const form = document.querySelector("[data-segment-builder]");
  if (!form || !window.htmx) return;
  const status = form.querySelector("[data-segment-status]");
  const bar = form.querySelector("[data-segment-history]");
  const undo = bar.querySelector("[data-undo]");
  const redo = bar.querySelector("[data-redo]");
  const MOST = 100;
  const steps = [];
  let at = -1;
  let isRestoring = false;
  let isSent = false;
  let atFocus = "";

  const inputs = (wanted) => JSON.stringify([...new FormData(form)].filter(([name]) => wanted(name)));
  const rules = () => inputs((name) => name.startsWith("r."));
  const all = () => inputs((name) => name.startsWith("r.") || name === "name" || name === "description");
  const opened = all();

  const show = () => {
    undo.disabled = at <= 0;
    redo.disabled = at >= steps.length - 1;
  };
  const record = () => {
    const now = rules();
    if (isRestoring) steps[at] = now;
    else if (now !== steps[at]) {
      steps.splice(at + 1, Infinity, now);
      if (steps.length > MOST) steps.shift();
      at = steps.length - 1;
    }
    show();
  };
  const go = (by) => {
    if (isRestoring) return;
    record();
    if (!(at + by in steps)) return;
    at += by;
    const values = { do: "refresh" };
    for (const [name, value] of JSON.parse(steps[at])) (values[name] ||= []).push(value);
    isRestoring = true;
    window.htmx.ajax("POST", form.getAttribute("action"), { source: bar, target: "#segment-rules", swap: "outerHTML", values });
    status.textContent = by < 0 ? status.dataset.undone : status.dataset.redone;
    show();
  };

  bar.hidden = false;
  record();
  form.addEventListener("change", (event) => { if (!event.target.hasAttribute("hx-post")) record(); });
  form.addEventListener("htmx:beforeRequest", () => { if (!isRestoring) record(); });
  form.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "segment-rules") return;
    record();
    isRestoring = false;
  });
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => form.addEventListener(name, () => { isRestoring = false; }));
  undo.addEventListener("click", () => go(-1));
  redo.addEventListener("click", () => go(1));

  const isText = (target) => target.matches("textarea, input:not([type=radio], [type=checkbox], [type=button])");
  document.addEventListener("focusin", (event) => { atFocus = event.target.value; });
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
    if (isText(event.target) && event.target.value !== atFocus) return; // the field's own undo
    event.preventDefault();
    go(key === "y" || event.shiftKey ? 1 : -1);
  });

  form.addEventListener("submit", () => { isSent = true; });
  window.addEventListener("beforeunload", (event) => {
    if (!isSent && ("unsaved" in form.dataset || all() !== opened)) event.preventDefault();
  });
  window.addEventListener("pageshow", () => { isSent = false; });
})();
