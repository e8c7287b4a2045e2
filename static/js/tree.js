// A table whose rows are a tree: a module's button hides and shows what it holds. Without scripts everything is open. Arrow right opens
// and arrow left closes, as in other trees; "Open all" opens everything, and closes it again.
(() => {
  for (const table of document.querySelectorAll("[data-tree]")) {
    const rows = [...table.querySelectorAll("tbody tr")];
    const held = (row) => rows.filter((one) => one.dataset.parent === row.id);
    const button = (row) => row.querySelector("button.fold");
    const isOpen = (row) => button(row)?.getAttribute("aria-expanded") === "true";
    const show = (row, isSeen) => {
      for (const one of held(row)) {
        one.hidden = !isSeen;
        if (button(one)) show(one, isSeen && isOpen(one));
      }
    };
    const set = (row, open) => {
      button(row).setAttribute("aria-expanded", String(open));
      show(row, open && !row.hidden);
    };
    const modules = rows.filter(button);
    const all = document.querySelector(`[data-tree-all="${table.dataset.tree}"]`);
    const say = () => {
      if (!all) return;
      all.hidden = !modules.length;
      all.textContent = modules.every(isOpen) ? "Close all" : "Open all";
    };
    for (const row of modules.toReversed()) {
      set(row, "open" in button(row).dataset);
      button(row).addEventListener("click", () => { set(row, !isOpen(row)); say(); });
      button(row).addEventListener("keydown", (event) => {
        if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
        event.preventDefault();
        set(row, event.key === "ArrowRight");
        say();
      });
    }
    all?.addEventListener("click", () => {
      const open = !modules.every(isOpen);
      for (const row of modules) button(row).setAttribute("aria-expanded", String(open));
      for (const row of modules) if (!row.dataset.parent) show(row, open);
      say();
    });
    say();
  }
})();
