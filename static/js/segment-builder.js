// The rule builder: hides what only plain forms need, keeps the focus over swaps, moves rules by keyboard, says what happened
// and what went wrong.
(() => {
  const form = document.querySelector("[data-segment-builder]");
  if (!form || !window.htmx) return;
  const status = form.querySelector("[data-segment-status]");
  const panel = form.querySelector("#segment-preview");
  let before = { id: "", verb: "" };

  form.classList.add("is-live");
  form.querySelector("[data-segment-keys]").hidden = false;
  const count = () => window.htmx.trigger(document.body, "segment-count");
  const isRules = (event) => event.detail.target?.id === "segment-rules";
  const isSeen = (field) => field.offsetParent !== null && !field.disabled;

  // Focus
  const firstIn = (place) => [...form.querySelectorAll(`[id^="i-${place}-"], [id^="i-${place}.s0-"]`)].find(isSeen);
  const wanted = (place) => {
    if (["up", "down"].includes(before.verb)) {
      const same = before.id.replace(/^(\w)-r[\d.]*(?=[-.])/, `$1-${place}`);
      return document.getElementById(same) || document.getElementById(`m-${place}`);
    }
    if (["wrap", "negate", "unwrap"].includes(before.verb)) return document.getElementById(`m-${place}`);
    return firstIn(place) || document.getElementById(`row-${place}`);
  };
  form.addEventListener("htmx:beforeRequest", (event) => {
    const [verb] = (event.detail.elt.value || "").split(":");
    before = { id: document.activeElement?.id || "", verb: event.detail.elt.name === "do" ? verb : "" };
  });
  form.addEventListener("htmx:afterSettle", (event) => {
    const rules = document.getElementById("segment-rules");
    if (!event.detail.target?.isConnected && event.detail.target?.id !== "segment-rules") return;
    if (isRules(event)) {
      const place = rules.querySelector("[data-segment-focus]")?.dataset.segmentFocus;
      (place ? wanted(place) : document.getElementById(before.id))?.focus();
      if (rules.dataset.said) status.textContent = rules.dataset.said;
      form.querySelector("[data-segment-trouble]")?.remove();
    } else if (event.detail.target === panel) {
      const said = panel.querySelector("[data-said]")?.dataset.said;
      if (said) status.textContent = said;
    }
  });
  form.querySelector("[data-segment-alert], .segment-conflict, #segment-question")?.focus();

  // Keys
  form.addEventListener("keydown", (event) => {
    const move = event.altKey && { ArrowUp: "up", ArrowDown: "down" }[event.key];
    if (move) {
      const row = event.target.closest("[data-row]");
      const button = row && form.querySelector(`button[value="${move}:${row.dataset.row}"]`);
      if (!button) return;
      event.preventDefault();
      button.click();
    } else if (event.key === "Enter" && (event.ctrlKey || (event.target.matches("input") && !event.defaultPrevented))) {
      event.preventDefault();
      count();
    }
  });
  form.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#row-"]');
    const row = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!row) return;
    event.preventDefault();
    row.scrollIntoView({ block: "center" });
    ([...row.querySelectorAll('[aria-invalid="true"]')].find(isSeen) || row).focus({ preventScroll: true });
  });

  // Counts of single conditions are those of the rules as they were.
  const stale = () => form.querySelectorAll("[data-alone]").forEach((place) => { place.textContent = ""; });
  form.addEventListener("input", stale);
  form.addEventListener("change", stale);
  ["input", "change"].forEach((name) => panel.addEventListener(name, (event) => event.stopPropagation()));

  // What may go wrong
  const trouble = (kind, isOfRules) => {
    const part = form.querySelector(`template[data-segment-error="${kind}"]`).content.cloneNode(true);
    status.textContent = part.querySelector(".alert-title").textContent;
    if (!isOfRules) return void panel.replaceChildren(part);
    form.querySelector("[data-segment-trouble]")?.remove();
    const holder = document.createElement("div");
    holder.dataset.segmentTrouble = "";
    holder.append(part);
    document.getElementById("segment-rules").before(holder);
  };
  // Signing in again elsewhere makes a new token; the one of a fresh page is taken over.
  const renew = async () => {
    const answer = await fetch(form.getAttribute("action")).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#segment-form [name=csrfmiddlewaretoken]");
    if (!fresh) return;
    form.elements.csrfmiddlewaretoken.value = fresh.value;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": fresh.value }));
  };
  form.addEventListener("click", async (event) => {
    if (!event.target.closest("[data-segment-again]")) return;
    form.querySelector("[data-segment-trouble]")?.remove();
    await renew();
    count();
  });
  form.addEventListener("htmx:sendError", (event) => trouble("gone", isRules(event)));
  form.addEventListener("htmx:timeout", (event) => trouble("gone", isRules(event)));
  form.addEventListener("htmx:responseError", (event) => trouble(event.detail.xhr.status < 500 ? "refused" : "gone", isRules(event)));
  form.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    const asked = new URL(pathInfo.finalRequestPath || pathInfo.requestPath, window.location.href).pathname;
    if (xhr.status === 200 && xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false;
      trouble("signed-out", isRules(event));
    }
  });
})();
