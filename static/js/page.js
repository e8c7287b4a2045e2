// Small manners of every page: menus close, toasts leave, a page prints itself, a link to a folded table unfolds it.
(() => {
  const menus = () => document.querySelectorAll("details[data-menu][open]");
  addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-print]")) window.print();
    const link = event.target.closest("[data-unfold]");
    const folded = link && document.getElementById(link.dataset.unfold);
    if (folded) {
      event.preventDefault();
      folded.open = !folded.open;
      link.setAttribute("aria-expanded", String(folded.open));
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  // A toast stays while it is pointed at or holds the focus.
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : toast.remove());
    setTimeout(leave, 6000);
  }
})();
