// The gradebook: chips, the search field and the heads filter and sort the rows that are here already; the address keeps it. The server
// has done the same for who comes by that address, or has no script.
(() => {
  const page = document.querySelector("[data-book]"), table = page?.querySelector(".book");
  if (!table) return;
  const body = table.tBodies[0], heads = [...table.tHead.rows[1].cells], medians = [...table.tFoot.rows[0].cells];
  const chips = [...page.querySelectorAll("[data-show]")], find = page.querySelector("[type=search]"), pick = page.querySelector(".sorter select");
  const shown = page.querySelector("[data-shown]"), said = page.querySelector("[data-said]"), none = page.querySelector("[data-none]");
  const names = new Intl.Collator("en", { sensitivity: "base", numeric: true });
  const given = new URLSearchParams(location.search);
  let show = given.get("show") ?? "", sort = given.get("sort") ?? "", isFalling = given.get("dir") === "down";

  const text = (cell) => (cell.lastChild?.nodeType === Node.TEXT_NODE ? cell.lastChild.data.trim() : "");
  const number = (cell) => { const found = parseFloat(text(cell)); return Number.isNaN(found) || cell.matches(".w, .x") ? null : found; };
  const found = new WeakMap(); // row -> its name and team in small letters
  const words = (row) => found.get(row) ?? found.set(row, `${row.cells[0].textContent} ${row.cells[1].textContent}`.toLowerCase()).get(row);
  const at = (key) => Math.max(heads.findIndex((head) => head.dataset.c === key), 0);

  const median = (n, rows) => {
    const { kind } = heads[n].dataset;
    if (!["cell", "sum", "percent"].includes(kind)) return "";
    const values = rows.map((row) => row.cells[n]).filter((cell) => !cell.matches(".m, .g, .w, .x")).map(number).filter((one) => one !== null).sort((a, b) => a - b);
    if (!values.length) return "";
    const middle = values.length >> 1, value = values.length % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    if (kind === "percent") return value.toFixed(1);
    return kind === "sum" || "work" in heads[n].dataset ? value.toFixed(2) : String(Math.round(100 * value) / 100);
  };
  const address = () => {
    const pairs = Object.entries({ show, q: find.value.trim(), sort, dir: isFalling ? "down" : "" }).filter(([, value]) => value);
    const query = pairs.length ? `?${new URLSearchParams(pairs)}` : "";
    history.replaceState(null, "", location.pathname + query);
    for (const link of page.querySelectorAll("[data-follows]")) link.search = query;
  };
  const filter = () => {
    const wanted = find.value.toLowerCase().split(/\s+/).filter(Boolean), mark = chips.find((chip) => chip.dataset.show === show)?.dataset.mark ?? "";
    const rows = [...body.rows], marks = rows.map((row) => row.dataset.k).join(" ");
    for (const row of rows) row.hidden = !(row.dataset.k.includes(mark) && wanted.every((word) => words(row).includes(word)));
    const visible = rows.filter((row) => !row.hidden);
    for (const chip of chips) {
      chip.toggleAttribute("aria-current", chip.dataset.show === show);
      if (chip.dataset.show === show) chip.setAttribute("aria-current", "true");
      chip.querySelector("[data-count]").textContent = chip.dataset.mark ? marks.split(chip.dataset.mark).length - 1 : rows.length;
    }
    for (let n = 2; n < medians.length; n += 1) medians[n].textContent = median(n, visible);
    shown.textContent = visible.length === rows.length ? String(rows.length) : `${rows.length}, ${visible.length} shown`;
    none.hidden = visible.length > 0;
    address();
  };
  const order = () => {
    const n = at(heads[at(sort)].dataset.kind === "letter" ? "percent" : sort), up = isFalling ? -1 : 1;
    const rows = [...body.rows].map((row) => ({ row, value: n < 2 ? row.cells[n].textContent : row.querySelector(".k") === row.cells[n] ? row.cells[n].childElementCount : number(row.cells[n]), name: row.cells[0].textContent }));
    rows.sort((a, b) => {
      const empty = (a.value === null || a.value === "") - (b.value === null || b.value === "");
      const first = n < 2 ? names.compare(a.value, b.value) : a.value - b.value;
      return empty || up * first || names.compare(a.name, b.name);
    });
    body.append(...rows.map((one) => one.row));
    heads.forEach((head, place) => {
      if (place === at(sort)) head.setAttribute("aria-sort", isFalling ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    pick.value = sort;
  };
  const say = () => { said.textContent = `${[...body.rows].filter((row) => !row.hidden).length} students shown, sorted by ${pick.selectedOptions[0]?.textContent ?? "name"}`; };
  const sortBy = (key) => {
    isFalling = key === sort ? !isFalling : !["", "team"].includes(key);
    sort = key;
    order();
    address();
    say();
  };

  page.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const chip = event.target.closest("[data-show]"), head = event.target.closest("[data-c] > a"), all = event.target.closest("[data-all]");
    if (!chip && !head && !all) return;
    event.preventDefault();
    if (head) return sortBy(head.parentElement.dataset.c);
    if (all) find.value = "";
    show = chip?.dataset.show ?? "";
    filter();
    say();
  });
  let wait = 0;
  find.addEventListener("input", () => { filter(); clearTimeout(wait); wait = setTimeout(say, 600); });
  find.form.addEventListener("submit", (event) => {
    event.preventDefault();
    body.querySelector("tr:not([hidden]) td:nth-child(3)")?.dispatchEvent(new CustomEvent("book:go", { bubbles: true }));
  });
  pick.addEventListener("change", () => sortBy(pick.value));
  page.addEventListener("book:changed", filter);
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea, dialog")) return;
    event.preventDefault();
    find.focus();
    find.select();
  });
})();
