// Brings the parts of a report together, and its keys: + and - and 0 for the size, A for a note.
(() => {
  const kit = (window.reportKit ??= {});
  const begin = (root) => {
    if (root.reportBegun) return;
    root.reportBegun = true;
    const hidden = document.getElementById("report-hidden");
    const names = "hides" in root.dataset ? kit.names(JSON.parse(hidden.textContent)) : null;
    const pages = kit.pages(root, names), notes = kit.notes(root, pages, names);
    kit.write = "writes" in root.dataset ? kit.writing(root, pages, notes) : null;
    const keys = { "+": "in", "=": "in", "-": "out", 0: "fit" };
    root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-report-zoom]");
      if (button) pages.zoom(button.dataset.reportZoom);
    });
    addEventListener("keydown", (event) => {
      if (!root.isConnected || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest?.("input, select, textarea, dialog, [contenteditable]")) return;
      if (keys[event.key]) pages.zoom(keys[event.key]);
      else if (event.key.toLowerCase() === "a" && kit.write && !kit.isAfterG(event)) kit.write.start();
    });
  };
  // `g` and then `a` goes to the assignments (static/js/shortcuts.js), and means no note.
  let since = -Infinity;
  addEventListener("keydown", (event) => { if (event.key === "g") since = event.timeStamp; }, true);
  kit.isAfterG = (event) => event.timeStamp - since < 1500;
  const all = () => document.querySelectorAll("[data-report]").forEach(begin);
  all();
  document.addEventListener("htmx:afterSettle", all);
})();
