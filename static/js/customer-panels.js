// Panels of the customer page (<section data-panel>): a skeleton while one loads, a message and another try when it fails.
(() => {
  const part = (panel, name) => panel.querySelector(`[data-panel-${name}]`);
  const show = (panel, name) => {
    for (const each of ["loading", "error", "link"]) part(panel, each).hidden = each !== name;
  };
  const panelOf = (event) => event.target.closest?.("[data-panel]");
  document.addEventListener("htmx:beforeRequest", (event) => panelOf(event) && show(panelOf(event), "loading"));
  for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"])
    document.addEventListener(failure, (event) => panelOf(event) && show(panelOf(event), "error"));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-panel-retry]");
    if (button) window.htmx.trigger(button.closest("[data-panel]"), "retry");
  });
})();
