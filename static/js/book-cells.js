// Arrow keys go from cell to cell of the gradebook, Enter opens why it is this (book-why.js), a digit begins to set it.
(() => {
  const page = document.querySelector("[data-book]"), table = page?.querySelector(".book");
  if (!table) return;
  const body = table.tBodies[0], heads = table.tHead.rows[1].cells, mayEdit = "mayEdit" in page.dataset;
  let cell = null; // the one that a keyboard reaches

  const go = (to, isFocused = true) => {
    if (!to) return;
    if (cell) cell.tabIndex = -1;
    cell = to;
    cell.tabIndex = 0;
    if (isFocused) cell.focus();
  };
  const open = (digit = "") => cell.dispatchEvent(new CustomEvent("book:open", { bubbles: true, detail: { digit } }));
  const near = (from, key) => {
    const rows = [...body.rows].filter((row) => !row.hidden), row = from.parentElement, n = from.cellIndex;
    const place = rows.indexOf(row), last = heads.length - 1, at = (to) => rows[Math.min(Math.max(to, 0), rows.length - 1)].cells[n];
    const moves = {
      ArrowLeft: () => row.cells[Math.max(n - 1, 1)], ArrowRight: () => row.cells[Math.min(n + 1, last)],
      ArrowUp: () => at(place - 1), ArrowDown: () => at(place + 1), PageUp: () => at(place - 15), PageDown: () => at(place + 15),
      Home: () => row.cells[1], End: () => row.cells[last],
    };
    return moves[key]?.();
  };

  body.addEventListener("click", (event) => {
    const to = event.target.closest("td");
    if (!to) return;
    go(to);
    if (heads[to.cellIndex].dataset.kind === "cell") open();
  });
  body.addEventListener("keydown", (event) => {
    const to = event.target.closest("td");
    if (!to || event.altKey || event.metaKey || event.ctrlKey) return;
    const next = near(to, event.key);
    if (next) {
      event.preventDefault();
      return go(next);
    }
    const { kind, work } = heads[to.cellIndex].dataset, isDigit = mayEdit && work !== undefined && /^[0-9]$/.test(event.key);
    if (kind !== "cell" || (event.key !== "Enter" && !isDigit)) return;
    event.preventDefault();
    go(to);
    open(isDigit ? event.key : "");
  });
  body.addEventListener("book:go", (event) => go(event.target)); // from the search field, and back from the window
  table.setAttribute("role", "grid");
  go(body.querySelector("tr:not([hidden]) td:nth-child(3)") ?? body.querySelector("td:nth-child(3)"), false);
})();
