// Light, dark or as the system says: kept in a cookie, so that the server renders the choice and nothing flashes.
(() => {
  const root = document.documentElement;
  const read = () => root.dataset.theme || "system";
  const show = () => {
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === read()));
    }
  };
  const choose = (theme) => {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    if (theme === "system") {
      delete root.dataset.theme;
      document.cookie = `theme=; path=/; max-age=0; SameSite=Lax${secure}`;
    } else {
      root.dataset.theme = theme;
      document.cookie = `theme=${theme}; path=/; max-age=31536000; SameSite=Lax${secure}`;
    }
    try {
      localStorage.setItem("theme", theme === "system" ? "auto" : theme); // the administration reads it there
    } catch {}
    show();
    document.dispatchEvent(new CustomEvent("theme:change"));
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (button) choose(button.dataset.themeChoice);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new CustomEvent("theme:change")),
  );
  for (const picker of document.querySelectorAll("[data-theme-picker]")) picker.hidden = false;
  show();
})();
