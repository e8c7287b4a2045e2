// The person's choice of theme, set before the first paint; without a choice the system's wish holds. The class `js` says that scripts
// run: css/base.css hides what needs them where they do not.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  // A browser keeps nothing for a page in another site's frame, and says so by throwing.
  const stored = (act) => { try { return act(localStorage); } catch { return null; } };
  const theme = stored((store) => store.getItem("theme"));
  if (theme) root.dataset.theme = theme;
  addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const dark = getComputedStyle(root).colorScheme.includes("dark");
    root.dataset.theme = dark ? "light" : "dark";
    stored((store) => store.setItem("theme", root.dataset.theme));
    dispatchEvent(new Event("themechange"));
  });
  // Paper is white, whatever was chosen for the screen.
  let chosen;
  addEventListener("beforeprint", () => {
    chosen = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => {
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
  });
})();
