// The search field and the tabs of a roster: rows are hidden and shown where they stand, also without a network.
(() => {
  const page = document.querySelector("[data-participation]"), find = page?.querySelector("[data-find]");
  if (!find) return;
  const list = page.querySelector("[data-rows]"), none = page.querySelector("[data-none]"), rows = [...list.querySelectorAll("[data-person]")];
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean), mode = list.dataset.mode;
    let shown = 0;
    for (const row of rows) {
      row.hidden = !(words.length || !mode || row.dataset.mode === mode) || !words.every((word) => row.dataset.find.includes(word));
      shown += !row.hidden;
    }
    none.hidden = shown > 0;
  };
  find.addEventListener("input", filter);
  find.form.addEventListener("submit", (event) => event.preventDefault());
  const tabs = [...page.querySelectorAll("[data-tab]")];
  for (const tab of tabs) tab.addEventListener("click", (event) => {
    event.preventDefault();
    for (const other of tabs) other === tab ? other.setAttribute("aria-current", "true") : other.removeAttribute("aria-current");
    list.dataset.mode = tab.dataset.tab;
    filter();
  });
})();
