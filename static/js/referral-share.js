// [data-referral-share="url"] tells once per way of sharing that the link was passed on; [data-native] opens the phone's own
// share sheet where there is one. Links and copying work without it.
(() => {
  const box = document.querySelector("[data-referral-share]");
  if (!box) return;
  const told = new Set();

  function tell(medium) {
    if (told.has(medium)) return;
    told.add(medium);
    const body = new FormData();
    body.set("medium", medium);
    body.set("stamp", box.dataset.stamp);
    fetch(box.dataset.referralShare, { method: "POST", body, keepalive: true }).catch(() => {});
  }

  const native = box.querySelector("[data-native]");
  if (native && navigator.share) native.hidden = false;
  box.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-medium]");
    if (!button) return;
    if (button === native) {
      try {
        await navigator.share({ text: native.dataset.native });
      } catch {
        return; // the person closed the sheet
      }
    }
    tell(button.dataset.medium);
  });
})();
