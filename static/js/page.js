// Small manners of every page: menus close, toasts leave, a page prints itself, a button unfolds a folded table.
(() => {
  const menus = () => document.querySelectorAll("details[data-menu][open]");
  addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-print]")) window.print();
    const button = event.target.closest("[data-unfold]");
    const folded = button && document.getElementById(button.dataset.unfold);
    if (folded) folded.open = !folded.open;
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  // However it was opened (the button, its own summary, a search in the page), the button says so.
  for (const button of document.querySelectorAll("[data-unfold]")) {
    const folded = document.getElementById(button.dataset.unfold);
    const say = () => button.setAttribute("aria-expanded", String(folded.open));
    folded.addEventListener("toggle", say);
    say();
  }
  // A form that came back refused: to the first field that is wrong.
  const wrong = document.querySelector('main [aria-invalid="true"]');
  (wrong?.matches("fieldset") ? wrong.querySelector("input:enabled") : wrong)?.focus();
  // A formula wider than its column scrolls, with the keyboard too.
  const reach = () => {
    for (const formula of document.querySelectorAll(".equation"))
      if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
  };
  reach();
  addEventListener("resize", reach);
  document.addEventListener("htmx:afterSettle", reach);
  // The bar: links that have no room move into its menu, the last one first; where that is not enough, all of them stand in the person's menu, as on a phone.
  const row = document.querySelector(".bar .wrap");
  const nav = row?.querySelector("nav");
  if (nav) {
    const more = nav.querySelector(".more");
    const links = [...nav.children].filter((one) => one !== more);
    const fits = () => {
      const [all, last] = [row.getBoundingClientRect(), row.lastElementChild.getBoundingClientRect()];
      const free = parseFloat(getComputedStyle(row).paddingInlineEnd) - 1;
      return last.right <= all.right - free && last.left >= all.left + free;
    };
    const fit = () => {
      row.classList.remove("tight");
      if (more && links.some((one) => one.parentElement !== nav)) more.before(...links);
      for (let n = links.length - 1; more && n > 2 && !fits(); n -= 1) more.querySelector(".panel").prepend(links[n]);
      row.classList.toggle("tight", !fits());
    };
    new ResizeObserver(fit).observe(row);
    document.fonts.ready.then(fit);
  }
  // A toast stays while it is pointed at or holds the focus.
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, 6000);
  }
})();
