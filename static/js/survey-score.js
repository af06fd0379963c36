// <form data-survey data-early="url">: tells the chosen score once a person has been looking at the page (3 s visible, or
// the first touch of pointer or keyboard), and asks the "why" that fits the score. The button works without it.
(() => {
  const form = document.querySelector("form[data-survey]");
  if (!form) return;
  const saved = form.querySelector("[data-survey-saved]");
  let isAwake = false;
  let timer = 0;

  const chosen = () => form.querySelector("input[name=score]:checked");
  const bandOf = (score) => (score <= 6 ? "detractor" : score <= 8 ? "passive" : "promoter");

  function showWhy() {
    const band = chosen() ? bandOf(Number(chosen().value)) : "";
    for (const part of form.querySelectorAll("[data-survey-band]")) {
      part.hidden = part.dataset.surveyBand !== band;
    }
  }

  async function tell() {
    if (!chosen()) return;
    const answer = await fetch(form.dataset.early, { method: "POST", body: new FormData(form), keepalive: true }).catch(() => null);
    if (answer?.ok && saved) saved.hidden = false;
  }

  function wake() {
    if (isAwake) return;
    isAwake = true;
    tell();
  }

  function touched(event) {
    if (!event.isTrusted) return;
    form.elements.human.value = "on";
    wake();
  }

  form.addEventListener("change", (event) => {
    if (event.target.name !== "score") return;
    showWhy();
    clearTimeout(timer);
    if (isAwake) timer = setTimeout(tell, 800);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
  addEventListener("pointerdown", touched, { capture: true });
  addEventListener("keydown", touched, { capture: true });

  let visibleSince = 0;
  setInterval(() => {
    if (document.visibilityState !== "visible") visibleSince = 0;
    else if (!visibleSince) visibleSince = Date.now();
    else if (Date.now() - visibleSince >= 3000) wake();
  }, 500);
  showWhy();
})();
